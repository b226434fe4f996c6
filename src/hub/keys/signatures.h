#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hub/keys/keys.h"
#include "platform/git/signature.h"

/// Whether commits were signed by those who made them.
namespace cairn::keys {

/// Why a signature counts, or not.
enum class SignatureReason {
  valid,
  unknown_committer,  ///< The committer's address is no account's verified one.
  unknown_key,        ///< The account has no key that made it.
  other_address,      ///< The GPG key does not name the committer's address.
  expired_key,        ///< The key was over when it signed, or is revoked.
  invalid,            ///< It is of something else.
  unsupported,        ///< Neither SSH nor GPG.
  unavailable,        ///< It could not be checked this time.
};
/// "valid", "unknown_committer"…
[[nodiscard]] std::string_view to_string(SignatureReason reason);

struct CommitSignature {
  SignatureReason reason = SignatureReason::invalid;
  git::SignatureType type = git::SignatureType::other;
  std::string fingerprint;  ///< Of the key, when valid.
  std::string user_name;    ///< Whose key it is, when valid.
};

/// Commits of one question: each signature that is not known yet takes a program or two.
constexpr std::size_t signatures_max = 100;

/// Thread-safe; references outlive it. What was found is kept in memory, by commit and by the state
/// of the committer's keys: a key that comes or goes changes the answer at once.
class Signatures {
 public:
  Signatures(db::Database& database, history::History& history, Blocking& blocking,
             std::string scratch);
  ~Signatures();

  /// One for each commit, in order; empty for those without a signature.
  /// @pre at most `signatures_max`, all of one repository.
  Task<Result<std::vector<std::optional<CommitSignature>>>> of(
      std::vector<repo::CommitRef> commits);

 private:
  struct Parts;
  std::shared_ptr<Parts> parts_;
};

}  // namespace cairn::keys
