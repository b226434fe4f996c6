#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "hub/account/scopes.h"
#include "hub/account/types.h"

namespace cairn::account {

enum class ActorKind {
  anonymous,
  user,        ///< Signed in with a session.
  token,       ///< A user's access token.
  deploy_key,  ///< A key of one repository; no user.
  service,     ///< A program of this hub acting for someone, see `on_behalf_of`.
  system,      ///< The hub itself and its operator at the admin socket: may do everything.
};

enum class TokenRole { read, write, fine_grained };

/// Who asks: made once per request, copied into whatever needs it, a value.
struct Actor {
  ActorKind kind = ActorKind::anonymous;

  UserId user;  ///< With kinds user and token; else 0.
  PublicId user_public_id;
  std::string user_name;  ///< As the user wrote it.
  bool is_admin = false;  ///< Administrator of the hub. Opens admin routes, never others' private
                          ///< repositories: see hub/access/README.md.

  std::optional<TokenId> token;                ///< With kind token.
  TokenRole token_role = TokenRole::read;      ///< With kind token.
  std::shared_ptr<const Scopes> token_scopes;  ///< With role fine_grained; never null then.
  std::optional<SessionId> session;            ///< With kind user.
  std::optional<Time> confirmed_at;            ///< With kind user: the password was last given.
  std::optional<UserId> on_behalf_of;          ///< With kind service.

  // The request, filled in by the protocol's front.
  std::string address;
  std::string user_agent;
  std::string request_id;

  /// There is a user whose rights count.
  [[nodiscard]] bool has_user() const {
    return kind == ActorKind::user || kind == ActorKind::token;
  }
  [[nodiscard]] bool is_system() const { return kind == ActorKind::system; }

  [[nodiscard]] static Actor anonymous() { return {}; }
  [[nodiscard]] static Actor system() {
    Actor actor;
    actor.kind = ActorKind::system;
    actor.user_name = "system";
    return actor;
  }
};

/// "anonymous", "user"… for rows, events and logs.
[[nodiscard]] std::string_view to_string(ActorKind kind);
/// "read", "write", "fineGrained", as the wire has it.
[[nodiscard]] std::string_view to_string(TokenRole role);
[[nodiscard]] std::optional<TokenRole> parse_token_role(std::string_view text);

}  // namespace cairn::account
