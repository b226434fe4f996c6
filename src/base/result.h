#pragma once
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cairn {

/// What a caller can do about a failure: one code per kind of reaction, not per cause.
/// Protocols map codes to their statuses, each in one place (`api/*/error.cpp`).
enum class ErrorCode {
  invalid_argument,     ///< The request is wrong as it stands: change it.
  unprocessable,        ///< Well-formed, but its content breaks a rule: change the content.
  unauthenticated,      ///< Nobody is signed in, and signing in could help.
  bad_credentials,      ///< The token or password is wrong, expired or revoked.
  forbidden,            ///< Known who asks; not allowed, and the thing's existence is no secret.
  not_found,            ///< Absent, or hidden from this actor: the same answer for both.
  gone,                 ///< Was here and will not come back.
  method_not_allowed,   ///< The path exists, not with this method.
  conflict,             ///< A name is taken or a thing is in the way: choose another.
  precondition_failed,  ///< The caller's picture of the state is stale: read again, then retry.
  too_large,            ///< More than a stated limit.
  unsupported,          ///< A media type or encoding this route does not take.
  range_not_satisfiable,
  rate_limited,  ///< Try again after the stated time.
  timeout,       ///< The client was too slow.
  storage_full,  ///< No room for the bytes: free some, nothing was kept.
  quota_exceeded,
  unavailable,      ///< Trouble that passes: try again, the same request is fine.
  not_implemented,  ///< Known, and not offered by this hub.
  corrupt,          ///< Stored data does not verify: an operator must look.
  internal,         ///< A bug.
};

/// The code's name as written above, for logs and metrics.
std::string_view to_string(ErrorCode code);

/// A failure that a caller may expect. `word` and `message` go to the client, `fields` to the log
/// only. `word` is API: stable and documented (docs/errors.md).
struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string word;     ///< For example "RevisionNotFound".
  std::string message;  ///< A fact and a next step, for one person.
  std::vector<std::pair<std::string, std::string>> fields = {};
  int retry_after_s = 0;  ///< Only with `rate_limited` and `unavailable`; 0 = not stated.

  Error& with(std::string key, std::string value) & {
    fields.emplace_back(std::move(key), std::move(value));
    return *this;
  }
  Error&& with(std::string key, std::string value) && {
    fields.emplace_back(std::move(key), std::move(value));
    return std::move(*this);
  }
};

template <class T = void>
using Result = std::expected<T, Error>;

/// `return fail(ErrorCode::not_found, "RepoNotFound", "…");` in a function that returns Result<T>.
class Failure {
 public:
  explicit Failure(Error error) : error_(std::move(error)) {}
  Failure with(std::string key, std::string value) && {
    error_.with(std::move(key), std::move(value));
    return std::move(*this);
  }
  template <class T>
  operator std::expected<T, Error>() && {  // NOLINT: converting on purpose
    return std::unexpected(std::move(error_));
  }
  Error error() && { return std::move(error_); }

 private:
  Error error_;
};

[[nodiscard]] inline Failure fail(ErrorCode code, std::string word, std::string message) {
  return Failure(Error{code, std::move(word), std::move(message)});
}
/// Passes an error on from a Result of another type: `return fail(other.error());`
[[nodiscard]] inline Failure fail(Error error) {
  return Failure(std::move(error));
}

}  // namespace cairn

/// `CAIRN_TRY(repo, find_repo(tx, name));` unwraps into a new variable, or returns the error.
#define CAIRN_TRY(name, ...)                                                      \
  auto name##_result_ = (__VA_ARGS__);                                            \
  if (!name##_result_) return std::unexpected(std::move(name##_result_).error()); \
  auto& name = *name##_result_

/// The same for Result<void>.
#define CAIRN_CHECK(...)                                  \
  if (auto check_result_ = (__VA_ARGS__); !check_result_) \
  return std::unexpected(std::move(check_result_).error())

/// In a coroutine: `CAIRN_CO_TRY(repo, co_await repos.find(actor, name));`
#define CAIRN_CO_TRY(name, ...)                                                      \
  auto name##_result_ = (__VA_ARGS__);                                               \
  if (!name##_result_) co_return std::unexpected(std::move(name##_result_).error()); \
  auto& name = *name##_result_

#define CAIRN_CO_CHECK(...)                               \
  if (auto check_result_ = (__VA_ARGS__); !check_result_) \
  co_return std::unexpected(std::move(check_result_).error())
