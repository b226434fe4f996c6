#include "hub/repo/repos.h"

#include "base/names.h"
#include "base/text.h"
#include "hub/repo/events.h"
#include "hub/repo/files_parts.h"
#include "hub/repo/list_store.h"
#include "hub/repo/parts.h"
#include "hub/repo/store.h"

namespace cairn::repo {
namespace {

/// The decision, where it takes no database: nobody's rows matter for strangers and for the hub
/// itself, and whoever owns a repository has every right there.
std::optional<access::Decision> decide_in_memory(const Actor& actor, Action action,
                                                 const Repo& repo) {
  if (actor.kind == access::ActorKind::anonymous || actor.is_system())
    return access::decide(actor, action, repo, access::Standing{});
  if (!actor.has_user()) return std::nullopt;
  access::Standing standing;
  bool own = repo.owner_kind == OwnerKind::user && repo.owner == owner_of(actor.user);
  if (own) standing.role = access::Role::admin;
  auto decision = access::decide(actor, action, repo, standing);
  if (own || decision.allowed()) return decision;
  return std::nullopt;
}

/// An old name leads on when the target may be seen; what may be done there is asked at its own.
Action action_for(const Found& found, Action action) {
  return found.moved ? Action::see : action;
}

}  // namespace

std::optional<std::pair<Repo, bool>> look_up(db::Tx& tx, RepoKind kind, std::string_view text) {
  auto by_name = [&](std::string_view full) -> std::optional<std::pair<Repo, bool>> {
    auto name = parse_repo_name(full);
    if (!name) return std::nullopt;
    if (auto repo = store::find(tx, kind, name->key())) return std::pair(std::move(*repo), false);
    auto old = store::redirected(tx, kind, name_key(name->owner), name_key(name->name));
    if (old)
      if (auto repo = store::find(tx, *old)) return std::pair(std::move(*repo), true);
    if (auto owner = account::find_renamed_owner(tx, name->owner)) {
      RepoName now{owner->name, name->name};
      if (auto repo = store::find(tx, kind, now.key())) return std::pair(std::move(*repo), true);
    }
    return std::nullopt;
  };
  if (auto found = by_name(text)) return found;
  if (text.size() > 200 || !is_valid_utf8(text) || text.contains('\0')) return std::nullopt;
  auto target = account::find_alias(tx, kind, text);
  if (!target) return std::nullopt;
  auto found = by_name(*target);
  if (found) found->second = true;
  return found;
}

Repos::Repos(db::Database& database, history::History& history, const Keyring& keyring,
             Blocking& blocking, const Clock& clock, Options options)
    : parts_(new Parts{
          .database = database,
          .history = history,
          .keyring = keyring,
          .blocking = blocking,
          .clock = clock,
          .options = options,
          // DESIGN 3.7: between nodes, entries live one second.
          .cache = {options.cached_repos_max,
                    database.engine() == db::Engine::sqlite ? Duration{} : seconds(1)}}) {}
Repos::~Repos() = default;

std::optional<Repo> find_repo(db::Tx& tx, RepoKind kind, std::string_view name) {
  auto found = look_up(tx, kind, name);
  if (!found) return std::nullopt;
  return std::move(found->first);
}

const Options& Repos::options() const {
  return parts_->options;
}

void Repos::Parts::forget_after_commit(db::Tx& tx, RepoKind kind, std::string full_key, RepoId id) {
  store::note_change(tx, id);
  auto forget = [this, kind, full_key = std::move(full_key), id] {
    cache.forget(kind, full_key, id);
    lists.changed(id);
  };
  tx.after_commit(forget);
}

void Repos::forget_after_commit(db::Tx& tx, const Repo& repo) {
  RepoName name{repo.owner_name, repo.short_name};
  parts_->forget_after_commit(tx, repo.kind, name.key(), repo.id);
}

void Repos::when_purged(Forget forget) {
  parts_->when_purged.push_back(std::move(forget));
}

void Repos::forget_everything_after_commit(db::Tx& tx) {
  auto forget = [this] { parts_->cache.forget_all(); };
  tx.after_commit(forget);
}

void Repos::owner_changed(db::Tx& tx, OwnerId owner) {
  forget_everything_after_commit(tx);
  auto row = account::find_owner(tx, owner);
  for (RepoId id : store::of_owner(tx, owner)) {
    parts_->list_after_commit(tx, id);
    auto repo = row ? store::find(tx, id) : std::nullopt;
    if (repo) store::set_full_key(tx, id, RepoName{row->name, repo->short_name}.key());
  }
}

void Repos::owner_purged(db::Tx& tx, OwnerId owner) {
  forget_everything_after_commit(tx);
  for (RepoId id : store::of_owner(tx, owner)) parts_->list_after_commit(tx, id);
  store::mark_owner_purged(tx, owner);
}

void Repos::Parts::list_after_commit(db::Tx& tx, RepoId id) {
  store::note_change(tx, id);
  tx.after_commit([this, id] { lists.changed(id); });
}

std::optional<Result<Found>> Repos::cached_find(const Actor& actor, RepoKind kind,
                                                std::string_view name, Action action) {
  auto found = parts_->cache.find(kind, name_key(name));
  if (!found) return std::nullopt;
  auto decision = decide_in_memory(actor, action_for(*found, action), *found->repo);
  if (!decision) return std::nullopt;
  if (decision->error) return Result<Found>(std::unexpected(std::move(*decision->error)));
  return Result<Found>(std::move(*found));
}

Task<Result<Found>> Repos::find(Actor actor, RepoKind kind, std::string name, Action action) {
  if (auto known = cached_find(actor, kind, name, action)) co_return std::move(*known);
  auto begun = parts_->cache.begin();
  struct Answer {
    Found found;
    std::optional<Error> refused;
  };
  auto read = [actor, kind, name, action](db::Tx& tx) -> Result<Answer> {
    auto hit = look_up(tx, kind, name);
    if (!hit) return fail(access::hidden(actor));
    Answer answer{{std::make_shared<const Repo>(std::move(hit->first)), hit->second}, {}};
    auto wanted = action_for(answer.found, action);
    answer.refused = access::decide(tx, actor, wanted, *answer.found.repo).error;
    return answer;
  };
  CAIRN_CO_TRY(answer, co_await parts_->database.read(read));
  parts_->cache.put(kind, name_key(name), answer.found, begun);
  if (answer.refused) co_return std::unexpected(std::move(*answer.refused));
  co_return std::move(answer.found);
}

Result<Repo> Repos::recheck(db::Tx& tx, const Actor& actor, RepoId id, Action action) {
  tx.lock_row(db::Lockable::repo, id.value);
  auto repo = store::find(tx, id);
  if (!repo) return fail(access::hidden(actor));
  CAIRN_CHECK(access::check(tx, actor, action, *repo));
  return std::move(*repo);
}

Result<OwnerId> allow_user(db::Tx& tx, RepoId repo, UserId user, Action action) {
  Actor actor = action == Action::read_content ? Actor::anonymous() : Actor::system();
  if (user.value != 0) {
    auto row = account::find_user(tx, user);
    if (!row || row->disabled_at) return fail(access::hidden(Actor::anonymous()));
    actor = Actor::anonymous();
    actor.kind = account::ActorKind::user;
    actor.user = user;
    actor.user_name = row->name;
    actor.user_public_id = row->public_id;
  }
  auto found = store::find(tx, repo);
  if (!found) return fail(access::hidden(actor));
  CAIRN_CHECK(access::check(tx, actor, action, *found));
  return found->owner;
}

void raise_gc_epoch(db::Tx& tx, RepoId repo) {
  store::raise_gc_epoch(tx, repo);
}

// ---- Reading -----------------------------------------------------------------------------------

std::optional<CardRef> Repos::cached_card(const Repo& repo) const {
  if (auto card = parts_->cache.card(repo)) return card;
  return std::nullopt;
}

Task<Result<CardRef>> Repos::card(RepoRef repo) {
  if (auto known = parts_->cache.card(*repo)) co_return known;
  auto begun = parts_->cache.begin();
  auto read = [repo](db::Tx& tx) -> Result<CardInfo> {
    return store::card(tx, repo->id, repo->kind);
  };
  CAIRN_CO_TRY(card, co_await parts_->database.read(read));
  auto shared = std::make_shared<const CardInfo>(std::move(card));
  parts_->cache.put_card(*repo, shared, begun);
  co_return shared;
}

Task<Result<Info>> Repos::info(RepoRef repo, std::string revision, InfoParts parts) {
  Info info;
  info.repo = repo;
  CAIRN_CO_TRY(card, co_await this->card(repo));
  info.card = std::move(card);
  if (revision.empty()) revision = repo->default_branch;
  if (auto known = parts_->history.cached_resolve(repo->id, revision, repo->default_branch)) {
    info.commit = std::make_shared<const history::CommitInfo>(std::move(*known));
  } else {
    auto* history = &parts_->history;
    auto read = [history, repo, revision](db::Tx& tx) {
      return resolve_in(tx, *history, *repo, revision);
    };
    CAIRN_CO_TRY(commit, co_await parts_->database.read(read));
    info.commit = std::make_shared<const history::CommitInfo>(std::move(commit));
  }
  if (parts.siblings) {
    CAIRN_CO_TRY(siblings, co_await this->siblings(info.commit));
    info.siblings = std::move(siblings);
  }
  co_return info;
}

}  // namespace cairn::repo
