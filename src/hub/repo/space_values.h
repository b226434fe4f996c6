#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/keyring.h"
#include "base/task.h"
#include "hub/repo/types.h"
#include "platform/db/db.h"

/// What a space finds in its environment: variables, which whoever may write sees, and secrets,
/// whose values nobody sees again. Secrets are sealed under the root key (base/keyring), bound to
/// their repository and name.
namespace cairn::repo {

class Repos;

enum class ValueKind { variable, secret };

// An environment has 128 KiB per text on Linux; a thousand values are somebody's accident.
constexpr std::size_t value_bytes_max = 64 * 1024;
constexpr std::size_t value_key_bytes_max = 256;
constexpr std::size_t value_description_bytes_max = 1024;
constexpr int values_max = 500;  ///< Per space and kind.

struct NewSpaceValue {
  std::string key;  ///< A letter, then letters, digits and `_`.
  std::string value;
  std::optional<std::string> description;
};
struct SpaceValue {
  std::string key;
  std::string value;  ///< Empty for secrets.
  std::string description;
  Time updated_at;
};

/// @return `invalid_argument`, word "InvalidSpaceValue".
[[nodiscard]] Result<> check_space_value(const NewSpaceValue& value);

/// In the caller's transaction, unchecked rights. @return as check_space_value; "TooManyValues".
[[nodiscard]] Result<> put_space_value(db::Tx& tx, const Keyring& keyring, const Repo& repo,
                                       ValueKind kind, const NewSpaceValue& value);
/// Variables alone: a duplicate starts without its source's secrets.
void copy_space_variables(db::Tx& tx, RepoId from, RepoId to);
void forget_space_values(db::Tx& tx, RepoId repo);

/// For whoever runs the space: the values themselves.
/// @return `corrupt`, word "SealedElsewhere", for a secret that no root key of this hub opens.
[[nodiscard]] Result<std::vector<SpaceValue>> open_space_secrets(db::Tx& tx, const Keyring& keyring,
                                                                 const Repo& repo);

/// Seals secrets anew under the current root key, a page at a time. @return the last id of the
/// page, empty at the end.
[[nodiscard]] Result<std::optional<std::int64_t>> reseal_space_secrets(db::Tx& tx,
                                                                       const Keyring& keyring,
                                                                       std::int64_t after,
                                                                       int limit, int& resealed);

/// Needs `write` on the space; each call checks. Thread-safe.
class SpaceValues {
 public:
  SpaceValues(db::Database& database, Repos& repos, const Keyring& keyring)
      : database_(database), repos_(repos), keyring_(keyring) {}

  /// By key.
  Task<Result<std::vector<SpaceValue>>> list(Actor actor, RepoRef space, ValueKind kind);
  Task<Result<>> put(Actor actor, RepoRef space, ValueKind kind, NewSpaceValue value);
  /// What is not there is gone already.
  Task<Result<>> remove(Actor actor, RepoRef space, ValueKind kind, std::string key);
  /// After the root key was rotated: until this is done, the old root must stay. @return how many.
  Task<Result<int>> reseal();

 private:
  db::Database& database_;
  Repos& repos_;
  const Keyring& keyring_;
};

}  // namespace cairn::repo
