#include "hub/account/actor.h"

namespace cairn::account {

std::string_view to_string(ActorKind kind) {
  switch (kind) {
    case ActorKind::anonymous:
      return "anonymous";
    case ActorKind::user:
      return "user";
    case ActorKind::token:
      return "token";
    case ActorKind::deploy_key:
      return "deploy_key";
    case ActorKind::service:
      return "service";
    case ActorKind::system:
      return "system";
  }
  return "anonymous";
}

std::string_view to_string(TokenRole role) {
  switch (role) {
    case TokenRole::read:
      return "read";
    case TokenRole::write:
      return "write";
    case TokenRole::fine_grained:
      return "fineGrained";
  }
  return "read";
}

std::optional<TokenRole> parse_token_role(std::string_view text) {
  for (TokenRole role : {TokenRole::read, TokenRole::write, TokenRole::fine_grained})
    if (to_string(role) == text) return role;
  return std::nullopt;
}

}  // namespace cairn::account
