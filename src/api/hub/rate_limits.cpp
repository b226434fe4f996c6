#include <algorithm>
#include <array>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "api/hub/gate.h"

namespace cairn::api::hub {
namespace {

enum class Bucket { api, resolvers, pages, failures };
constexpr std::size_t bucket_count = 4;
constexpr std::string_view names[] = {"api", "resolvers", "pages", "failures"};
constexpr int anonymous_share = 3;
// Wrong tokens of one address: a fleet of machines with an old one is slowed down, not stopped.
constexpr int failures_max = 1000;

/// Fixed windows that begin together, so that an old one is forgotten whole. In memory: each node
/// counts its own. Any thread.
class Counter {
 public:
  /// Counts one. @return how many there were in this window, this one included.
  int add(const std::string& who, Bucket bucket, std::int64_t window, int by = 1) {
    auto& shard = shards_[std::hash<std::string>{}(who) % shards_.size()];
    std::lock_guard lock(shard.mutex);
    if (shard.window != window) {
      shard.window = window;
      shard.counts.clear();
    }
    // 16 × 50 000 actors in five minutes, about 100 bytes each: beyond, nobody new is counted.
    constexpr std::size_t actors_max = 50'000;
    auto found = shard.counts.find(who);
    if (found == shard.counts.end()) {
      if (shard.counts.size() >= actors_max) return by;
      found = shard.counts.emplace(who, Counts{}).first;
    }
    return found->second[static_cast<std::size_t>(bucket)] += by;
  }

 private:
  using Counts = std::array<int, bucket_count>;
  struct Shard {
    std::mutex mutex;
    std::int64_t window = 0;
    std::unordered_map<std::string, Counts> counts;
  };
  std::array<Shard, 16> shards_;
};

struct Standing {
  Bucket bucket = Bucket::api;
  int quota = 0, used = 0, resets_in_s = 0;
};

Bucket bucket_of(const http::Request& request) {
  const auto& route = *request.route();
  for (std::string_view front : {"lfs.", "git.", "xet."})
    if (route.operation.starts_with(front)) return Bucket::resolvers;
  for (std::string_view part : {"/resolve/", "/raw/", "/api/resolve-cache/"})
    if (route.pattern.find(part) != route.pattern.npos) return Bucket::resolvers;
  return route.pattern.starts_with("/api/") ? Bucket::api : Bucket::pages;
}

/// The /64 network that one customer of IPv6 has, or the whole IPv4 address.
std::string address_key(const std::string& address) {
  if (address.find(':') == address.npos) return "a" + address;
  std::string out = "a";
  int groups = 0;
  for (char c : address) {
    if (c == ':' && ++groups == 4) break;
    out += c;
  }
  return out;
}

Error limited(Bucket bucket, int wait_s) {
  Error error{ErrorCode::rate_limited, "RateLimited",
              "Too many requests of the kind \"" + std::string(names[static_cast<int>(bucket)]) +
                  "\". Try again in " + std::to_string(wait_s) +
                  " seconds; whoami can be asked once and kept."};
  error.retry_after_s = wait_s;
  return error;
}

int quota_of(const RateLimits& limits, Bucket bucket) {
  switch (bucket) {
    case Bucket::api:
      return limits.api;
    case Bucket::resolvers:
      return limits.resolvers;
    case Bucket::pages:
      return limits.pages;
    case Bucket::failures:
      return failures_max;
  }
  return limits.api;
}

struct Moment {
  std::int64_t window;
  int resets_in_s;
};
Moment moment(const Services& services) {
  auto now = services.clock.now().seconds();
  return {now / RateLimits::window_s,
          static_cast<int>(RateLimits::window_s - now % RateLimits::window_s)};
}

/// Not counted: the files that pages are drawn with, calls within the program, health, the operator
/// at the machine itself, and the store of chunks, whose tokens were counted when they were given.
bool exempt(const http::Request& request, const account::Actor* actor) {
  // What a page asks has been counted with the page.
  return request.is_inner() || request.route()->operation == "page.asset" ||
         request.route()->operation.starts_with("health.") || request.route()->scope == "cas" ||
         (actor && actor->is_system());
}

void add_headers(const http::Request& request, http::Response& response) {
  auto* standing = request.context<Standing>();
  if (!standing) return;
  std::string name = "\"" + std::string(names[static_cast<int>(standing->bucket)]) + "\"";
  response.headers.set(
      "RateLimit", name + ";r=" + std::to_string(std::max(0, standing->quota - standing->used)) +
                       ";t=" + std::to_string(standing->resets_in_s));
  response.headers.set("RateLimit-Policy", "\"fixed window\";" + name +
                                               ";q=" + std::to_string(standing->quota) +
                                               ";w=" + std::to_string(RateLimits::window_s));
}

}  // namespace

void add_rate_limits(http::Router& router, const Services& services) {
  if (!services.rate_limits.on) return;
  auto counter = std::make_shared<Counter>();
  auto count = [&services,
                counter](http::Request& request) -> Task<Result<std::optional<http::Response>>> {
    auto* actor = request.context<account::Actor>();
    if (exempt(request, actor)) co_return std::optional<http::Response>{};
    bool known = actor && actor->has_user();
    Standing standing;
    standing.bucket = bucket_of(request);
    standing.quota = std::max(
        1, quota_of(services.rate_limits, standing.bucket) / (known ? 1 : anonymous_share));
    auto [window, resets_in_s] = moment(services);
    standing.resets_in_s = resets_in_s;
    auto who =
        known ? "u" + std::to_string(actor->user.value) : address_key(request.remote_address());
    standing.used = counter->add(who, standing.bucket, window);
    bool over = standing.used > standing.quota;
    request.set_context(standing);
    if (over) co_return fail(limited(standing.bucket, resets_in_s));
    co_return std::optional<http::Response>{};
  };
  router.before(count);
  router.after(add_headers);
}

void add_rate_limits_of_failures(http::Router& router, const Services& services) {
  if (!services.rate_limits.on) return;
  auto counter = std::make_shared<Counter>();
  auto check = [&services,
                counter](http::Request& request) -> Task<Result<std::optional<http::Response>>> {
    auto [window, resets_in_s] = moment(services);
    auto who = address_key(request.remote_address());
    if (counter->add(who, Bucket::failures, window, 0) >= failures_max)
      co_return fail(limited(Bucket::failures, resets_in_s));
    co_return std::optional<http::Response>{};
  };
  router.before(check);
  auto count = [&services, counter](const http::Request& request, http::Response& response) {
    // The actor is attached once the credentials were good.
    if (response.status != 401 || !request.route() || request.context<account::Actor>()) return;
    counter->add(address_key(request.remote_address()), Bucket::failures, moment(services).window);
  };
  router.after(count);
}

}  // namespace cairn::api::hub
