#pragma once
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/result.h"

namespace cairn::people {

/// Counts attempts in fixed windows, in memory: an attacker cannot restart the hub, and what a row
/// per attempt would cost is a way to hurt it. On several nodes each counts its own. Any thread.
class Throttle {
 public:
  struct Limit {
    int attempts;
    Duration window;
  };
  explicit Throttle(const Clock& clock) : clock_(clock) {}

  /// Counts one. @return `rate_limited`, word "TooManyAttempts", beyond the limit, with the seconds
  ///         until the window ends.
  Result<> admit(const std::string& key, Limit limit);
  /// What was counted is forgiven: the right password came.
  void forget(const std::string& key);

 private:
  struct Count {
    int attempts = 0;
    Time ends;
  };
  void make_room(Time now);

  const Clock& clock_;
  std::mutex mutex_;
  std::unordered_map<std::string, Count> counts_;
};

/// Whom to count: an IPv4 address, or the /64 network that one customer of IPv6 has.
[[nodiscard]] std::string network_of(std::string_view address);

}  // namespace cairn::people
