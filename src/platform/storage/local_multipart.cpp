#include "platform/storage/local_multipart.h"

#include <cerrno>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/random.h"
#include "base/text.h"

namespace cairn::storage {
namespace {

constexpr std::size_t id_key_chars = 16;
constexpr std::size_t id_random_chars = 32;

/// An id begins with a hash of its key, so that it cannot be used with another one.
std::string id_head(const Key& key) {
  return sha256(key.text).hex().substr(0, id_key_chars);
}

Failure upload_not_found() {
  return fail(ErrorCode::not_found, "UploadNotFound",
              "The upload does not exist any more. Begin it again.");
}

Failure invalid_part() {
  return fail(ErrorCode::invalid_argument, "InvalidPart",
              "Parts are numbered from 1 to " + std::to_string(Multipart::parts_max) + ".");
}

}  // namespace

LocalStore::UploadTurn::UploadTurn(LocalStore& store, std::string id)
    : store_(store), id_(std::move(id)) {
  std::unique_lock lock(store_.turns_mutex_);
  store_.turn_ended_.wait(lock, [&] { return !store_.turns_.contains(id_); });
  store_.turns_.insert(id_);
}

LocalStore::UploadTurn::~UploadTurn() {
  std::lock_guard lock(store_.turns_mutex_);
  store_.turns_.erase(id_);
  store_.turn_ended_.notify_all();
}

std::string PartFile::name() const {
  return std::to_string(number) + "-" + std::to_string(sequence) + "-" + std::to_string(size_bytes);
}

std::optional<PartFile> PartFile::parse(std::string_view name) {
  auto fields = split(name, '-');
  if (fields.size() != 3) return std::nullopt;
  auto number = parse_int(fields[0]), sequence = parse_int(fields[1]), size = parse_int(fields[2]);
  if (!number || !sequence || !size || *number < 1 || *number > Multipart::parts_max ||
      *sequence < 0 || *size < 0)
    return std::nullopt;
  return PartFile{static_cast<int>(*number), *sequence, static_cast<std::uint64_t>(*size)};
}

/// A part on its way: staged in the upload's folder as `tmp.<random>`, so that it goes with it.
class PartWriter final : public Writer {
 public:
  PartWriter(LocalStore& store, std::string folder, int number, std::unique_ptr<StagedFile> file)
      : store_(store), folder_(std::move(folder)), number_(number), file_(std::move(file)) {}

  Result<> write(std::string_view bytes) override { return file_->write(bytes); }
  [[nodiscard]] std::uint64_t size_bytes() const override { return file_->size_bytes(); }

  Result<> commit() override {
    CAIRN_CHECK(file_->sync());
    PartFile part{number_, 0, file_->size_bytes()};
    std::vector<std::string> elders;
    CAIRN_CHECK(take_name(part, elders));
    if (auto synced = store_.sync_.sync(folder_); !synced) {
      (void)store_.files_->unlink(folder_ + "/" + part.name());
      return gone_or(synced.error(), "fsync folder");
    }
    // Only now: before the fsync, power loss could have taken the new name and the old one.
    for (const auto& elder : elders) (void)store_.files_->unlink(folder_ + "/" + elder);
    return {};
  }

 private:
  /// Two uploads of one part at once end up in an order: the later name wins.
  Result<> take_name(PartFile& part, std::vector<std::string>& elders) {
    std::lock_guard lock(store_.parts_mutex_);
    auto names = store_.files_->list(folder_);
    if (!names) return gone_or(names.error(), "list");
    for (auto& name : *names)
      if (auto other = PartFile::parse(name); other && other->number == number_) {
        part.sequence = std::max(part.sequence, other->sequence + 1);
        elders.push_back(std::move(name));
      }
    const std::string path = folder_ + "/" + part.name();
    if (auto renamed = file_->rename(path); !renamed) return gone_or(renamed.error(), "rename");
    return {};
  }

