#include "hub/publishers/publishers.h"

#include <algorithm>
#include <array>

#include "base/random.h"
#include "base/text.h"
#include "hub/event/event.h"
#include "hub/publishers/issuer_keys.h"
#include "hub/publishers/store.h"
#include "hub/repo/events.h"

namespace cairn::publishers {
namespace {

namespace permission = account::permission;

Failure invalid(std::string message) {
  return fail(ErrorCode::invalid_argument, "InvalidPublisher", std::move(message));
}

/// One answer whether the repository is missing, hidden, or trusts somebody else.
Failure nobody_trusts(const std::string& resource) {
  return fail(ErrorCode::invalid_argument, "InvalidGrant",
              "\"" + std::string(truncate_utf8(resource, 200)) +
                  "\" has no trusted publisher with these claims. Compare the publisher's claims "
                  "with the token's.");
}

Failure not_found() {
  return fail(ErrorCode::not_found, "PublisherNotFound",
              "There is no such trusted publisher. See the list of them.");
}

/// Platforms where everybody has an account: without one of these claims anybody's program passes.
constexpr std::pair<std::string_view, std::array<std::string_view, 5>> platforms[] = {
    {"https://token.actions.githubusercontent.com",
     {"repository", "repository_id", "sub", "workflow_ref", "job_workflow_ref"}},
    {"https://gitlab.com", {"project_path", "project_id", "sub", "ci_config_ref_uri", "sub"}},
};

Result<> check_claim(const std::string& name, const std::string& value) {
  for (std::string_view own : {"iss", "aud", "exp", "nbf", "iat", "jti"})
    if (name == own) return invalid("\"" + name + "\" is checked in any case. Leave it out.");
  if (name.empty() || name.size() > claim_name_bytes_max || !is_valid_utf8(name))
    return invalid("The name of a claim is text of 1 to 100 bytes.");
  if (value.empty() || value.size() > claim_value_bytes_max || !is_valid_utf8(value) ||
      value.contains('\0'))
    return invalid("The value of \"" + name + "\" is text of 1 to 500 bytes.");
  auto star = value.find('*');
  if (star == value.npos) return {};
  bool at_end = star + 1 == value.size();
  bool after_border = star >= 3 && std::string_view("/@:").contains(value[star - 1]);
  if (at_end && after_border) return {};
  return invalid(
      "\"*\" stands at the end only, after \"/\", \"@\" or \":\", as in "
      "\"owner/repository/.github/workflows/release.yml@*\".");
}

Result<> check_new(const NewPublisher& in, const Options& options) {
  if (in.issuer.size() > issuer_bytes_max || !options.check_url(in.issuer) ||
      in.issuer.find_first_of("?# ") != std::string::npos)
    return invalid(
        "The issuer is a URL like https://token.actions.githubusercontent.com, as the tokens have "
        "it in \"iss\".");
  if (in.claims.empty() || in.claims.size() > claims_max)
    return invalid("Name 1 to " + std::to_string(claims_max) + " claims that the token must have.");
  for (const auto& [name, value] : in.claims) CAIRN_CHECK(check_claim(name, value));
  for (const auto& [issuer, names] : platforms)
    if (in.issuer == issuer &&
        std::ranges::none_of(names, [&](auto n) { return in.claims.contains(std::string(n)); }))
      return invalid("Everybody's programs get tokens there. Name at least one of \"" +
                     std::string(names[0]) + "\", \"" + std::string(names[1]) + "\" and \"sub\".");
  return {};
}

account::Scopes scopes_of(const repo::Repo& repo) {
  account::Scope scope;
  scope.entity.kind = account::Entity::Kind::repo;
  scope.entity.repo_kind = repo.kind;
  scope.entity.name = repo.name;
  scope.entity.id = repo.public_id;
  // Files, refs and discussions; not settings, and nothing that cannot be taken back.
  for (auto word : {permission::repo_content_read, permission::repo_access_read,
                    permission::repo_content_write, permission::discussion_write})
    scope.permissions.emplace_back(word);
  return {{}, {std::move(scope)}};
}

Actor acting(const account::User& user, const account::Scopes& scopes) {
  Actor out;
  out.kind = account::ActorKind::token;
  out.user = user.id;
  out.user_public_id = user.public_id;
  out.user_name = user.name;
  out.token_role = account::TokenRole::fine_grained;
  out.token_scopes = std::make_shared<const account::Scopes>(scopes);
  return out;
}

/// "datasets/owner/name" and so on. Empty: not the name of a repository.
std::optional<std::pair<RepoKind, std::string>> repo_named(std::string_view text) {
  for (RepoKind kind : {RepoKind::dataset, RepoKind::space, RepoKind::kernel, RepoKind::model}) {
    auto prefix = repo::url_prefix(kind);
    if (!text.starts_with(prefix)) continue;
    auto name = text.substr(prefix.size());
    if (std::ranges::count(name, '/') == 1) return std::pair{kind, std::string(name)};
  }
  return std::nullopt;
}

void tell(db::Tx& tx, const Actor& actor, std::string_view type, const Publisher& publisher) {
  json::object data{{"publisher", publisher.public_id.hex}, {"issuer", publisher.issuer}};
  if (publisher.repo) {
    if (auto repo = repo::find_repo(tx, *publisher.repo))
      repo::append_event(tx, actor, *repo, type, std::move(data));
    return;
  }
  auto owner = account::find_owner(tx, *publisher.owner);
  if (!owner) return;
  event::NewEvent event;
  event.type = type;
  event.actor.kind = account::to_string(actor.kind);
  if (actor.has_user()) event.actor.id = actor.user.value;
  event.actor.name = actor.user_name;
  event.actor.request_id = actor.request_id;
  event.owner_id = owner->id.value;
  event.owner_name = owner->name;
  event.data = std::move(data);
  event::append_event(tx, event);
}

Result<account::Owner> managed(db::Tx& tx, const Actor& actor, const std::string& name) {
  CAIRN_TRY(owner, account::find_owner(tx, name));
  CAIRN_CHECK(access::check_manage(tx, actor, owner));
  return owner;
}

}  // namespace

Publishers::Publishers(db::Database& database, Blocking& blocking, const Clock& clock,
                       account::Accounts& accounts, repo::Repos& repos, Options options)
    : database_(database),
      blocking_(blocking),
      clock_(clock),
      accounts_(accounts),
      repos_(repos),
      options_(std::move(options)),
      keys_(std::make_unique<IssuerKeys>(clock_, options_)) {
  repos.when_purged(store::forget_repo);
}
Publishers::~Publishers() = default;

// ---- The list ----------------------------------------------------------------------------------

Result<Publisher> Publishers::insert(db::Tx& tx, const Actor& actor, Publisher row) {
  if (!actor.has_user())
    return fail(ErrorCode::unauthenticated, "Unauthenticated",
                "Nobody is signed in. Send an access token in the Authorization header.");
  auto there = row.repo ? store::of_repo(tx, *row.repo) : store::of_owner(tx, *row.owner);
  if (there.size() >= publishers_max)
    return fail(ErrorCode::conflict, "TooManyPublishers",
                "There are " + std::to_string(publishers_max) +
                    " trusted publishers already. Remove one that is no longer used.");
  row.public_id = make_public_id();
  row.user = actor.user;
  row.user_name = actor.user_name;
  row = store::insert(tx, std::move(row));
  tell(tx, actor, "publisher.added", row);
  options_.notice(tx, actor.user, "A trusted publisher was added",
                  "Programs whose tokens come from " + row.issuer +
                      " can now get tokens of your account \"" + actor.user_name + "\" here.");
  return row;
}

Result<> Publishers::end(db::Tx& tx, const Publisher& publisher) {
  for (TokenId token : store::tokens_of(tx, publisher.id))
    if (auto ended = accounts_.revoke_token(tx, publisher.user, token);
        !ended && ended.error().code != ErrorCode::not_found)
      return ended;
  store::remove(tx, publisher.id);
  return {};
}

Task<Result<std::vector<Publisher>>> Publishers::list(repo::RepoRef repo) {
  auto read = [id = repo->id](db::Tx& tx) -> Result<std::vector<Publisher>> {
    return store::of_repo(tx, id);
  };
  co_return co_await database_.read(read);
}

Task<Result<Publisher>> Publishers::add(Actor actor, repo::RepoRef repo, NewPublisher request) {
  auto write = [this, actor, id = repo->id, request](db::Tx& tx) -> Result<Publisher> {
    CAIRN_CHECK(repos_.recheck(tx, actor, id, access::Action::administer));
    CAIRN_CHECK(check_new(request, options_));
    Publisher row;
    row.repo = id;
    row.issuer = request.issuer;
    row.claims = request.claims;
    return insert(tx, actor, std::move(row));
  };
  co_return co_await database_.write(write);
}

Task<Result<>> Publishers::remove(Actor actor, repo::RepoRef repo, PublicId id) {
  auto write = [this, actor, repo_id = repo->id, id](db::Tx& tx) -> Result<> {
    CAIRN_CHECK(repos_.recheck(tx, actor, repo_id, access::Action::administer));
    for (const auto& row : store::of_repo(tx, repo_id)) {
      if (row.public_id != id) continue;
      tell(tx, actor, "publisher.removed", row);
      return end(tx, row);
    }
    return not_found();
  };
  co_return co_await database_.write(write);
}

Task<Result<std::vector<Publisher>>> Publishers::list(Actor actor, std::string owner) {
  auto read = [actor, owner](db::Tx& tx) -> Result<std::vector<Publisher>> {
    CAIRN_TRY(found, managed(tx, actor, owner));
    return store::of_owner(tx, found.id);
  };
  co_return co_await database_.read(read);
}

Task<Result<Publisher>> Publishers::add(Actor actor, std::string owner, NewPublisher request) {
  auto write = [this, actor, owner, request](db::Tx& tx) -> Result<Publisher> {
    CAIRN_TRY(found, managed(tx, actor, owner));
    CAIRN_CHECK(check_new(request, options_));
    tx.lock_row(db::Lockable::owner, found.id.value);
    Publisher row;
    row.owner = found.id;
    row.issuer = request.issuer;
    row.claims = request.claims;
    return insert(tx, actor, std::move(row));
  };
  co_return co_await database_.write(write);
}

Task<Result<>> Publishers::remove(Actor actor, std::string owner, PublicId id) {
  auto write = [this, actor, owner, id](db::Tx& tx) -> Result<> {
    CAIRN_TRY(found, managed(tx, actor, owner));
    for (const auto& row : store::of_owner(tx, found.id)) {
      if (row.public_id != id) continue;
      tell(tx, actor, "publisher.removed", row);
      return end(tx, row);
    }
    return not_found();
  };
  co_return co_await database_.write(write);
}

// ---- The exchange ------------------------------------------------------------------------------

namespace {

struct Wanted {
  std::vector<Publisher> publishers;
  std::optional<repo::Repo> repo;  ///< Empty: what is gated to the owner.
};

Wanted wanted_for(db::Tx& tx, const std::string& resource) {
  Wanted out;
  if (auto named = repo_named(resource)) {
    auto repo = repo::find_repo(tx, named->first, named->second);
    if (!repo) return out;
    out.publishers = store::of_repo(tx, repo->id);
    for (auto& row : store::of_owner(tx, repo->owner)) out.publishers.push_back(std::move(row));
    out.repo = std::move(*repo);
    return out;
  }
  auto owner =
      resource.contains('/') ? std::nullopt : std::optional(account::find_owner(tx, resource));
  if (owner && *owner && (*owner)->kind == OwnerKind::user)
    out.publishers = store::of_owner(tx, (*owner)->id);
  return out;
}

}  // namespace

Result<Exchanged> Publishers::issue(db::Tx& tx, const json::object& claims,
                                    const std::string& resource) {
  auto wanted = wanted_for(tx, resource);
  std::string issuer(claims.at("iss").get_string());
  for (const auto& publisher : wanted.publishers) {
    if (publisher.issuer != issuer || !match(publisher.claims, claims)) continue;
    auto user = account::find_user(tx, publisher.user);
    if (!user || user->disabled_at) continue;
    account::Scopes scopes{{std::string(permission::repo_access_read)}, {}};
    if (wanted.repo) scopes = scopes_of(*wanted.repo);
    auto actor = acting(*user, scopes);
    if (wanted.repo && !access::decide(tx, actor, access::Action::write, *wanted.repo).allowed())
      continue;

    account::NewToken token;
    token.name = "CI: " + std::string(truncate_utf8(resource, 90));
    token.role = account::TokenRole::fine_grained;
    token.scopes = std::move(scopes);
    token.expires_at = tx.now() + token_life;
    token.value = "hf_jwt_" + random_alphanumeric(43);
    token.delegated = true;
    CAIRN_TRY(made, account::create_token(tx, user->id, token));
    store::insert_token(tx, made.token.id, publisher.id, *token.expires_at);
    store::set_used(tx, publisher.id);
    tell(tx, actor, "publisher.used", publisher);
    return Exchanged{made.value, token_life.us / 1'000'000,
                     wanted.repo ? "write-repos" : "gated-repos"};
  }
  return nobody_trusts(resource);
}

Task<Result<Exchanged>> Publishers::exchange(std::string token, std::string resource) {
  auto refused = [](std::string why) {
    return fail(ErrorCode::invalid_argument, "InvalidGrant", std::move(why));
  };
  auto unproved = oauth::unverified_claims(token);
  auto* iss = unproved ? unproved->if_contains("iss") : nullptr;
  if (!iss || !iss->is_string() || iss->get_string().size() > issuer_bytes_max)
    co_return refused("The subject_token is no ID token of a CI platform.");
  std::string issuer(iss->get_string());
  // Only issuers that somebody here trusts are asked for anything, and the same for every resource:
  // how long it takes tells nothing about a repository.
  auto known = [issuer](db::Tx& tx) -> Result<bool> { return store::knows_issuer(tx, issuer); };
  CAIRN_CO_TRY(trusted, co_await database_.read(known));
  if (!trusted) co_return refused("No trusted publisher on this hub has the issuer of this token.");
  auto verify = [this, issuer, token] { return keys_->verify(issuer, token); };
  auto claims = co_await blocking_.run(verify);
  if (!claims && claims.error().code == ErrorCode::unavailable)
    co_return std::unexpected(claims.error());
  if (!claims) co_return refused(claims.error().message);
  if (auto good = check_claims(*claims, issuer, options_.public_url, clock_.now()); !good)
    co_return refused(good.error().message);
  auto write = [this, claims = *claims, resource](db::Tx& tx) {
    return issue(tx, claims, resource);
  };
  co_return co_await database_.write(write);
}

// ---- Upkeep ------------------------------------------------------------------------------------

Result<> Publishers::tidy(db::Tx& tx) {
  for (TokenId token : store::take_expired(tx, 500))
    if (auto known = account::find_token(tx, token))
      CAIRN_CHECK(accounts_.revoke_token(tx, known->user, token));
  return {};
}

void Publishers::owner_purged(db::Tx& tx, OwnerId owner) {
  for (PublisherId id : store::about_owner(tx, owner)) store::remove(tx, id);
}

}  // namespace cairn::publishers
