#include "hub/repo/events.h"

#include "hub/event/event.h"

namespace cairn::repo {

void append_event(db::Tx& tx, const Actor& actor, const Repo& repo, std::string_view type,
                  json::object data) {
  event::NewEvent event;
  event.type = type;
  event.actor.kind = to_string(actor.kind);
  if (auto user = user_of(actor)) event.actor.id = user->value;
  event.actor.name = actor.user_name;
  if (actor.on_behalf_of) event.actor.on_behalf_of = actor.on_behalf_of->value;
  if (actor.token) event.actor.token_id = actor.token->value;
  event.actor.request_id = actor.request_id;
  event.owner_id = repo.owner.value;
  event.owner_name = repo.owner_name;
  event.repo_id = repo.id.value;
  event.repo_kind = to_string(repo.kind);
  event.repo_name = repo.name;
  event.visibility = to_string(repo.visibility);
  event.data = std::move(data);
  event.data["repo"] = repo.public_id.hex;
  event::append_event(tx, event);
}

history::RefActor ref_actor(const Actor& actor) {
  history::RefActor out;
  out.kind = to_string(actor.kind);
  if (auto user = user_of(actor)) out.user_id = user->value;
  if (actor.token) out.token_id = actor.token->value;
  out.request_id = actor.request_id;
  return out;
}

std::optional<UserId> user_of(const Actor& actor) {
  if (!actor.has_user()) return std::nullopt;
  return actor.user;
}

git::Signature signature_of(const Actor& actor, const std::string& host, Time now) {
  std::string name = actor.user_name.empty() ? "system" : actor.user_name;
  std::string email = name + "@users.noreply." + host;
  return {.name = std::move(name), .email = std::move(email), .seconds = now.seconds()};
}

}  // namespace cairn::repo
