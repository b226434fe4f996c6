#include "hub/history/packs.h"

#include <filesystem>
#include <fstream>
#include <unordered_set>

#include <unistd.h>

#include "base/log.h"
#include "hub/history/disk.h"
#include "platform/git/git_program.h"

namespace cairn::history {
namespace {

// Level 0 packs are one batch of commits each; 20 of them become one of level 1; 8 of those become
// an object in the store (level 2); 12 of those become one again. At most 40 are seen by a read.
constexpr int level0_max = 20;
constexpr int level1_max = 8;
constexpr int level2_max = 12;
// Rows up to here cost less than an object of their own, with its two syncs and its place among the
// packs on disk.
constexpr std::size_t batch_inline_max = 512u << 10;
constexpr std::size_t merged_inline_max = 1u << 20;
constexpr std::size_t repos_cached_bytes = 32u << 20;

/// A folder of its own for the time of one merge.
struct Scratch {
  explicit Scratch(const std::string& parent) : folder(temporary_name(parent)) {
    std::filesystem::create_directories(folder);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  }
  std::string folder;
};

}  // namespace

// --- reading ------------------------------------------------------------------------------------

Packs::Packs(db::Database& database, storage::ObjectStore& objects, const Options& options)
    : database_(database),
      objects_(objects),
      options_(options),
      inline_cache_(options.pack_cache_bytes),
      entries_(repos_cached_bytes) {}

Result<std::shared_ptr<const git::InlinePack>> Packs::inline_pack(std::int64_t id) {
  if (auto known = inline_cache_.get(id)) return *known;
  auto find = [&](db::Tx& tx) -> Result<std::optional<store::PackRow>> {
    return store::find_pack(tx, id);
  };
  CAIRN_TRY(row, database_.read_now(find));
  if (!row || !row->body)
    return fail(ErrorCode::not_found, "PackGone", "The pack was merged meanwhile.");
  std::size_t bytes = row->body->size() + row->idx.size();
  CAIRN_TRY(pack, git::InlinePack::load(std::move(*row->body), row->idx));
  inline_cache_.put(id, pack, bytes + 128);
  return pack;
}

Packs::CachePaths Packs::cache_paths(const std::string& checksum) const {
  std::string folder = options_.cache_folder + "/packs/" + checksum.substr(0, 2);
  std::string name = folder + "/pack-" + checksum;
  return {folder, name + ".pack", name + ".idx"};
}

Result<std::string> Packs::disk_pack(std::int64_t id) {
  auto find = [&](db::Tx& tx) -> Result<std::optional<store::PackRow>> {
    return store::find_pack(tx, id);
  };
  CAIRN_TRY(row, database_.read_now(find));
  if (!row || !row->object_key)
    return fail(ErrorCode::not_found, "PackGone", "The pack was merged meanwhile.");
  auto [folder, path, idx_path] = cache_paths(row->checksum);
  note_use(row->checksum);
  if (std::filesystem::exists(path) && std::filesystem::exists(idx_path)) return path;

  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  CAIRN_TRY(key, storage::parse_key(*row->object_key));
  CAIRN_TRY(reader, objects_.open(key));
  std::string temporary = temporary_name(options_.cache_folder + "/tmp");
  {
    std::ofstream out(temporary, std::ios::binary);
    constexpr std::uint64_t step = 1u << 20;
    for (std::uint64_t at = 0; at < reader->size_bytes(); at += step) {
      CAIRN_TRY(bytes, reader->read({at, std::min(step, reader->size_bytes() - at)}));
      out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    }
    out.close();
    if (!out) return disk_trouble("copy a pack to its cache", temporary);
  }
  // The cache is no promise: nothing here is synced, and a torn file would fail its checks.
  CAIRN_CHECK(write_file(temporary + ".idx", row->idx));
  std::filesystem::rename(temporary + ".idx", idx_path, failed);
  std::filesystem::rename(temporary, path, failed);
  if (failed) return disk_trouble("place a pack in its cache", path);
  return path;
}

Result<std::shared_ptr<const Packs::Entry>> Packs::load(RepoId repo) {
  auto list = [&](db::Tx& tx) -> Result<std::vector<store::PackRow>> {
    return store::repo_packs(tx, repo);
  };
  // A pack can be merged away between the list and its reading; then the list is read again.
  for (int attempt = 0;; ++attempt) {
    CAIRN_TRY(rows, database_.read_now(list));
    std::vector<std::shared_ptr<const git::InlinePack>> small;
    std::vector<std::shared_ptr<const git::DiskPack>> large;
    std::optional<Error> failed;
    for (auto row = rows.rbegin(); row != rows.rend() && !failed; ++row) {
      if (row->object_key) {
        auto path = disk_pack(row->id);
        auto opened =
            path ? git::DiskPack::open(*path)
                 : Result<std::shared_ptr<const git::DiskPack>>(std::unexpected(path.error()));
        if (opened) {
          note_open(row->checksum, repo, *opened);
          large.push_back(*opened);
        } else
          failed = opened.error();
      } else {
        auto pack = inline_pack(row->id);
        if (pack)
          small.push_back(*pack);
        else
          failed = pack.error();
      }
    }
    if (failed && attempt < 5 && failed->code == ErrorCode::not_found) continue;
    if (failed) return fail(*failed);
    auto entry = std::make_shared<Entry>();
    entry->source = std::make_shared<const git::ObjectSource>(std::move(small), std::move(large));
    std::size_t bytes = 256 + rows.size() * 256;
    entry->rows = std::move(rows);
    std::shared_ptr<const Entry> shared = std::move(entry);
    entries_.put(repo.value, shared, bytes);
    return shared;
  }
}

Result<std::shared_ptr<const git::ObjectSource>> Packs::source(RepoId repo, bool fresh) {
  if (!fresh)
    if (auto known = entries_.get(repo.value)) return (*known)->source;
  CAIRN_TRY(entry, load(repo));
  return entry->source;
}

Result<git::Object> Packs::read(RepoId repo, const git::Oid& oid, std::size_t bytes_max) {
  for (bool fresh : {false, true}) {
    CAIRN_TRY(from, source(repo, fresh));
    auto object = from->read(oid, bytes_max);
    // Packs only ever gain objects, so a miss may mean that the list is old, never that it lies.
    if (object || object.error().code != ErrorCode::not_found || fresh) return object;
  }
  return fail(ErrorCode::not_found, "ObjectNotFound", "The object is not stored.");
}

// --- writing ------------------------------------------------------------------------------------

namespace {

/// How many deltas lean on each other within a pack. Reading the last applies all of them.
constexpr int delta_depth_max = 8;

git::PackBytes build_pack(const std::vector<NewObject>& objects, bool deltas) {
  git::PackBuilder builder;
  std::unordered_map<git::Oid, int> depth;
  std::unordered_set<git::Oid> bases;
  for (const auto& object : objects) {
    // What others lean on is whole, or they would lean on each other.
    int level = 1;
    if (object.delta)
      if (auto below = depth.find(object.delta->base); below != depth.end())
        level = below->second + 1;
    if (!deltas || !object.delta || level > delta_depth_max || bases.contains(object.oid)) {
      builder.add(object.type, object.content);
      continue;
    }
    builder.add_tree_delta(object.oid, object.delta->base, object.delta->instructions);
    depth.emplace(object.oid, level);
    bases.insert(object.delta->base);
  }
  return builder.finish();
}

}  // namespace

Result<store::PackRow> Packs::store_objects(const std::vector<NewObject>& objects,
                                            std::size_t commits) {
  std::size_t inline_max = std::min(
      options_.inline_pack_bytes_max * std::max<std::size_t>(commits, 1), batch_inline_max);
  auto pack = build_pack(objects, true);
  // Deltas lean on other packs, which only packs in rows may: git would not read them.
  if (pack.bytes.size() > inline_max) pack = build_pack(objects, false);
  store::PackRow row;
  row.checksum = pack.checksum.hex();
  row.idx = git::write_idx_v2(pack.index, pack.checksum);
  row.size_bytes = static_cast<std::int64_t>(pack.bytes.size());
  row.object_count = static_cast<std::int64_t>(pack.index.size());
  if (pack.bytes.size() <= inline_max) {
    row.body = std::move(pack.bytes);
    return row;
  }
  row.level = 2;
  auto key = storage::make_key("pack", row.checksum);
  CAIRN_CHECK(objects_.put(key, pack.bytes));
  row.object_key = key.text;
  return row;
}

Result<store::PackRow> Packs::store_file(const std::string& path, store::PackRow row) {
  auto key = storage::make_key("pack", row.checksum);
  CAIRN_TRY(writer, objects_.create(key));
  std::ifstream in(path, std::ios::binary);
  std::string buffer(1u << 20, '\0');
  while (in) {
    in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    CAIRN_CHECK(
        writer->write(std::string_view(buffer).substr(0, static_cast<std::size_t>(in.gcount()))));
  }
  if (!in.eof() || writer->size_bytes() != static_cast<std::uint64_t>(row.size_bytes))
    return disk_trouble("read a staged pack", path);
  CAIRN_CHECK(writer->commit());
  row.level = 2;
  row.object_key = key.text;
  return row;
}

Result<store::PackRow> Packs::select(RepoId repo, const std::vector<git::Oid>& objects) {
  Scratch scratch(options_.cache_folder + "/tmp");
  CAIRN_TRY(paths, files(repo, scratch.folder + "/packs"));
  git::BareFolder bare;
  for (const auto& path : paths) {
    auto name = std::filesystem::path(path).stem().string();  // "pack-<checksum>"
    CAIRN_TRY(checksum, Sha1Digest::parse(std::string_view(name).substr(5)));
    bare.packs.push_back(git::PackFile{path, checksum});
  }
  CAIRN_CHECK(git::make_bare_folder(scratch.folder + "/bare", bare));
  std::filesystem::create_directories(scratch.folder + "/out");
  CAIRN_TRY(packed, git::pack_selected(scratch.folder + "/bare", scratch.folder + "/out", objects));
  return adopt_packed(packed);
}

Result<std::vector<Packs::Contents>> Packs::contents(RepoId repo) {
  auto list = [&](db::Tx& tx) -> Result<std::vector<store::PackRow>> {
    return store::repo_packs(tx, repo);
  };
  // A pack can be merged away between the list and its reading; then the list is read again.
  for (int attempt = 0;; ++attempt) {
    CAIRN_TRY(rows, database_.read_now(list));
    std::vector<Contents> out;
    for (const auto& row : rows) {
      auto find = [&](db::Tx& tx) -> Result<std::optional<std::string>> {
        return store::find_pack_index(tx, row.id);
      };
      CAIRN_TRY(idx, database_.read_now(find));
      if (!idx) break;
      CAIRN_TRY(index, git::parse_idx(*idx, false));
      Contents contents{row, {}, {}};
      contents.objects.reserve(index.entries.size());
      for (const auto& entry : index.entries) contents.objects.push_back(entry.oid);
      contents.whole = contents.objects;
      if (!row.object_key) {
        auto pack = inline_pack(row.id);
        if (!pack) break;
        if ((*pack)->has_deltas())
          std::erase_if(contents.whole,
                        [&](const git::Oid& oid) { return (*pack)->delta(oid).has_value(); });
      }
      out.push_back(std::move(contents));
    }
    if (out.size() == rows.size()) return out;
    if (attempt == 5)
      return fail(ErrorCode::unavailable, "PackGone", "The packs are being merged. Try again.");
  }
}

Result<store::PackRow> Packs::store_staged(StagedBlobs& staged) {
  if (!staged.stored) {
    store::PackRow row;
    row.checksum = staged.file().checksum;
    row.idx = staged.file().idx;
    row.size_bytes = staged.file().size_bytes;
    row.object_count = staged.file().object_count;
    CAIRN_TRY(stored, store_file(staged.file().path, std::move(row)));
    staged.stored = std::move(stored);
  }
  return *staged.stored;
}

Result<store::PackRow> Packs::adopt_file(const std::string& path, store::PackRow row) {
  CAIRN_TRY(stored, store_file(path, std::move(row)));
  auto cached = cache_paths(stored.checksum);
  std::error_code failed;
  std::filesystem::create_directories(cached.folder, failed);
  // The index first: a pack without one is not taken for whole. Failing here costs a copy later.
  std::filesystem::create_hard_link(path.substr(0, path.size() - 5) + ".idx", cached.idx, failed);
  if (!failed) std::filesystem::create_hard_link(path, cached.pack, failed);
  note_use(stored.checksum);
  return std::move(stored);
}

Result<store::PackRow> Packs::adopt_packed(const git::PackFile& file) {
  CAIRN_TRY(idx, read_file(file.pack_path.substr(0, file.pack_path.size() - 5) + ".idx"));
  CAIRN_TRY(index, git::parse_idx(idx));
  store::PackRow row;
  row.checksum = file.checksum.hex();
  row.object_count = static_cast<std::int64_t>(index.entries.size());
  row.idx = std::move(idx);
  row.size_bytes = static_cast<std::int64_t>(std::filesystem::file_size(file.pack_path));
  return adopt_file(file.pack_path, std::move(row));
}

// --- merging ------------------------------------------------------------------------------------

void Packs::added(RepoId repo, int level) {
  std::lock_guard lock(merging_mutex_);
  // A repository not seen since the start may hold any number, so it is looked at soon.
  auto [at, first] = fresh_packs_.try_emplace(repo.value, level0_max / 2);
  at->second += level >= 2 ? 2 : 1;  // Of those on disk fewer may be seen by a read.
  if (fresh_packs_.size() > 100'000) fresh_packs_.clear();
}

bool Packs::merge_due(RepoId repo) {
  std::lock_guard lock(merging_mutex_);
  auto at = fresh_packs_.find(repo.value);
  return at != fresh_packs_.end() && at->second >= level0_max;
}

void Packs::forget(RepoId repo) {
  entries_.erase(repo.value);
}

Result<int> Packs::merge(RepoId repo) {
  int replaced = 0;
  for (;;) {
    auto list = [&](db::Tx& tx) -> Result<std::vector<store::PackRow>> {
      return store::repo_packs(tx, repo);
    };
    CAIRN_TRY(rows, database_.read_now(list));
    std::vector<store::PackRow> by_level[3];
    for (auto& row : rows) by_level[std::min(row.level, 2)].push_back(row);
    {
      std::lock_guard lock(merging_mutex_);
      fresh_packs_[repo.value] = static_cast<int>(by_level[0].size());
    }
    std::vector<store::PackRow>* group = nullptr;
    int level = 0;
    if (by_level[0].size() >= level0_max)
      group = &by_level[0], level = 1;
    else if (by_level[1].size() >= level1_max)
      group = &by_level[1], level = 2;
    else if (by_level[2].size() >= level2_max) {
      // Small ones only, each at most twice the sum of those before it: every byte is rewritten a
      // logarithmic number of times, however long the history grows.
      auto& large = by_level[2];
      std::sort(large.begin(), large.end(),
                [](const auto& a, const auto& b) { return a.size_bytes < b.size_bytes; });
      std::size_t take = 2;
      std::int64_t sum = large[0].size_bytes + large[1].size_bytes;
      while (take < large.size() && large[take].size_bytes <= 2 * sum)
        sum += large[take++].size_bytes;
      take = std::max(take, large.size() - level2_max + 2);
      large.resize(take);
      group = &large, level = 2;
    }
    if (!group) return replaced;
    CAIRN_TRY(count, merge_group(repo, *group, level));
    if (count == 0) return replaced;
    replaced += count;
  }
}

Result<int> Packs::merge_group(RepoId repo, const std::vector<store::PackRow>& group, int level) {
  store::PackRow row;
  bool all_inline = true;
  for (const auto& pack : group) all_inline = all_inline && !pack.object_key;
  if (all_inline) {
    std::vector<std::shared_ptr<const git::InlinePack>> packs;
    for (const auto& pack : group) {
      CAIRN_TRY(loaded, inline_pack(pack.id));
      packs.push_back(loaded);
    }
    CAIRN_TRY(whole, source(repo, true));
    CAIRN_TRY(merged, git::merge_packs(packs, *whole));
    row.level = level;
    row.checksum = merged.checksum.hex();
    row.idx = git::write_idx_v2(merged.index, merged.checksum);
    row.size_bytes = static_cast<std::int64_t>(merged.bytes.size());
    row.object_count = static_cast<std::int64_t>(merged.index.size());
    if (level == 1 && merged.bytes.size() <= merged_inline_max) {
      row.body = std::move(merged.bytes);
    } else {
      auto key = storage::make_key("pack", row.checksum);
      CAIRN_CHECK(objects_.put(key, merged.bytes));
      row.object_key = key.text;
      row.level = 2;
    }
  } else {
    Scratch scratch(options_.cache_folder + "/tmp");
    git::BareFolder bare;
    for (const auto& pack : group) {
      CAIRN_TRY(path, disk_pack(pack.id));
      bare.packs.push_back(git::PackFile{path, *Sha1Digest::parse(pack.checksum)});
    }
    CAIRN_CHECK(git::make_bare_folder(scratch.folder + "/bare", bare));
    std::filesystem::create_directories(scratch.folder + "/out");
    CAIRN_TRY(packed, git::pack_objects(scratch.folder + "/bare", scratch.folder + "/out"));
    CAIRN_TRY(stored, adopt_packed(packed));
    row = std::move(stored);
  }

  auto replace = [&](db::Tx& tx) -> Result<bool> {
    tx.lock_row(db::Lockable::repo, repo.value);
    for (const auto& pack : group)
      if (!store::has_pack_link(tx, repo, pack.id)) return false;  // Another merge was faster.
    store::insert_pack(tx, repo, row);
    for (const auto& pack : group) store::unlink_pack(tx, repo, pack.id);
    return true;
  };
  CAIRN_TRY(done, database_.write_now(replace));
  if (!done) return 0;
  forget(repo);
  merged_ += group.size();
  log::debug("history.merged", {{"repo", repo.value},
                                {"packs", group.size()},
                                {"level", level},
                                {"size_bytes", row.size_bytes}});
  return static_cast<int>(group.size());
}

std::string pack_set_of(const std::vector<store::PackRow>& rows) {
  Sha1 name;
  for (const auto& row : rows) name.update(std::to_string(row.id) + ' ' + row.checksum + '\n');
  return name.finish().hex();
}

Result<std::vector<git::FolderPack>> Packs::folder_packs(const std::vector<store::PackRow>& rows) {
  std::vector<git::FolderPack> out;
  std::vector<std::shared_ptr<const git::InlinePack>> small;
  std::vector<std::string> large;
  for (const auto& row : rows) {
    if (row.object_key) {
      CAIRN_TRY(path, disk_pack(row.id));
      CAIRN_TRY(checksum, Sha1Digest::parse(row.checksum));
      large.push_back(path);
      out.push_back(git::PackFile{path, checksum});
    } else {
      CAIRN_TRY(pack, inline_pack(row.id));
      small.push_back(std::move(pack));
    }
  }
  // One file instead of dozens; and git tries no deltas between objects that one pack holds whole.
  bool lean = std::ranges::any_of(small, [](const auto& pack) { return !pack->stands_alone(); });
  if (small.size() == 1 && !lean) out.push_back(small.front());
  if (small.size() < 2 && !lean) return out;
  // What small packs lean on may lie in a large one.
  std::vector<std::shared_ptr<const git::DiskPack>> disk;
  for (const auto& path : lean ? large : std::vector<std::string>{}) {
    CAIRN_TRY(opened, git::DiskPack::open(path));
    disk.push_back(std::move(opened));
  }
  git::ObjectSource source({small.rbegin(), small.rend()}, std::move(disk));
  CAIRN_TRY(merged, git::merge_packs(small, source));
  out.push_back(git::InlinePack::from(std::move(merged)));
  return out;
}

Result<std::vector<std::string>> Packs::files(RepoId repo, const std::string& into_folder) {
  std::vector<std::string> out;
  CAIRN_TRY(entry, load(repo));
  std::filesystem::create_directories(into_folder);
  for (const auto& row : entry->rows) {
    if (row.object_key) {
      CAIRN_TRY(path, disk_pack(row.id));
      out.push_back(path);
      continue;
    }
    CAIRN_TRY(pack, inline_pack(row.id));
    if (!pack->stands_alone()) {
      CAIRN_TRY(alone, git::merge_packs({pack}, *entry->source));
      pack = git::InlinePack::from(std::move(alone));
    }
    std::string path = into_folder + "/pack-" + pack->checksum().hex();
    CAIRN_CHECK(write_file(path + ".pack", pack->bytes()));
    CAIRN_CHECK(write_file(path + ".idx", git::write_idx_v2(pack->index(), pack->checksum())));
    out.push_back(path + ".pack");
  }
  return out;
}

}  // namespace cairn::history
