#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "hub/keys/keys.h"

/// GPG keys of people: what their signatures of commits are held against. They open nothing.
namespace cairn::keys {

using GpgKeyId = Id<struct GpgKeyTag>;

struct GpgKey {
  GpgKeyId id;
  PublicId public_id;
  UserId user;
  std::string title;
  std::string fingerprint;          ///< 40 upper-case hex digits, or 64.
  std::vector<std::string> emails;  ///< That the key names, lower case.
  std::string text;                 ///< Armored, as it came.
  std::string ring;                 ///< Binary, minimal.
  std::optional<Time> expires_at;
  Time created_at;
};

constexpr std::size_t gpg_keys_max = 20;  ///< Of one person.

/// Thread-safe; references outlive it.
class GpgKeys {
 public:
  /// @param scratch  a folder for what gpg needs for a moment.
  GpgKeys(db::Database& database, Blocking& blocking, std::string scratch, Keys::Notice notice);

  /// Newest first. @return as Keys::list.
  Task<Result<std::vector<GpgKey>>> list(Actor actor);
  /// @return also `conflict`, word "KeyInUse", when the person has it; `unprocessable`, word
  ///         "InvalidPublicKey"; `too_large`, word "TooManyKeys".
  Task<Result<GpgKey>> add(Actor actor, std::string text, std::string title);
  /// @return `not_found`, word "KeyNotFound".
  Task<Result<>> remove(Actor actor, PublicId key);
  /// The person's address, when they were seen to read it: signatures count for it alone.
  Task<Result<std::optional<std::string>>> verified_email(Actor actor);

 private:
  db::Database& database_;
  Blocking& blocking_;
  std::string scratch_;
  Keys::Notice notice_;
};

}  // namespace cairn::keys
