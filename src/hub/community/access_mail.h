#pragma once
#include <optional>
#include <string>

#include "hub/access/access.h"
#include "hub/account/owners.h"
#include "hub/mail/mail.h"
#include "hub/repo/repos.h"
#include "hub/settings/settings.h"

/// Mail about requests for access: to those who decide, and to those who asked.
namespace cairn::community {

/// Nothing is sent on a hub without mail. Thread-safe; references outlive it.
class AccessMail {
 public:
  AccessMail(db::Database& database, const mail::Mail& mail, const settings::Settings& settings,
             std::string public_url)
      : database_(database), mail_(mail), settings_(settings), public_url_(std::move(public_url)) {}

  /// Somebody waits for a decision. By the repository's `gatedNotificationsMode`: told at once, or
  /// a day after the first request of a day, together with those that came since.
  void asked(db::Tx& tx, const repo::Repo& repo, const account::User& user) const;
  /// Accepted or rejected, to the verified address of who asked.
  void decided(db::Tx& tx, const repo::Repo& repo, const account::User& user,
               access::GrantState state, const std::optional<std::string>& reason) const;

  /// Handler of background work of kind `work_kind`: the mail of a day.
  Task<Result<>> send_digest(work::WorkItem item) const;
  static constexpr std::string_view work_kind = "access.digest";

 private:
  [[nodiscard]] std::vector<std::string> deciders(db::Tx& tx, const repo::Repo& repo) const;
  void tell_deciders(db::Tx& tx, const repo::Repo& repo, const std::string& subject,
                     const std::string& text) const;

  db::Database& database_;
  const mail::Mail& mail_;
  const settings::Settings& settings_;
  std::string public_url_;
};

}  // namespace cairn::community
