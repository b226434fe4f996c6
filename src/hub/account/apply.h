#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "platform/db/db.h"

/// `cairn admin apply FILE.json`: makes accounts match a file, for tests and migrations.
///
/// What the file names is created or changed to what it says; what it leaves out of an entry stays
/// as it is; whoever it does not name is not touched. Two things are complete lists: `members`,
/// where given, are all the members of that organization. A token is known by its value; another
/// token of its name and user is revoked. Applying a file twice changes nothing the second time. A
/// deleted owner that the file names is restored.
namespace cairn::account {

/// Bytes of a file: the transaction that applies it must be short (DESIGN 3.1).
constexpr std::size_t apply_bytes_max = 8 << 20;
/// Users, organizations, tokens, members, sessions and aliases together, for the same reason: as
/// many take half of a transaction's 250 ms, without optimization.
constexpr std::size_t apply_entries_max = 2000;

struct ApplyToken {
  std::string name, value, role;
  std::optional<json::value> scopes;      ///< As scopes.h reads them; only with "fineGrained".
  std::optional<std::string> expires_at;  ///< RFC 3339.
};
BOOST_DESCRIBE_STRUCT(ApplyToken, (), (name, value, role, scopes, expires_at))

struct ApplyUser {
  std::string name;
  std::optional<std::string> fullname, email, id, password;
  std::optional<bool> admin;
  std::optional<bool> email_verified;  ///< Who runs the hub knows that the person reads there.
  std::optional<std::string> plan;     ///< free, pro
  std::vector<ApplyToken> tokens;
  std::vector<std::string> session_cookies;
};
BOOST_DESCRIBE_STRUCT(ApplyUser, (),
                      (name, fullname, email, id, password, admin, email_verified, plan, tokens,
                       session_cookies))

struct ApplyOrganization {
  std::string name;
  std::optional<std::string> fullname, email, id;
  std::optional<std::string> default_visibility, plan;        ///< plan: free, team, enterprise
  std::optional<std::map<std::string, std::string>> members;  ///< User name → role.
};
BOOST_DESCRIBE_STRUCT(ApplyOrganization, (),
                      (name, fullname, email, id, default_visibility, plan, members))

struct ApplyAlias {
  std::string type, from, to;
};
BOOST_DESCRIBE_STRUCT(ApplyAlias, (), (type, from, to))

struct ApplyFile {
  std::vector<ApplyUser> users;
  std::vector<ApplyOrganization> orgs;
  std::vector<ApplyAlias> aliases;
};
BOOST_DESCRIBE_STRUCT(ApplyFile, (), (users, orgs, aliases))

struct ApplySummary {
  int users = 0, orgs = 0, tokens = 0, members = 0, sessions = 0, aliases = 0;  ///< In the file.
  int created = 0, changed = 0;  ///< Of them; 0 and 0 when the world matched already.
};
BOOST_DESCRIBE_STRUCT(ApplySummary, (),
                      (users, orgs, tokens, members, sessions, aliases, created, changed))

/// Reads and checks all that can be checked without the database.
/// @return `invalid_argument`, word "InvalidApplyFile", with the place, as
///         `users[2].tokens[0].role`; also for a key it does not know.
[[nodiscard]] Result<ApplyFile> read_apply_file(std::string_view text);

/// Argon2id hashes by folded user name, made before the transaction because they take long; a user
/// whose password matches already has no entry.
using PasswordHashes = std::map<std::string, std::string>;

/// The hashes that the users of the file have now.
[[nodiscard]] PasswordHashes known_passwords(db::Tx& tx, const ApplyFile& file);
/// Slow: one Argon2id per password in the file. For blocking threads.
[[nodiscard]] PasswordHashes changed_passwords(const ApplyFile& file, const PasswordHashes& known);

/// Applies a file that `read_apply_file` made. Credentials may have changed: `Accounts::apply` is
/// what calls this and clears the cache.
/// @return `conflict`, word "ApplyConflict", with the place: a name of the other kind, another id,
///         a token value of another user; `not_found`, word "UserNotFound", with the place,
///         for a member who does not exist.
Result<ApplySummary> apply_file(db::Tx& tx, const ApplyFile& file, const PasswordHashes& passwords);

}  // namespace cairn::account
