#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/keyring.h"
#include "base/result.h"
#include "base/task.h"
#include "hub/work/work.h"
#include "platform/db/db.h"
#include "platform/smtp/smtp.h"

/// Mail to people: queued with the transaction that calls for it, sent by background work.
namespace cairn::mail {

struct Message {
  std::string to;       ///< One bare address.
  std::string subject;  ///< One line; others become spaces.
  std::string text;     ///< UTF-8, lines end in "\n".
};

struct Options {
  std::optional<smtp::Server> server;  ///< Empty: this hub sends no mail.
  std::string from;                    ///< "hub@example.org" or "Name <hub@example.org>".
};

/// The whole message as it goes over the wire: headers, text as base64 of UTF-8.
/// @param from  as in Options. @param id  left part of Message-ID, unique.
[[nodiscard]] std::string compose(const Message& message, std::string_view from, Time now,
                                  std::string_view id);
/// "hub@example.org" of "Name <hub@example.org>".
[[nodiscard]] std::string bare_address(std::string_view from);

/// May be called from any thread. References outlive this object.
class Mail {
 public:
  Mail(Blocking& blocking, const Clock& clock, const Keyring& keyring, Options options);

  [[nodiscard]] bool configured() const { return options_.server.has_value(); }
  /// Sent after the commit, tried for about 17 minutes. Dropped when mail is not configured.
  void enqueue(db::Tx& tx, const Message& message) const;

  /// Handler of background work of kind `work_kind`.
  Task<Result<>> deliver(work::WorkItem item);
  /// At once. @return as smtp::send(); `not_implemented`, word "NoMail", when not configured.
  Task<Result<>> send(Message message);

  static constexpr std::string_view work_kind = "mail.send";

 private:
  Blocking& blocking_;
  const Clock& clock_;
  const Keyring& keyring_;
  Options options_;
};

}  // namespace cairn::mail
