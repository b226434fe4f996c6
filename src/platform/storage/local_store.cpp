#include "platform/storage/local_store.h"

#include <algorithm>
#include <cerrno>

#include "base/bytes.h"
#include "base/random.h"
#include "platform/storage/local_multipart.h"

namespace cairn::storage {

/// An object on its way: staged in `tmp/`, then renamed.
class LocalWriter final : public Writer {
 public:
  LocalWriter(LocalStore& store, ObjectPlace place, std::unique_ptr<StagedFile> file)
      : store_(store), place_(std::move(place)), file_(std::move(file)) {}

  Result<> write(std::string_view bytes) override { return file_->write(bytes); }
  Result<> commit() override {
    CAIRN_CHECK(file_->sync());
    return store_.publish(place_, [&](const std::string& path) { return file_->rename(path); });
  }
  [[nodiscard]] std::uint64_t size_bytes() const override { return file_->size_bytes(); }

 private:
  LocalStore& store_;
  ObjectPlace place_;
  std::unique_ptr<StagedFile> file_;
};

namespace {

class LocalReader final : public Reader {
 public:
  LocalReader(std::unique_ptr<File> file, std::uint64_t size_bytes, std::string key)
      : file_(std::move(file)), size_bytes_(size_bytes), key_(std::move(key)) {}

  [[nodiscard]] std::uint64_t size_bytes() const override { return size_bytes_; }
  [[nodiscard]] int descriptor() const override { return file_->descriptor(); }
  [[nodiscard]] Result<std::string> read(Range range) override {
    if (range.first > size_bytes_ || range.count > size_bytes_ - range.first)
      return corrupt("a range past the end was asked");
    std::string out;
    Io<std::size_t> got = 0;
    // Not zeroed first. The size is ours: the one that libstdc++ 12 passes may be larger than
    // asked.
    out.resize_and_overwrite(range.count, [&](char* to, std::size_t) {
      got = file_->read(range.first, to, range.count);
      return got.value_or(0);
    });
    if (!got) return corrupt(got.error().text());
    if (out.size() != range.count) return corrupt("the file ends early");
    return out;
  }

 private:
  Failure corrupt(std::string why) const {
    return fail(ErrorCode::corrupt, "ObjectCorrupt",
                "A stored object cannot be read as it was written. Ask an administrator to run "
                "cairn fsck.")
        .with("key", key_)
        .with("why", std::move(why));
  }
  std::unique_ptr<File> file_;
  std::uint64_t size_bytes_;
  std::string key_;
};

/// Names in a folder, sorted; none when it is not there (or no folder).
Io<std::vector<std::string>> sorted_names(Files& files, const std::string& path) {
  auto names = files.list(path);
  if (!names && (names.error().number == ENOENT || names.error().number == ENOTDIR))
    return std::vector<std::string>{};
  if (names) std::ranges::sort(*names);
  return names;
}

/// One list() call: a walk over the folders that leaves out those that cannot hold an answer. The
/// names' order is the keys' order, since '/' and '.' both sort before every hex digit.
class Walk {
 public:
  Walk(Files& files, const std::string& root, std::string_view prefix, std::optional<Key> after,
       std::size_t limit)
      : files_(files), root_(root), prefix_(prefix), after_(std::move(after)), limit_(limit) {}

  Io<std::vector<Listed>> run() {
    if (auto ok = kinds(); !ok) return std::unexpected(ok.error());
    return std::move(found_);
  }

 private:
  /// Whether a key that begins with `stem` can be an answer.
  [[nodiscard]] bool possible(std::string_view stem) const {
    if (found_.size() >= limit_) return false;
    if (!stem.starts_with(prefix_) && !prefix_.starts_with(stem)) return false;
    return !after_ || stem >= std::string_view(after_->text).substr(0, stem.size());
  }

  template <class Each>
  Io<> each(const std::string& folder, Each visit) {
    auto names = sorted_names(files_, folder);
    if (!names) return std::unexpected(names.error());
    for (const auto& name : *names)
      if (auto ok = visit(name); !ok) return ok;
    return {};
  }
  static bool is_level(const std::string& name) { return name.size() == 2 && is_lower_hex(name); }

  Io<> kinds() {
    return each(root_, [&](const std::string& kind) -> Io<> {
      // parse_key() knows what a kind is.
      if (!parse_key(kind + "/0000/0000000000000000") || !possible(kind + "/")) return {};
      return tops(root_ + "/" + kind, kind + "/");
    });
  }
  Io<> tops(const std::string& folder, const std::string& stem) {
    return each(folder, [&](const std::string& top) -> Io<> {
      if (!is_level(top) || !possible(stem + top)) return {};
      return each(folder + "/" + top, [&](const std::string& leaf) -> Io<> {
        if (!is_level(leaf) || !possible(stem + top + leaf)) return {};
        return objects(folder + "/" + top + "/" + leaf, stem, top + leaf);
      });
    });
  }
  Io<> objects(const std::string& folder, const std::string& stem, const std::string& head) {
    return each(folder, [&](const std::string& name) -> Io<> {
      auto dot = name.find('.');
      if (dot == name.npos || !name.starts_with(head)) return {};
      auto key = parse_key(stem + name.substr(0, dot) + "/" + name.substr(dot + 1));
      if (!key || !possible(key->text) || !key->text.starts_with(prefix_)) return {};
      if (after_ && key->text <= after_->text) return {};
      auto info = files_.info(folder + "/" + name);
      if (!info && info.error().number == ENOENT) return {};  // removed meanwhile
      if (!info) return std::unexpected(info.error());
      if (info->kind == FileInfo::Kind::file)
        found_.push_back({std::move(*key), info->size_bytes, info->modified});
      return {};
    });
  }

