#include "hub/community/activity.h"

#include <algorithm>
#include <map>

#include "hub/community/people_store.h"

namespace cairn::community {
namespace {

constexpr int limit_max = 100;
/// Organizations whose events "mine" joins: whoever is in more reads them one by one.
constexpr std::size_t owners_max = 200;
/// Events looked at for one page; a page may be short, and another follow it.
constexpr int scanned_max = 500;

/// What of an event is told. Everything else in it is the hub's own.
struct Shown {
  std::string_view type;
  std::vector<std::string_view> keys;
  bool for_members_only = false;  ///< Of the owner: the repository itself may be gone.
};
const std::vector<Shown>& shown_types() {
  static const std::vector<Shown> all = {
      {"repo.created", {}},
      {"repo.commit", {"ref", "new", "title"}},
      {"repo.ref.created", {"ref", "new"}},
      {"repo.ref.moved", {"ref", "new"}},
      {"repo.ref.deleted", {"ref"}},
      {"repo.default_branch.changed", {"from", "to"}},
      {"repo.moved", {"from"}},
      {"repo.updated", {"visibility"}},
      {"repo.liked", {}},
      {"repo.restored", {}},
      {"repo.deleted", {}, true},
      {"repo.purged", {}, true},
      {"discussion.created", {"number", "title", "isPullRequest"}},
      {"discussion.comment", {"number", "title", "isPullRequest", "comment"}},
      {"discussion.status", {"number", "title", "isPullRequest", "status"}},
      {"discussion.title", {"number", "title", "isPullRequest", "from"}},
      {"discussion.merged", {"number", "title", "isPullRequest", "commit"}},
  };
  return all;
}

const Shown* find_shown(std::string_view type) {
  auto at = std::ranges::find(shown_types(), type, &Shown::type);
  return at == shown_types().end() ? nullptr : &*at;
}

/// Decides and shapes, with each repository read once.
class Delivery {
 public:
  Delivery(db::Tx& tx, const Actor& actor)
      : tx_(tx), actor_(actor), filter_(access::list_filter(tx, actor)) {}

  std::optional<Activity> deliver(const event::Event& in) {
    const auto* shown = find_shown(in.type);
    if (!shown || !in.repo_id) return std::nullopt;
    const auto& repo = find(RepoId{*in.repo_id});
    if (shown->for_members_only ? !is_member(in) : !may_see(repo, in)) return std::nullopt;
    Activity out;
    out.id = in.id();
    out.type = in.type;
    out.time = in.time;
    out.actor = in.actor.name;
    out.repo_kind = parse_repo_kind(in.repo_kind).value_or(RepoKind::model);
    out.repo = repo ? repo->name : in.repo_name;
    for (auto key : shown->keys)
      if (auto* value = in.data.if_contains(key)) out.data[key] = *value;
    return out;
  }

 private:
  const std::optional<repo::Repo>& find(RepoId id) {
    auto [at, is_new] = repos_.try_emplace(id.value);
    if (is_new) at->second = repo::find_repo(tx_, id);
    return at->second;
  }
  bool is_member(const event::Event& in) const {
    if (filter_.everything) return true;
    return in.owner_id && std::ranges::count(filter_.owners, OwnerId{*in.owner_id}) > 0;
  }
  bool may_see(const std::optional<repo::Repo>& repo, const event::Event& in) {
    if (!repo) return false;
    auto facts = *repo;
    if (in.visibility == to_string(Visibility::private_)) facts.visibility = Visibility::private_;
    // Titles of commits and names of branches are part of the history.
    bool history = in.type == "repo.commit" || in.type.starts_with("repo.ref.");
    auto action = history ? access::Action::list_files : access::Action::see;
    return access::decide(tx_, actor_, action, facts).allowed();
  }

  db::Tx& tx_;
  const Actor& actor_;
  access::ListFilter filter_;
  std::map<std::int64_t, std::optional<repo::Repo>> repos_;
};

ActivityPage page_of(db::Tx& tx, const Actor& actor, const ActivityQuery& query,
                     const event::Subjects& subjects) {
  ActivityPage page;
  Delivery delivery(tx, actor);
  auto limit = static_cast<std::size_t>(std::clamp(query.limit, 1, limit_max));
  auto events = event::latest_events(tx, subjects, query.before, scanned_max);
  for (const auto& one : events) {
    if (auto shown = delivery.deliver(one)) page.events.push_back(std::move(*shown));
    if (page.events.size() < limit && &one != &events.back()) continue;
    bool more = &one != &events.back() || events.size() == scanned_max;
    if (more) page.next = one.id();
    break;
  }
  return page;
}

Failure signed_out() {
  return fail(ErrorCode::unauthenticated, "Unauthenticated",
              "Nobody is signed in. Send an access token in the Authorization header.");
}

}  // namespace

Task<Result<ActivityPage>> ActivityFeed::of_repo(Actor actor, RepoRef repo, ActivityQuery query) {
  auto read = [=](db::Tx& tx) -> Result<ActivityPage> {
    return page_of(tx, actor, query, {.repo = repo->id.value, .owners = {}});
  };
  co_return co_await database_.read(read);
}

Task<Result<ActivityPage>> ActivityFeed::of_owner(Actor actor, std::string name,
                                                  ActivityQuery query) {
  auto read = [=](db::Tx& tx) -> Result<ActivityPage> {
    CAIRN_TRY(owner, account::find_owner(tx, name));
    return page_of(tx, actor, query, {.repo = {}, .owners = {owner.id.value}});
  };
  co_return co_await database_.read(read);
}

Task<Result<ActivityPage>> ActivityFeed::mine(Actor actor, ActivityQuery query) {
  if (!actor.has_user()) co_return signed_out();
  auto read = [=](db::Tx& tx) -> Result<ActivityPage> {
    event::Subjects subjects;
    for (auto owner : access::list_filter(tx, actor).owners)
      if (subjects.owners.size() < owners_max) subjects.owners.push_back(owner.value);
    auto page = page_of(tx, actor, query, subjects);
    page.seen = store::seen_until(tx, actor.user);
    return page;
  };
  co_return co_await database_.read(read);
}

Task<Result<>> ActivityFeed::set_seen(Actor actor, std::int64_t event) {
  if (!actor.has_user()) co_return signed_out();
  auto write = [=](db::Tx& tx) -> Result<> {
    store::set_seen(tx, actor.user, event);
    return {};
  };
  co_return co_await database_.write(write);
}

}  // namespace cairn::community
