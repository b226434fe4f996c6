#include "hub/history/clone_index.h"

#include <filesystem>
#include <fstream>
#include <set>

#include "base/bytes.h"
#include "base/log.h"
#include "base/random.h"
#include "base/text.h"

namespace cairn::history {
namespace {

namespace fs = std::filesystem;

/// Made again when a quarter as many objects as it covers have come since: then half of a clone's
/// walk would be one without bitmaps.
constexpr std::int64_t outside_share = 4;
/// Names of the packs on disk that it covers, and of the pack of rows.
constexpr std::string_view list_name = "packs", small_name = "small";
constexpr std::size_t work_name_bytes = 24;  // More than any number has digits.
constexpr std::string_view pack_folder = "/objects/pack/";

std::string read_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Gone at the end, whatever happened.
struct Folder {
  std::string path;
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
};

}  // namespace

struct CloneIndexes::Kept {
  std::set<std::string> packs;  ///< Checksums.
  std::string small;            ///< Checksum of the pack of rows; empty when there was none.
  std::int64_t covered = 0;     ///< Objects of `packs`.
  std::int64_t outside = 0;     ///< Of the other packs on disk.
};

CloneIndexes::CloneIndexes(Packs& packs, const Options& options)
    : packs_(packs),
      root_(options.cache_folder + "/clones"),
      objects_min_(options.clone_index_objects_min) {
  // What a crash left half made; whole ones are called as their repository's number.
  std::error_code failed;
  std::vector<fs::path> gone;
  for (const auto& folder : fs::directory_iterator(root_, failed))
    if (folder.path().filename().string().size() == work_name_bytes) gone.push_back(folder.path());
  for (const auto& path : gone) fs::remove_all(path, failed);
}

std::string CloneIndexes::folder_of(RepoId repo) const {
  return root_ + "/" + std::to_string(repo.value);
}

void CloneIndexes::drop(RepoId repo) {
  {
    std::lock_guard lock(mutex_);
    stands_for_.erase(repo.value);
    ++drops_;
  }
  std::error_code ignored;
  fs::remove_all(folder_of(repo), ignored);
}

std::optional<CloneIndexes::Kept> CloneIndexes::read(RepoId repo,
                                                     const std::vector<store::PackRow>& rows) {
  std::error_code ignored;
  std::string folder = folder_of(repo);
  if (!fs::exists(folder + "/" + std::string(list_name), ignored)) return std::nullopt;
  Kept out;
  for (auto line : split(read_text(folder + "/" + std::string(list_name)), '\n'))
    if (!line.empty()) out.packs.emplace(line);
  out.small = read_text(folder + "/" + std::string(small_name));
  std::size_t found = 0;
  for (const auto& row : rows) {
    if (!row.object_key) continue;
    bool covered = out.packs.contains(row.checksum);
    found += covered ? 1 : 0;
    (covered ? out.covered : out.outside) += row.object_count;
  }
  // Merged away, or written anew without what was dropped.
  if (found != out.packs.size()) return std::nullopt;
  if (out.small.empty()) return out;
  // What was dropped from rows since must not come back by this door.
  auto index = git::parse_idx(read_text(folder + "/pack-" + out.small + ".idx"));
  auto source = packs_.source(repo, false);
  if (!index || !source) return std::nullopt;
  auto there = [&](const auto& entry) { return (*source)->contains(entry.oid); };
  if (!std::ranges::all_of(index->entries, there)) return std::nullopt;
  return out;
}

bool CloneIndexes::stands(RepoId repo, const std::vector<store::PackRow>& rows) {
  // Repositories remembered; then memory begins anew.
  constexpr std::size_t remembered_max = 10'000;
  std::error_code ignored;
  if (!fs::exists(folder_of(repo), ignored)) return false;
  auto packs = pack_set_of(rows);
  std::uint64_t drops = 0;
  {
    std::lock_guard lock(mutex_);
    drops = drops_;
    if (auto known = stands_for_.find(repo.value); known != stands_for_.end())
      if (known->second == packs) return true;
  }
  if (!read(repo, rows)) return false;
  std::lock_guard lock(mutex_);
  if (drops != drops_) return true;
  if (stands_for_.size() >= remembered_max) stands_for_.clear();
  stands_for_.insert_or_assign(repo.value, std::move(packs));
  return true;
}

std::vector<git::ExtraFile> CloneIndexes::files(RepoId repo,
                                                const std::vector<store::PackRow>& rows) {
  if (!stands(repo, rows)) return {};
  std::vector<git::ExtraFile> out;
  std::error_code failed;
  for (const auto& file : fs::directory_iterator(folder_of(repo), failed)) {
    auto name = file.path().filename().string();
    if (name == list_name || name == small_name) continue;
    std::string to = name == "commit-graph" ? "/objects/info/" : std::string(pack_folder);
    out.push_back({file.path().string(), to + name});
  }
  return out;
}

Result<> CloneIndexes::refresh(RepoId repo, const Snapshot& snapshot,
                               const std::vector<store::PackRow>& rows) {
  std::int64_t objects = 0;
  const store::PackRow* largest = nullptr;
  for (const auto& row : rows) {
    if (!row.object_key) continue;
    objects += row.object_count;
    if (!largest || row.object_count > largest->object_count) largest = &row;
  }
  if (objects < objects_min_ || snapshot.refs->refs.empty()) {
    drop(repo);
    return {};
  }
  if (auto kept = read(repo, rows); kept && kept->outside * outside_share <= kept->covered)
    return {};

  Folder work{root_ + "/" + hex_encode(random_bytes(work_name_bytes / 2))};
  std::error_code failed;
  fs::create_directories(work.path + "/kept", failed);
  git::BareFolder bare;
  bare.packs = snapshot.packs;
  for (const auto& ref : snapshot.refs->refs) bare.refs.push_back({ref.name, ref.oid});
  CAIRN_CHECK(git::make_bare_folder(work.path + "/bare", bare));
  CAIRN_TRY(made,
            git::write_clone_index(work.path + "/bare", *Sha1Digest::parse(largest->checksum)));

  std::string list;
  for (const auto& row : rows)
    if (row.object_key) list += row.checksum + "\n";
  std::string small;
  for (const auto& pack : snapshot.packs) {
    auto* memory = std::get_if<std::shared_ptr<const git::InlinePack>>(&pack);
    if (!memory) continue;
    small = (*memory)->checksum().hex();
    made.push_back(work.path + "/bare" + std::string(pack_folder) + "pack-" + small + ".pack");
    made.push_back(work.path + "/bare" + std::string(pack_folder) + "pack-" + small + ".idx");
  }
  std::ofstream(work.path + "/kept/" + std::string(list_name)) << list;
  std::ofstream(work.path + "/kept/" + std::string(small_name)) << small;
  for (const auto& path : made) {
    fs::rename(path, work.path + "/kept/" + fs::path(path).filename().string(), failed);
    if (failed) break;
  }
  drop(repo);
  if (!failed) fs::rename(work.path + "/kept", folder_of(repo), failed);
  if (failed)
    return fail(ErrorCode::unavailable, "DiskTrouble",
                "The hub could not keep an index of a repository's packs. Try again later.")
        .with("error", failed.message());
  log::info("history.clone_index", {{"repo", repo.value}, {"objects", objects}});
  return {};
}

}  // namespace cairn::history
