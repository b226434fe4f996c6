#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/keyring.h"
#include "base/result.h"
#include "base/task.h"
#include "hub/repo/repos.h"
#include "platform/db/db.h"
#include "platform/ssh/public_key.h"

/// SSH keys of people and of repositories, and who comes with them.
namespace cairn::keys {

using account::Actor;
using KeyId = Id<struct SshKeyTag>;

[[nodiscard]] std::vector<db::Migration> keys_migrations();

struct Key {
  KeyId id;
  PublicId public_id;
  UserId user;                 ///< Whose it is; of a deploy key: who added it.
  std::optional<RepoId> repo;  ///< A deploy key opens this repository alone.
  bool may_write = true;       ///< Always true for people's own keys.
  std::string title;
  std::string type;
  std::string fingerprint;  ///< "SHA256:…"
  std::string text;         ///< "<type> <base64>"
  Time created_at;
  std::optional<Time> last_used_at;  ///< To the hour.
};

struct NewKey {
  std::string title;       ///< Empty: the comment of the key, or its fingerprint.
  std::string text;        ///< A line as in `id_ed25519.pub`.
  bool may_write = false;  ///< Deploy keys.
};

constexpr std::size_t keys_max = 100;  ///< Of one person, and of one repository.
constexpr std::size_t title_bytes_max = 200;

enum class Use { offered, proved };  ///< `proved` is remembered: Key::last_used_at.

/// Who came with a key.
struct Holder {
  Actor actor;
  std::string label;  ///< "ada", or "the deploy key of ada/bert".
};

/// Thread-safe; references outlive it.
///
/// A person's key does what the person may. A deploy key does what the person who added it may, in
/// its one repository, and only reads unless it was made to write: it ends with that person's
/// rights, so it never opens more than they could.
class Keys {
 public:
  /// Tells a person what happened to their account.
  using Notice = std::function<void(db::Tx&, UserId, std::string subject, std::string text)>;
  Keys(
      db::Database& database, repo::Repos& repos, const Keyring& keyring, const Clock& clock,
      Notice notice = [](db::Tx&, UserId, const std::string&, const std::string&) {});

  // ---- One's own ----

  /// Newest first. @return `unauthenticated`, `forbidden` for tokens that are not all of the
  /// user's.
  Task<Result<std::vector<Key>>> list(Actor actor);
  /// @return also `conflict`, word "KeyInUse" (whoever has it), `unprocessable`, word
  ///         "InvalidPublicKey", `too_large`, word "TooManyKeys".
  Task<Result<Key>> add(Actor actor, NewKey key);
  /// @return `not_found`, word "KeyNotFound".
  Task<Result<>> remove(Actor actor, PublicId key);

  // ---- Of a repository, found for Action::administer ----

  Task<Result<std::vector<Key>>> list(repo::RepoRef repo);
  Task<Result<Key>> add(Actor actor, repo::RepoRef repo, NewKey key);
  Task<Result<>> remove(repo::RepoRef repo, PublicId key);

  // ---- Recognition ----

  /// @return `bad_credentials` for a key that nobody has, or whose user is disabled or gone.
  Task<Result<Holder>> recognize(std::string fingerprint, Use use = Use::proved);

  /// A text that lets git-lfs act over HTTP as the holder of the key, for an hour.
  [[nodiscard]] std::string lfs_ticket(std::string_view fingerprint) const;
  /// Who holds it. @return `bad_credentials`.
  Task<Result<Holder>> open_lfs_ticket(std::string ticket);
  static constexpr std::int64_t lfs_ticket_seconds = 3600;

  /// To be called in the transaction that purges an owner, before it.
  void owner_purged(db::Tx& tx, OwnerId owner);

 private:
  db::Database& database_;
  repo::Repos& repos_;
  const Keyring& keyring_;
  const Clock& clock_;
  Notice notice_;
};

/// The hub's own key for SSH, the same on every node: made from the root key.
[[nodiscard]] ssh::HostKey host_key(const Keyring& keyring);

}  // namespace cairn::keys
