#pragma once
#include <atomic>
#include <map>
#include <mutex>
#include <string>

#include "hub/oauth/jwt.h"
#include "hub/publishers/publishers.h"

namespace cairn::publishers {

/// The public keys of issuers, asked for once and kept for a while. Thread-safe; blocks.
class Publishers::IssuerKeys {
 public:
  IssuerKeys(const Clock& clock, const Options& options) : clock_(clock), options_(options) {}

  /// The claims of a token whose signature is the issuer's.
  /// @return `bad_credentials` "InvalidToken"; `unavailable` "IssuerUnavailable".
  Result<json::object> verify(const std::string& issuer, const std::string& token);

 private:
  struct Known {
    std::vector<oauth::Jwk> keys;
    std::optional<Time> asked_at;
    bool failed = false;  ///< The last time; `keys` are those of before.
  };
  struct Entry {
    std::mutex asking;  ///< One asks the issuer, others wait for the answer.
    std::mutex mutex;   ///< Of `known`; held for a moment.
    Known known;
  };
  [[nodiscard]] bool is_fresh(const Known& known, Duration age_max) const;
  std::shared_ptr<Entry> entry_of(const std::string& issuer);
  Result<std::vector<oauth::Jwk>> ask(const std::string& issuer) const;
  Result<std::vector<oauth::Jwk>> keys_of(Entry& entry, const std::string& issuer,
                                          Duration age_max);

  const Clock& clock_;
  const Options& options_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Entry>> entries_;
  std::atomic<int> waiting_ = 0;
};

}  // namespace cairn::publishers
