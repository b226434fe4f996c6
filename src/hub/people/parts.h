#pragma once
// What the files of this module share.
#include "base/hash.h"
#include "base/random.h"
#include "hub/event/event.h"
#include "hub/people/people.h"
#include "hub/people/store.h"
#include "hub/people/throttle.h"

namespace cairn::people {

struct People::Parts {
  db::Database& database;
  Blocking& blocking;
  const Clock& clock;
  const Keyring& keyring;
  account::Accounts& accounts;
  settings::Settings& settings;
  const mail::Mail& mail;
  Options options;
  Throttle throttle;

  /// Keyed, so that a copy of the database does not tell what was short. A rotation of the root key
  /// ends the links that are under way.
  [[nodiscard]] Sha256Digest code_hash(std::string_view code) const;
  [[nodiscard]] std::string link(std::string_view page, std::string_view code) const;
  /// Counts a try at a code. @return `rate_limited`.
  [[nodiscard]] Result<> admit_code(const Seen& seen);
  /// A notice to the verified address of a user; nothing without one.
  void notify(db::Tx& tx, const User& user, std::string subject, std::string text) const;
  /// Makes a link that verifies `email`, and mails it there.
  void mail_verification(db::Tx& tx, const User& user, const std::string& email) const;
};

/// Whether an account can be made here, with an invite or none.
/// @return `forbidden`, words "RegistrationClosed", "InviteNeeded".
[[nodiscard]] Result<> check_registration(const settings::Values& rules, const Invite* invite);
/// Appends an event about an owner.
void tell(db::Tx& tx, const Actor& actor, std::string_view type, OwnerId owner,
          std::string_view owner_name, json::object data = {});
/// The actor that a user becomes by signing in, for events.
[[nodiscard]] Actor acting_as(const User& user, const Seen& seen = {});

[[nodiscard]] Failure link_expired();
[[nodiscard]] Failure no_mail();
[[nodiscard]] Failure signed_out();
/// The error with the field of a form that it is about.
[[nodiscard]] Error about(std::string field, Error error);
/// By the word of the error: "InvalidName" is about "name".
[[nodiscard]] Error about_its_field(Error error);

}  // namespace cairn::people
