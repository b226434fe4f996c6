#pragma once
#include <atomic>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cairn {

/// A moment: microseconds since 1970-01-01T00:00:00Z, as stored in rows.
struct Time {
  std::int64_t us = 0;
  auto operator<=>(const Time&) const = default;
  [[nodiscard]] std::int64_t seconds() const { return us / 1'000'000; }
};

struct Duration {
  std::int64_t us = 0;
  auto operator<=>(const Duration&) const = default;
};
constexpr Duration seconds(std::int64_t n) {
  return {n * 1'000'000};
}
constexpr Duration minutes(std::int64_t n) {
  return seconds(n * 60);
}
constexpr Duration hours(std::int64_t n) {
  return minutes(n * 60);
}
constexpr Duration days(std::int64_t n) {
  return hours(n * 24);
}
constexpr Time operator+(Time t, Duration d) {
  return {t.us + d.us};
}
constexpr Time operator-(Time t, Duration d) {
  return {t.us - d.us};
}
constexpr Duration operator-(Time a, Time b) {
  return {a.us - b.us};
}

/// "2026-01-02T03:04:05.678Z": always milliseconds, always Z (clients refuse an offset).
[[nodiscard]] std::string to_rfc3339(Time time);
/// RFC 3339, section 5.6, with `Z` or an offset. @return `invalid_argument`.
[[nodiscard]] Result<Time> parse_rfc3339(std::string_view text);
/// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, section 5.6.7).
[[nodiscard]] std::string to_http_date(Time time);

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Time now() const = 0;
};

/// The system's wall clock.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] Time now() const override;
};

/// For tests: stands still until moved. May be moved from any thread.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Time start = Time{1'767'322'800'000'000}) : us_(start.us) {}
  [[nodiscard]] Time now() const override { return {us_.load()}; }
  void advance(Duration by) { us_ += by.us; }

 private:
  std::atomic<std::int64_t> us_;
};

}  // namespace cairn
