#include "base/clock.h"

#include <chrono>
#include <cstdio>
#include <ctime>

namespace cairn {
namespace {

std::tm utc_parts(Time time, std::int64_t& micros) {
  std::int64_t whole = time.us / 1'000'000;
  micros = time.us % 1'000'000;
  if (micros < 0) {
    micros += 1'000'000;
    --whole;
  }
  std::time_t value = whole;
  std::tm parts{};
  gmtime_r(&value, &parts);
  return parts;
}

/// Reads exactly `count` digits; -1 for anything else.
int digits(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return -1;
  int out = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    out = out * 10 + (text[i] - '0');
  }
  return out;
}

}  // namespace

std::string to_rfc3339(Time time) {
  std::int64_t micros = 0;
  std::tm p = utc_parts(time, micros);
  char out[48];
  int n = std::snprintf(out, sizeof out, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", p.tm_year + 1900,
                        p.tm_mon + 1, p.tm_mday, p.tm_hour, p.tm_min, p.tm_sec,
                        static_cast<int>(micros / 1000));
  return {out, static_cast<std::size_t>(n)};
}

std::string to_http_date(Time time) {
  static constexpr const char* weekdays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::int64_t micros = 0;
  std::tm p = utc_parts(time, micros);
  char out[48];
  int n =
      std::snprintf(out, sizeof out, "%s, %02d %s %04d %02d:%02d:%02d GMT", weekdays[p.tm_wday],
                    p.tm_mday, months[p.tm_mon], p.tm_year + 1900, p.tm_hour, p.tm_min, p.tm_sec);
  return {out, static_cast<std::size_t>(n)};
}

Result<Time> parse_rfc3339(std::string_view text) {
  auto wrong = [] {
    return fail(ErrorCode::invalid_argument, "InvalidTime",
                "A time is written like 2026-01-31T08:00:00Z (RFC 3339).");
  };
  int year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
  int hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' ||
      (text[10] != 'T' && text[10] != 't') || text[13] != ':' || text[16] != ':' ||
      (year | month | day | hour | minute | second) < 0 || hour > 23 || minute > 59 || second > 60)
    return wrong();
  using namespace std::chrono;
  year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                      std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return wrong();
  std::size_t at = 19;
  std::int64_t micros = 0;
  if (text[at] == '.') {
    std::int64_t unit = 100'000;
    std::size_t start = ++at;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, unit /= 10)
      micros += (text[at] - '0') * unit;
    if (at == start) return wrong();
  }
  std::int64_t offset_s = 0;
  if (at >= text.size()) return wrong();
  if (text[at] == 'Z' || text[at] == 'z') {
    if (at + 1 != text.size()) return wrong();
  } else if (text[at] == '+' || text[at] == '-') {
    int oh = digits(text, at + 1, 2), om = digits(text, at + 4, 2);
    if (text.size() != at + 6 || text[at + 3] != ':' || oh < 0 || oh > 23 || om < 0 || om > 59)
      return wrong();
    offset_s = (oh * 3600 + om * 60) * (text[at] == '-' ? -1 : 1);
  } else {
    return wrong();
  }
  std::int64_t day_s = sys_days(date).time_since_epoch().count() * std::int64_t{86400};
  return Time{(day_s + hour * 3600 + minute * 60 + second - offset_s) * 1'000'000 + micros};
}

Time SystemClock::now() const {
  using namespace std::chrono;
  return {duration_cast<microseconds>(system_clock::now().time_since_epoch()).count()};
}

}  // namespace cairn