  Failure gone_or(IoError error, std::string_view doing) const {
    if (error.number == ENOENT) return upload_not_found();
    return io_failure(error, doing, folder_);
  }

  LocalStore& store_;
  std::string folder_;
  int number_;
  std::unique_ptr<StagedFile> file_;
};

Result<std::unique_ptr<Multipart>> LocalStore::multipart(const Key& key, std::string id) {
  CAIRN_TRY(place, place_of(key));
  if (id.empty()) {
    id = id_head(key) + hex_encode(random_bytes(id_random_chars / 2));
    if (auto made = files_->make_folder(upload_folder(id)); !made)
      return io_failure(made.error(), "make folder", upload_folder(id));
    if (auto synced = sync_.sync(uploads_folder()); !synced) {
      (void)files_->remove_folder(upload_folder(id));
      return io_failure(synced.error(), "fsync folder", uploads_folder());
    }
  } else {
    const bool well_formed = id.size() == id_key_chars + id_random_chars && is_lower_hex(id) &&
                             id.starts_with(id_head(key));
    // A completed upload can be completed once more: its caller may have died before it knew.
    if (!well_formed || (!files_->info(upload_folder(id)) && !exists(place)))
      return upload_not_found();
  }
  return std::make_unique<LocalMultipart>(*this, std::move(place), std::move(id));
}

Result<std::unique_ptr<Writer>> LocalMultipart::part(int number) {
  if (number < 1 || number > parts_max) return invalid_part();
  const std::string folder = store_.upload_folder(id_);
  CAIRN_TRY(file, StagedFile::create(*store_.files_, store_.in_use_,
                                     folder + "/tmp." + hex_encode(random_bytes(16))));
  return std::make_unique<PartWriter>(store_, folder, number, std::move(file));
}

Result<LocalMultipart::Parts> LocalMultipart::newest_parts() {
  const std::string folder = store_.upload_folder(id_);
  auto names = store_.files_->list(folder);
  if (!names && names.error().number == ENOENT) return upload_not_found();
  if (!names) return io_failure(names.error(), "list", folder);
  Parts newest;
  for (const auto& name : *names) {
    auto part = PartFile::parse(name);
    if (!part) continue;
    auto [at, added] = newest.try_emplace(part->number, *part);
    if (!added && at->second.sequence < part->sequence) at->second = *part;
  }
  return newest;
}

Result<std::vector<Multipart::Part>> LocalMultipart::parts() {
  CAIRN_TRY(newest, newest_parts());
  std::vector<Part> out;
  for (const auto& [number, part] : newest) out.push_back({number, part.size_bytes});
  return out;
}

Result<> LocalMultipart::read_part(int number, std::function<Result<>(std::string_view)> sink) {
  CAIRN_TRY(newest, newest_parts());
  auto at = newest.find(number);
  if (at == newest.end())
    return fail(ErrorCode::not_found, "PartNotFound",
                "Part " + std::to_string(number) + " was not uploaded. Send it first.");
  const std::string path = path_of(at->second);
  auto file = store_.files_->open(path, Files::Access::read);
  if (!file) return io_failure(file.error(), "open", path);
  std::string buffer(std::min<std::uint64_t>(1 << 20, at->second.size_bytes), '\0');
  for (std::uint64_t offset = 0; offset < at->second.size_bytes;) {
    auto count = std::min<std::uint64_t>(buffer.size(), at->second.size_bytes - offset);
    auto got = (*file)->read(offset, buffer.data(), count);
    if (!got || *got != count)
      return fail(ErrorCode::corrupt, "ObjectCorrupt",
                  "A stored part cannot be read as it was written. Send it again.")
          .with("path", path);
    CAIRN_CHECK(sink(std::string_view(buffer).substr(0, count)));
    offset += count;
  }
  return {};
}

Result<> LocalMultipart::complete(int count) {
  if (count < 1 || count > parts_max) return invalid_part();
  LocalStore::UploadTurn turn(store_, id_);
  if (store_.exists(place_)) {
    // Made by an earlier call, whose process may have died before the name was durable.
    if (auto made = store_.folders_.ensure(place_); !made)
      return io_failure(made.error(), "make folder", place_.folder(store_.root_));
    CAIRN_CHECK(store_.sync_place(place_));
  } else {
    CAIRN_TRY(parts, newest_parts());
    for (int number = 1; number <= count; ++number)
      if (!parts.contains(number))
        return fail(ErrorCode::conflict, "PartMissing",
                    "Part " + std::to_string(number) + " of " + std::to_string(count) +
                        " was not uploaded. Send it, then complete the upload again.");
    CAIRN_CHECK(join(parts, count));
  }
  // The object is there; what is left of the upload is swept later if this fails.
  (void)store_.remove_upload(id_);
  return {};
}

Result<> LocalMultipart::join(const Parts& parts, int count) {
  auto& files = *store_.files_;
  const PartFile& first = parts.at(1);
  const std::string path = path_of(first);
  auto file = files.open(path, Files::Access::read_write);
  if (!file) return io_failure(file.error(), "open", path);

  auto info = (*file)->info();
  if (!info) return io_failure(info.error(), "stat", path);
  if (info->size_bytes < first.size_bytes)
    return fail(ErrorCode::corrupt, "ObjectCorrupt",
                "A stored part cannot be read as it was written. Send it again.")
        .with("path", path);

  // The other parts are appended to the first one's file: it is the one copy that can be saved.
  auto append = [&]() -> Io<> {
    if (auto cut = (*file)->truncate(first.size_bytes); !cut) return cut;
    std::uint64_t offset = first.size_bytes;
    for (int number = 2; number <= count; ++number) {
      const PartFile& part = parts.at(number);
      auto source = files.open(path_of(part), Files::Access::read);
      if (!source) return std::unexpected(source.error());
      if (auto ok = (*file)->copy_from(**source, part.size_bytes, offset); !ok) return ok;
      offset += part.size_bytes;
    }
    return (*file)->sync();
  };
  if (auto appended = append(); !appended) {
    (void)(*file)->truncate(first.size_bytes);
    return io_failure(appended.error(), "join parts", path);
  }
  // A link and not a rename: should the folder's fsync fail, part 1 is still there.
  return store_.publish(place_, [&](const std::string& to) { return files.link(path, to); });
}

Result<> LocalMultipart::abort() {
  LocalStore::UploadTurn turn(store_, id_);
  if (auto removed = store_.remove_upload(id_); !removed)
    return io_failure(removed.error(), "remove upload", store_.upload_folder(id_));
  return {};
}

Io<> LocalStore::remove_upload(const std::string& id) {
  const std::string folder = upload_folder(id);
  auto names = files_->list(folder);
  if (!names && names.error().number == ENOENT) return {};
  if (!names) return std::unexpected(names.error());
  for (const auto& name : *names)
    if (auto gone = files_->unlink(folder + "/" + name); !gone && gone.error().number != ENOENT)
      return gone;
  auto removed = files_->remove_folder(folder);
  if (!removed && removed.error().number == ENOENT) return {};
  return removed;
}

Result<std::uint64_t> LocalStore::sweep_uploads(Time before) {
  auto ids = files_->list(uploads_folder());
  if (!ids) return io_failure(ids.error(), "list", uploads_folder());
  std::uint64_t removed = 0;
  for (const auto& id : *ids) {
    const std::string folder = upload_folder(id);
    UploadTurn turn(*this, id);
    if (in_use_.any(folder + "/")) continue;
    auto info = files_->info(folder);
    if (!info || info->kind != FileInfo::Kind::folder) continue;
    Time last = info->modified;
    auto names = files_->list(folder);
    if (!names) continue;
    for (const auto& name : *names)
      if (auto part = files_->info(folder + "/" + name)) last = std::max(last, part->modified);
    if (last <= before) removed += remove_upload(id).has_value();
  }
  return removed;
}

}  // namespace cairn::storage
