#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "base/task.h"
#include "hub/access/access.h"
#include "hub/account/account.h"
#include "hub/repo/repos.h"
#include "platform/db/db.h"

/// Trusted publishers: programs that build elsewhere (CI) prove with their platform's signed token
/// (OpenID Connect) who they are, and get a token of this hub for one repository and an hour
/// (RFC 8693; hub-api.md, section 14). Nobody keeps a secret for it.
namespace cairn::publishers {

using access::Actor;

[[nodiscard]] std::vector<db::Migration> publishers_migrations();

constexpr Duration token_life = hours(1);
constexpr std::size_t publishers_max = 50;  ///< Of one repository or owner.
constexpr std::size_t claims_max = 20;
constexpr std::size_t claim_name_bytes_max = 100, claim_value_bytes_max = 500;
constexpr std::size_t issuer_bytes_max = 300;
/// Key sets that are kept, and for how long; one that lacks a key is asked for again at most so
/// often, whatever strangers send.
constexpr std::size_t issuers_kept_max = 500;
constexpr Duration keys_kept = minutes(10), keys_again = minutes(1);
/// Threads that wait for issuers, of all requests together.
constexpr int waiting_max = 4;

/// What a token must say, by claim. A value that ends in "*" after '/', '@' or ':' is a beginning.
using Claims = std::map<std::string, std::string>;

using PublisherId = Id<struct PublisherTag>;
struct Publisher {
  PublisherId id;
  PublicId public_id;
  std::optional<RepoId> repo;    ///< Of this repository,
  std::optional<OwnerId> owner;  ///< or of all of this owner's.
  UserId user;                   ///< Who added it: tokens may what this person may, at most.
  std::string user_name;
  std::string issuer;
  Claims claims;
  Time created_at;
  std::optional<Time> last_used_at;
};

struct NewPublisher {
  std::string issuer;  ///< As the tokens have it in `iss`: "https://token.actions.….com".
  Claims claims;
};

struct Exchanged {
  std::string access_token;  ///< "hf_jwt_…"
  std::int64_t expires_in_s = 0;
  std::string scope;  ///< "write-repos" or "gated-repos".
};

struct Options {
  std::string public_url;  ///< The audience that tokens must name. Without '/' at its end.
  /// GET of a URL; blocks. @return the body of a 200.
  std::function<Result<std::string>(const std::string& url, std::size_t bytes_max)> fetch;
  std::function<Result<>(const std::string& url)> check_url;
  /// Tells a person what happened to their account.
  std::function<void(db::Tx&, UserId, std::string subject, std::string text)> notice =
      [](db::Tx&, UserId, const std::string&, const std::string&) {};
};

/// Whether the claims are of a token for this hub, now. Clocks may differ by a minute.
/// @return `bad_credentials`, word "InvalidGrant".
[[nodiscard]] Result<> check_claims(const json::object& claims, std::string_view issuer,
                                    std::string_view audience, Time now);
/// Whether they are what the publisher asks for.
[[nodiscard]] bool match(const Claims& wanted, const json::object& claims);

/// Thread-safe; references outlive it.
class Publishers {
 public:
  Publishers(db::Database& database, Blocking& blocking, const Clock& clock,
             account::Accounts& accounts, repo::Repos& repos, Options options);
  ~Publishers();
  Publishers(const Publishers&) = delete;
  Publishers& operator=(const Publishers&) = delete;

  // ---- Of a repository, found for Action::administer ----

  Task<Result<std::vector<Publisher>>> list(repo::RepoRef repo);
  /// @return `invalid_argument` "InvalidPublisher"; `conflict` "TooManyPublishers".
  Task<Result<Publisher>> add(Actor actor, repo::RepoRef repo, NewPublisher request);
  /// Its tokens end at once. @return `not_found`, word "PublisherNotFound".
  Task<Result<>> remove(Actor actor, repo::RepoRef repo, PublicId id);

  // ---- Of an owner, by those who may manage it ----

  Task<Result<std::vector<Publisher>>> list(Actor actor, std::string owner);
  Task<Result<Publisher>> add(Actor actor, std::string owner, NewPublisher request);
  Task<Result<>> remove(Actor actor, std::string owner, PublicId id);

  // ---- The exchange ----

  /// @param resource  "owner/name" with the prefix of its kind, for writing to that repository; or
  ///        a user's name, for reading what is gated to them.
  /// @return `invalid_argument`, word "InvalidGrant": the same words whether the repository is
  ///         missing, private, or trusts somebody else; `unavailable` when the issuer is.
  Task<Result<Exchanged>> exchange(std::string token, std::string resource);

  // ---- Upkeep ----

  /// Forgets tokens whose time is over. Called every minute.
  Result<> tidy(db::Tx& tx);
  /// To be called in the transaction that purges an owner, before it.
  void owner_purged(db::Tx& tx, OwnerId owner);

 private:
  class IssuerKeys;
  Result<Exchanged> issue(db::Tx& tx, const json::object& claims, const std::string& resource);
  Result<Publisher> insert(db::Tx& tx, const Actor& actor, Publisher row);
  Result<> end(db::Tx& tx, const Publisher& publisher);

  db::Database& database_;
  Blocking& blocking_;
  const Clock& clock_;
  account::Accounts& accounts_;
  repo::Repos& repos_;
  Options options_;
  std::unique_ptr<IssuerKeys> keys_;
};

}  // namespace cairn::publishers
