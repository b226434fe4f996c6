#pragma once
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace cairn::db::sqlite {

/// What happened to the files, in order, and what of it survives a loss of power. Any thread.
class FaultyRecord {
 public:
  /// The file's content when it was first opened; counts as synced.
  void begin(const std::string& file, std::string content, bool existed);
  void wrote(const std::string& file, std::int64_t offset, std::string_view bytes);
  void truncated(const std::string& file, std::int64_t size);
  /// A failed sync leaves it to chance, once and for all, what of the writes before it is kept.
  void synced(const std::string& file, bool succeeded);
  /// @param durable  the folder was synced too.
  void removed(const std::string& file, bool durable);

  [[nodiscard]] std::size_t size() const;

  /// @return the files by name, as a disk may hold them after the first `events` events.
  [[nodiscard]] std::map<std::string, std::string> after_power_loss(std::size_t events,
                                                                    std::uint64_t seed) const;

 private:
  enum class Kind { begin, write, truncate, sync, failed_sync, remove, unsynced_remove };
  struct Event {
    Kind kind;
    std::string file;
    std::int64_t offset = 0;  ///< Of a write; the size of a truncation; whether a file existed.
    std::string bytes = {};
  };
  class Disk;

  void add(Event event);

  mutable std::mutex mutex_;
  std::vector<Event> events_;
  std::map<std::string, bool> known_;
};

}  // namespace cairn::db::sqlite