  Files& files_;
  const std::string& root_;
  std::string_view prefix_;
  std::optional<Key> after_;
  std::size_t limit_;
  std::vector<Listed> found_;
};

}  // namespace

Result<std::unique_ptr<ObjectStore>> open_local_store(std::string folder) {
  return open_local_store(std::move(folder), posix_files());
}

Result<std::unique_ptr<ObjectStore>> open_local_store(std::string folder,
                                                      std::shared_ptr<Files> files) {
  while (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
  auto store = std::make_unique<LocalStore>(std::move(folder), std::move(files));
  CAIRN_CHECK(store->prepare());
  return store;
}

Result<> LocalStore::prepare() {
  auto slash = root_.rfind('/');
  std::string parent = slash == root_.npos ? "." : root_.substr(0, std::max<std::size_t>(slash, 1));
  auto make = [&](const std::string& path) -> Io<> {
    auto made = files_->make_folder(path);
    if (made || made.error().number == EEXIST) return {};
    return made;
  };
  // The names of the store's own folders are made durable here, once, for all later commits.
  std::string probe = tmp_folder() + "/" + hex_encode(random_bytes(16));
  Io<> ok = make(root_);
  if (ok) ok = make(tmp_folder());
  if (ok) ok = make(uploads_folder());
  if (ok) ok = sync_.sync(root_);
  if (ok) ok = sync_.sync(parent);
  if (ok)
    if (auto file = files_->create(probe); !file) ok = std::unexpected(file.error());
  if (ok) ok = files_->unlink(probe);
  if (ok) return {};
  return fail(ErrorCode::unavailable, "StorageUnavailable",
              "The object folder " + root_ + " cannot be written: " + ok.error().text() +
                  ". Check that its parent exists and who owns it.");
}

Result<std::unique_ptr<Writer>> LocalStore::create(const Key& key) {
  CAIRN_TRY(place, place_of(key));
  CAIRN_TRY(file, StagedFile::create(*files_, in_use_,
                                     tmp_folder() + "/" + hex_encode(random_bytes(16))));
  return std::make_unique<LocalWriter>(*this, std::move(place), std::move(file));
}

Result<std::unique_ptr<Reader>> LocalStore::open(const Key& key) {
  CAIRN_TRY(place, place_of(key));
  const std::string path = place.path(root_);
  auto file = files_->open(path, Files::Access::read);
  if (!file && (file.error().number == ENOENT || file.error().number == ENOTDIR))
    return fail(ErrorCode::not_found, "ObjectNotFound",
                "The object is not in the store. Ask an administrator to run cairn fsck.")
        .with("key", key.text);
  if (!file) return io_failure(file.error(), "open", path);
  auto info = (*file)->info();
  if (!info) return io_failure(info.error(), "stat", path);
  return std::make_unique<LocalReader>(std::move(*file), info->size_bytes, key.text);
}

Result<> LocalStore::remove(const Key& key) {
  CAIRN_TRY(place, place_of(key));
  const std::string path = place.path(root_);
  if (auto gone = files_->unlink(path); !gone) {
    if (gone.error().number == ENOENT || gone.error().number == ENOTDIR) return {};
    return io_failure(gone.error(), "unlink", path);
  }
  // Purged bytes must not come back with the power.
  return sync_place(place);
}

Result<> LocalStore::publish(const ObjectPlace& place,
                             const std::function<Io<>(const std::string& path)>& name) {
  if (auto made = folders_.ensure(place); !made)
    return io_failure(made.error(), "make folder", place.folder(root_));
  const std::string path = place.path(root_);
  if (Io<> named = name(path); !named) {
    if (named.error().number == EEXIST)
      return fail(ErrorCode::conflict, "ObjectExists",
                  "An object of this key exists already; it was left as it is. Make a new key.")
          .with("path", path);
    return io_failure(named.error(), "rename", path);
  }
  if (auto synced = sync_.sync(place.folder(root_)); !synced) {
    // Visible but perhaps not durable is neither all nor nothing.
    (void)files_->unlink(path);
    return io_failure(synced.error(), "fsync folder", path);
  }
  return {};
}

Result<> LocalStore::sync_place(const ObjectPlace& place) {
  if (auto synced = sync_.sync(place.folder(root_)); !synced)
    return io_failure(synced.error(), "fsync folder", place.folder(root_));
  return {};
}

bool LocalStore::exists(const ObjectPlace& place) {
  return files_->info(place.path(root_)).has_value();
}

Result<std::vector<Listed>> LocalStore::list(std::string_view prefix, std::optional<Key> after,
                                             int limit) {
  constexpr int list_max = 10'000;
  auto walk = Walk(*files_, root_, prefix, std::move(after),
                   static_cast<std::size_t>(std::clamp(limit, 1, list_max)));
  auto found = walk.run();
  if (!found) return io_failure(found.error(), "list", root_);
  return std::move(*found);
}

Result<std::uint64_t> LocalStore::sweep_unfinished(Duration age) {
  const Time before = files_->now() - age;
  CAIRN_TRY(files, sweep_temporary(before));
  CAIRN_TRY(uploads, sweep_uploads(before));
  return files + uploads;
}

Result<std::uint64_t> LocalStore::sweep_temporary(Time before) {
  auto names = sorted_names(*files_, tmp_folder());
  if (!names) return io_failure(names.error(), "list", tmp_folder());
  std::uint64_t removed = 0;
  for (const auto& name : *names) {
    const std::string path = tmp_folder() + "/" + name;
    if (in_use_.any(path)) continue;
    auto info = files_->info(path);
    if (info && info->kind == FileInfo::Kind::file && info->modified <= before)
      removed += files_->unlink(path).has_value();
  }
  return removed;
}

}  // namespace cairn::storage
