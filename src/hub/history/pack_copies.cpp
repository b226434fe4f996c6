// Copies of packs on this node's disk: which are in use, and which go when there are too many.
#include <filesystem>
#include <tuple>

#include "hub/history/packs.h"

namespace cairn::history {

void Packs::note_use(const std::string& checksum) {
  std::lock_guard lock(files_mutex_);
  files_[checksum].used_at = std::chrono::steady_clock::now();
}

void Packs::note_open(const std::string& checksum, RepoId repo,
                      const std::shared_ptr<const git::DiskPack>& pack) {
  std::lock_guard lock(files_mutex_);
  auto& file = files_[checksum];
  file.open = pack;
  file.repos.insert(repo.value);
}

/// Whether nobody reads the copy: not for a while, and not through a source that is open. Sources
/// that are only kept for the next reader are closed; it opens its own.
bool Packs::let_go(const std::string& checksum, std::chrono::steady_clock::time_point now) {
  std::lock_guard lock(files_mutex_);
  auto known = files_.find(checksum);
  if (known == files_.end()) return true;
  if (now - known->second.used_at < std::chrono::microseconds(options_.pack_files_idle_min.us))
    return false;
  for (auto repo : known->second.repos) entries_.erase(repo);
  if (!known->second.open.expired()) return false;
  files_.erase(known);
  return true;
}

std::uint64_t Packs::trim_files() {
  namespace fs = std::filesystem;
  struct File {
    std::string checksum, path;
    std::uint64_t bytes = 0;
    std::chrono::steady_clock::time_point used_at;
    fs::file_time_type made_at;
  };
  std::vector<File> all;
  std::uint64_t sum = 0, freed = 0;
  std::error_code failed;
  for (const auto& entry :
       fs::recursive_directory_iterator(options_.cache_folder + "/packs", failed)) {
    auto name = entry.path().stem().string();  // "pack-<checksum>"
    if (entry.path().extension() != ".pack" || !name.starts_with("pack-")) continue;
    File file{name.substr(5),
              entry.path().string(),
              entry.file_size(failed),
              {},
              entry.last_write_time(failed)};
    if (failed) continue;
    sum += file.bytes;
    all.push_back(std::move(file));
  }
  if (sum <= options_.pack_files_bytes_max) return 0;
  {
    std::lock_guard lock(files_mutex_);
    for (auto& file : all)
      if (auto known = files_.find(file.checksum); known != files_.end())
        file.used_at = known->second.used_at;
  }
  // Those that this process never read come first, the oldest of them before the others.
  std::ranges::sort(all, [](const File& a, const File& b) {
    return std::tie(a.used_at, a.made_at) < std::tie(b.used_at, b.made_at);
  });
  auto now = std::chrono::steady_clock::now();
  for (const auto& file : all) {
    if (sum - freed <= options_.pack_files_bytes_max) break;
    if (!let_go(file.checksum, now)) continue;
    // The pack first: an index without one is not taken for whole.
    fs::remove(file.path, failed);
    fs::remove(file.path.substr(0, file.path.size() - 5) + ".idx", failed);
    freed += file.bytes;
  }
  return freed;
}

}  // namespace cairn::history
