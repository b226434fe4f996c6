#include "platform/db/sqlite/faulty_record.h"

#include <algorithm>
#include <random>
#include <utility>

namespace cairn::db::sqlite {
namespace {

constexpr std::size_t sector_bytes = 512;

}  // namespace

/// Files under a power that may go: what is safe, and the changes that are not yet.
class FaultyRecord::Disk {
 public:
  explicit Disk(std::uint64_t seed) : random_(seed) {}

  void apply(const Event& event) {
    File& file = files_[event.file];
    switch (event.kind) {
      case Kind::begin:
        file = File{event.bytes, {}, event.offset != 0};
        break;
      case Kind::write:
      case Kind::truncate:
        file.unsynced.push_back(&event);
        break;
      case Kind::sync:
        for (const Event* change : file.unsynced) settle(file, *change);
        file.unsynced.clear();
        // SQLite's unix VFS syncs the folder with the first sync of a file that it made.
        if (!std::exchange(file.named, true)) sync_folder();
        break;
      case Kind::failed_sync:
        gamble(file);
        break;
      case Kind::remove:
        file.removed = true;
        sync_folder();
        break;
      case Kind::unsynced_remove:
        file.removed = true;
        break;
    }
  }

  /// The power goes.
  std::map<std::string, std::string> end() {
    std::map<std::string, std::string> out;
    for (auto& [name, file] : files_) {
      gamble(file);
      bool is_sure = file.named && !file.removed;
      if (is_sure || coin()) out[name] = std::move(file.safe);
    }
    return out;
  }

 private:
  struct File {
    std::string safe;
    std::vector<const Event*> unsynced;
    bool named = false;    ///< Its entry in the folder is synced.
    bool removed = false;  ///< And the folder is not synced since.
  };

  void sync_folder() {
    std::erase_if(files_, [](const auto& entry) { return entry.second.removed; });
    for (auto& [name, file] : files_) file.named = true;
  }

  bool coin() { return random_() & 1; }

  static void settle(File& file, const Event& change) {
    auto at = static_cast<std::size_t>(change.offset);
    if (change.kind == Kind::truncate) {
      file.safe.resize(at);
      return;
    }
    put(file.safe, at, change.bytes);
  }

  static void put(std::string& content, std::size_t at, std::string_view bytes) {
    if (content.size() < at + bytes.size()) content.resize(at + bytes.size());
    std::ranges::copy(bytes, content.begin() + static_cast<std::ptrdiff_t>(at));
  }

  /// Each change is there, is not, or is torn.
  void gamble(File& file) {
    for (const Event* change : file.unsynced) {
      switch (random_() % 3) {
        case 0:
          break;
        case 1:
          settle(file, *change);
          break;
        default:
          if (change->kind == Kind::write) tear(file, *change);
      }
    }
    file.unsynced.clear();
  }

  void tear(File& file, const Event& change) {
    auto start = static_cast<std::size_t>(change.offset);
    auto end = start + change.bytes.size();
    for (auto at = start; at < end;) {
      auto next = std::min(end, (at / sector_bytes + 1) * sector_bytes);
      if (coin()) put(file.safe, at, std::string_view(change.bytes).substr(at - start, next - at));
      at = next;
    }
  }

  std::mt19937_64 random_;
  std::map<std::string, File> files_;
};

void FaultyRecord::add(Event event) {
  std::lock_guard lock(mutex_);
  events_.push_back(std::move(event));
}

void FaultyRecord::begin(const std::string& file, std::string content, bool existed) {
  std::lock_guard lock(mutex_);
  // Later opens of the same file find what this record already knows.
  if (std::exchange(known_[file], true)) return;
  events_.push_back({Kind::begin, file, existed ? 1 : 0, std::move(content)});
}

void FaultyRecord::wrote(const std::string& file, std::int64_t offset, std::string_view bytes) {
  add({Kind::write, file, offset, std::string(bytes)});
}

void FaultyRecord::truncated(const std::string& file, std::int64_t size) {
  add({Kind::truncate, file, size});
}

void FaultyRecord::synced(const std::string& file, bool succeeded) {
  add({succeeded ? Kind::sync : Kind::failed_sync, file});
}

void FaultyRecord::removed(const std::string& file, bool durable) {
  std::lock_guard lock(mutex_);
  if (!known_[file]) return;
  known_[file] = false;
  events_.push_back({durable ? Kind::remove : Kind::unsynced_remove, file});
}

std::size_t FaultyRecord::size() const {
  std::lock_guard lock(mutex_);
  return events_.size();
}

std::map<std::string, std::string> FaultyRecord::after_power_loss(std::size_t events,
                                                                  std::uint64_t seed) const {
  std::lock_guard lock(mutex_);
  Disk disk(seed);
  for (std::size_t i = 0; i < std::min(events, events_.size()); ++i) disk.apply(events_[i]);
  return disk.end();
}

}  // namespace cairn::db::sqlite
