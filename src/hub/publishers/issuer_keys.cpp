#include "hub/publishers/issuer_keys.h"

#include "base/log.h"

namespace cairn::publishers {
namespace {

constexpr std::size_t discovery_bytes_max = 64 << 10;

Failure unavailable() {
  Error error{ErrorCode::unavailable, "IssuerUnavailable",
              "The issuer of the token cannot be asked for its keys now. Try again later."};
  error.retry_after_s = 10;
  return fail(std::move(error));
}

/// OpenID Connect Discovery 1.0, section 4.
Result<std::string> keys_url(const std::string& text, const std::string& issuer) {
  auto described = parse_json(text);
  auto* object = described ? described->if_object() : nullptr;
  auto* named = object ? object->if_contains("issuer") : nullptr;
  auto* keys = object ? object->if_contains("jwks_uri") : nullptr;
  // 4.3: another's description would hand its keys to this name.
  if (!named || !named->is_string() || named->get_string() != issuer) return unavailable();
  if (!keys || !keys->is_string()) return unavailable();
  return std::string(keys->get_string());
}

}  // namespace

std::shared_ptr<Publishers::IssuerKeys::Entry> Publishers::IssuerKeys::entry_of(
    const std::string& issuer) {
  std::lock_guard lock(mutex_);
  auto& entry = entries_[issuer];
  if (!entry) entry = std::make_shared<Entry>();
  auto out = entry;
  // Any will do: they are asked for again.
  if (entries_.size() > issuers_kept_max)
    entries_.erase(entries_.begin()->first == issuer ? std::prev(entries_.end())
                                                     : entries_.begin());
  return out;
}

Result<std::vector<oauth::Jwk>> Publishers::IssuerKeys::ask(const std::string& issuer) const {
  auto base = issuer.ends_with('/') ? issuer.substr(0, issuer.size() - 1) : issuer;
  CAIRN_TRY(described,
            options_.fetch(base + "/.well-known/openid-configuration", discovery_bytes_max));
  CAIRN_TRY(url, keys_url(described, issuer));
  CAIRN_TRY(text, options_.fetch(url, oauth::jwks_bytes_max));
  return oauth::parse_key_set(text);
}

bool Publishers::IssuerKeys::is_fresh(const Known& known, Duration age_max) const {
  auto age = known.failed ? keys_again : age_max;
  return known.asked_at && clock_.now() < *known.asked_at + age;
}

Result<std::vector<oauth::Jwk>> Publishers::IssuerKeys::keys_of(Entry& entry,
                                                                const std::string& issuer,
                                                                Duration age_max) {
  auto known = [&] {
    std::lock_guard lock(entry.mutex);
    return entry.known;
  };
  // Keys that were good a while ago are better than none.
  auto answer = [](const Known& now) -> Result<std::vector<oauth::Jwk>> {
    if (now.failed && now.keys.empty()) return unavailable();
    return now.keys;
  };
  if (auto now = known(); is_fresh(now, age_max)) return answer(now);
  struct Place {
    std::atomic<int>& waiting;
    bool free = waiting.fetch_add(1) < waiting_max;
    ~Place() { waiting.fetch_sub(1); }
  } place{waiting_};
  if (!place.free) return unavailable();
  std::lock_guard lock(entry.asking);
  auto now = known();
  if (is_fresh(now, age_max)) return answer(now);
  auto keys = ask(issuer);
  now.asked_at = clock_.now();
  now.failed = !keys;
  if (keys)
    now.keys = *std::move(keys);
  else
    log::warning("publishers.issuer.failed",
                 {{"issuer", issuer}, {"word", keys.error().word}, {"why", keys.error().message}});
  std::lock_guard store(entry.mutex);
  entry.known = now;
  return answer(now);
}

Result<json::object> Publishers::IssuerKeys::verify(const std::string& issuer,
                                                    const std::string& token) {
  auto entry = entry_of(issuer);
  CAIRN_TRY(keys, keys_of(*entry, issuer, keys_kept));
  if (auto claims = oauth::verify_jwt(token, keys)) return claims;
  // Signed with a key that is newer than what is kept?
  CAIRN_TRY(newer, keys_of(*entry, issuer, keys_again));
  return oauth::verify_jwt(token, newer);
}

}  // namespace cairn::publishers
