#include "hub/fetch/indexes.h"

#include <algorithm>
#include <filesystem>
#include <thread>

#include "base/hash.h"
#include "base/log.h"
#include "platform/process/stoppable.h"

namespace cairn::fetch {
namespace {

namespace fs = std::filesystem;

constexpr Duration make_max = minutes(30);

/// "multi-pack-index" and what belongs to it.
bool is_index(const fs::path& file) {
  return file.filename().string().starts_with("multi-pack-index");
}

/// Links every index file of one folder into another. @return whether there was one.
bool link_all(const fs::path& from, const fs::path& to) {
  std::error_code failed;
  bool any = false;
  for (const auto& file : fs::directory_iterator(from, failed)) {
    if (!is_index(file.path())) continue;
    fs::create_hard_link(file.path(), to / file.path().filename(), failed);
    any = any || !failed;
  }
  return any;
}

/// git-pack(5): 8 bytes of header, 1024 of fan-out, 40 of trailer, 28 per object.
std::uint64_t objects_of(const std::string& pack_path) {
  std::error_code failed;
  auto size = fs::file_size(pack_path.substr(0, pack_path.size() - 5) + ".idx", failed);
  return failed || size < 1072 ? 0 : (size - 1072) / 28;
}

}  // namespace

Indexes::Indexes(std::string folder, std::uint64_t objects_min)
    : root_(std::move(folder)), objects_min_(objects_min) {
  std::error_code ignored;
  fs::remove_all(root_, ignored);
  fs::create_directories(root_, ignored);
}

Indexes::~Indexes() {
  stop_ = true;
  wait();
}

void Indexes::wait() {
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [this] { return !making_; });
}

void Indexes::attach(const std::string& folder, const std::vector<git::FolderPack>& packs,
                     std::shared_ptr<const void> held) {
  std::vector<std::string> names;
  std::uint64_t objects = 0;
  for (const auto& pack : packs)
    if (auto* file = std::get_if<git::PackFile>(&pack)) {
      names.push_back("pack-" + file->checksum.hex() + ".idx");
      objects += objects_of(file->pack_path);
    }
  if (objects < objects_min_) return;
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  std::string list;
  for (const auto& name : names) list += name + "\n";
  auto name = sha1(list).hex();

  std::lock_guard lock(mutex_);
  if (link_all(fs::path(root_) / name, fs::path(folder) / "objects/pack")) return;
  if (making_ || stop_ || failed_.contains(name)) return;
  making_ = true;
  // The destructor waits for it, so the thread needs no other owner.
  std::thread([this, name, folder, list, held = std::move(held)]() mutable {
    make(name, folder, list);
    held.reset();
    std::lock_guard done(mutex_);
    making_ = false;
    idle_.notify_all();
  }).detach();
}

void Indexes::make(const std::string& name, const std::string& folder,
                   const std::string& pack_names) {
  auto command = git::git_command(
      folder, {"multi-pack-index", "write", "--bitmap", "--stdin-packs", "--no-progress"});
  command.argv.insert(command.argv.begin(), {"nice", "-n", "10"});
  command.input = pack_names;
  command.deadline = make_max;
  auto output = process::run_unless_stopped(command, stop_);
  bool made = output && output->exit_code == 0;
  fs::path kept = fs::path(root_) / name;
  std::error_code failed;
  if (made) fs::create_directories(kept, failed);
  std::lock_guard lock(mutex_);
  if (made && link_all(fs::path(folder) / "objects/pack", kept)) {
    make_room();
    return;
  }
  // Packs on disk that lean on small ones have none: they are walked, as before.
  if (failed_.size() > 10'000) failed_.clear();
  failed_.insert(name);
  fs::remove_all(kept, failed);
  if (output && !made) log::debug("fetch.index.none", {{"stderr", output->err.substr(0, 300)}});
}

void Indexes::make_room() {
  std::error_code failed;
  std::vector<fs::directory_entry> all;
  for (const auto& entry : fs::directory_iterator(root_, failed)) all.push_back(entry);
  if (all.size() <= kept_max) return;
  std::ranges::sort(all, {}, [](const auto& entry) {
    std::error_code ignored;
    return entry.last_write_time(ignored);
  });
  for (std::size_t i = 0; i + kept_max < all.size(); ++i) fs::remove_all(all[i].path(), failed);
}

}  // namespace cairn::fetch
