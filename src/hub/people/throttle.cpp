#include "hub/people/throttle.h"

#include <arpa/inet.h>

#include "base/bytes.h"

namespace cairn::people {
namespace {

// About 150 bytes each: 15 MB.
constexpr std::size_t counts_max = 100'000;

}  // namespace

Result<> Throttle::admit(const std::string& key, Limit limit) {
  Time now = clock_.now();
  std::lock_guard lock(mutex_);
  if (counts_.size() >= counts_max) make_room(now);
  Count& count = counts_[key];
  if (count.ends <= now) count = {0, now + limit.window};
  if (++count.attempts <= limit.attempts) return {};
  auto wait_s = static_cast<int>((count.ends - now).us / 1'000'000 + 1);
  Error error{
      ErrorCode::rate_limited, "TooManyAttempts",
      "Too many attempts. Try again in " + std::to_string((wait_s + 59) / 60) + " minutes."};
  error.retry_after_s = wait_s;
  return fail(std::move(error));
}

void Throttle::forget(const std::string& key) {
  std::lock_guard lock(mutex_);
  counts_.erase(key);
}

void Throttle::make_room(Time now) {
  std::erase_if(counts_, [now](const auto& entry) { return entry.second.ends <= now; });
  if (counts_.size() < counts_max) return;
  // Somebody fills the table on purpose, from many networks: those that count least go.
  std::erase_if(counts_, [](const auto& entry) { return entry.second.attempts <= 2; });
  if (counts_.size() >= counts_max) counts_.clear();
}

std::string network_of(std::string_view address) {
  in6_addr six{};
  if (::inet_pton(AF_INET6, std::string(address).c_str(), &six) != 1) return std::string(address);
  return hex_encode({reinterpret_cast<const char*>(&six), 8}) + "::/64";
}

}  // namespace cairn::people
