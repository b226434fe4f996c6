#pragma once
#include <cstddef>
#include <list>
#include <mutex>
#include <optional>
#include <unordered_map>

namespace cairn::history {

/// Least-recently-used map bounded in bytes. Thread-safe; values are copied out (shared_ptr).
template <class KeyT, class ValueT, class Hash = std::hash<KeyT>>
class Lru {
 public:
  explicit Lru(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  std::optional<ValueT> get(const KeyT& key) {
    std::lock_guard lock(mutex_);
    auto found = map_.find(key);
    if (found == map_.end()) return std::nullopt;
    order_.splice(order_.begin(), order_, found->second);
    return found->second->value;
  }
  void put(const KeyT& key, ValueT value, std::size_t bytes) {
    std::lock_guard lock(mutex_);
    erase_locked(key);
    if (bytes > bytes_max_ / 4) return;  // One giant must not push out everything else.
    order_.push_front({key, std::move(value), bytes});
    map_[key] = order_.begin();
    bytes_ += bytes;
    while (bytes_ > bytes_max_) {
      KeyT last = order_.back().key;
      erase_locked(last);
    }
  }
  void erase(const KeyT& key) {
    std::lock_guard lock(mutex_);
    erase_locked(key);
  }

 private:
  struct Node {
    KeyT key;
    ValueT value;
    std::size_t bytes;
  };
  void erase_locked(const KeyT& key) {
    auto found = map_.find(key);
    if (found == map_.end()) return;
    bytes_ -= found->second->bytes;
    order_.erase(found->second);
    map_.erase(found);
  }
  std::mutex mutex_;
  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::list<Node> order_;
  std::unordered_map<KeyT, typename std::list<Node>::iterator, Hash> map_;
};

}  // namespace cairn::history
