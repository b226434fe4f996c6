#pragma once
#include <chrono>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace cairn {

/// Values that took work to make: those used last, up to so many bytes and rows, in memory.
/// Thread-safe.
template <class Value>
class Kept {
 public:
  using Ref = std::shared_ptr<const Value>;
  using Monotonic = std::chrono::steady_clock;

  Kept(std::size_t bytes_max, std::size_t rows_max) : bytes_max_(bytes_max), rows_max_(rows_max) {}

  /// Null when it is not there any more.
  [[nodiscard]] Ref find(const std::string& key) {
    std::lock_guard lock(mutex_);
    auto found = rows_.find(key);
    if (found == rows_.end() || found->second->until < Monotonic::now()) return nullptr;
    order_.splice(order_.begin(), order_, found->second);
    return found->second->value;
  }

  /// Takes the place of an older one. What would fill a quarter of the room is not kept.
  /// @param bytes  of the value, about.
  void add(const std::string& key, Ref value, std::size_t bytes, Monotonic::time_point until) {
    bytes += key.size() + row_bytes;
    std::lock_guard lock(mutex_);
    if (bytes > bytes_max_ / 4) return;
    if (auto old = rows_.find(key); old != rows_.end()) {
      bytes_ -= old->second->bytes;
      order_.erase(old->second);
    }
    order_.push_front({key, std::move(value), bytes, until});
    rows_[key] = order_.begin();
    bytes_ += bytes;
    while (bytes_ > bytes_max_ || rows_.size() > rows_max_) {
      bytes_ -= order_.back().bytes;
      rows_.erase(order_.back().key);
      order_.pop_back();
    }
  }

 private:
  static constexpr std::size_t row_bytes = 200;  // What list and map take for one.
  struct Row {
    std::string key;
    Ref value;
    std::size_t bytes;
    Monotonic::time_point until;
  };
  std::size_t bytes_max_, rows_max_, bytes_ = 0;
  std::mutex mutex_;
  std::list<Row> order_;
  std::map<std::string, typename std::list<Row>::iterator> rows_;
};

}  // namespace cairn
