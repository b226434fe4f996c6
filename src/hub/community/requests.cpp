#include "hub/community/requests.h"

#include "base/text.h"
#include "hub/community/people_store.h"
#include "hub/repo/cursor.h"
#include "hub/repo/events.h"

namespace cairn::community {
namespace {

Failure no_request() {
  return fail(ErrorCode::invalid_argument, "NoAccessRequest",
              "This user has not asked for access here. Grant it directly instead.");
}

Result<> check_gated(const repo::Repo& repo) {
  if (repo.gating != Gating::none) return {};
  return fail(ErrorCode::invalid_argument, "NotGated",
              "The repository is not gated: whoever can see it can read it.");
}

/// The gated repository, for those who decide about access to it.
Result<repo::Repo> open_managed(db::Tx& tx, repo::Repos& repos, const Actor& actor, RepoId id) {
  CAIRN_TRY(current, repos.recheck(tx, actor, id, access::Action::write));
  CAIRN_CHECK(check_gated(current));
  return std::move(current);
}

bool may_read(db::Tx& tx, const Actor& actor, const repo::Repo& repo) {
  return access::decide(tx, actor, access::Action::read_content, repo).allowed();
}

Result<account::User> find_requester(db::Tx& tx, RepoId repo, const Requester& who) {
  if (who.name) return account::find_user(tx, *who.name);
  if (who.user) return account::find_user(tx, *who.user);
  if (!who.request)
    return fail(ErrorCode::invalid_argument, "InvalidRequest",
                "Name one of \"user\", \"userId\" and \"requestId\".");
  auto found = access::find_request(tx, repo, *who.request);
  if (!found) return no_request();
  return account::find_user(tx, found->user);
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

Result<> check_reason(const Decision& decision) {
  if (!decision.reason) return {};
  if (decision.state != GrantState::rejected)
    return fail(ErrorCode::invalid_argument, "InvalidRequest",
                "\"rejectionReason\" goes with the status rejected only.");
  bool sound = is_valid_utf8(*decision.reason) && !decision.reason->contains('\0') &&
               characters(*decision.reason) <= access::rejection_reason_chars_max;
  if (sound) return {};
  return fail(ErrorCode::invalid_argument, "InvalidRequest",
              "\"rejectionReason\" is a text of at most 200 characters.");
}

void tell_decided(db::Tx& tx, const Actor& actor, const repo::Repo& repo, const account::User& user,
                  const AccessMail& mail, GrantState state,
                  const std::optional<std::string>& reason = {}) {
  mail.decided(tx, repo, user, state, reason);
  repo::append_event(
      tx, actor, repo, "access.decided",
      {{"user", user.public_id.hex}, {"status", json::string_view(access::to_string(state))}});
}

Result<> decide_in(db::Tx& tx, const Actor& actor, const repo::Repo& repo, const AccessMail& mail,
                   const Decision& decision) {
  CAIRN_CHECK(check_reason(decision));
  CAIRN_TRY(user, find_requester(tx, repo.id, decision.who));
  auto request = access::find_request(tx, repo.id, user.id);
  if (!request) return no_request();
  if (request->state == decision.state)
    return fail(ErrorCode::not_found, "AccessRequestUnchanged",
                "The request is " + std::string(access::to_string(decision.state)) + " already.");
  access::set_grant(tx, repo.id, user.id, decision.state, repo::user_of(actor), decision.reason);
  tell_decided(tx, actor, repo, user, mail, decision.state, decision.reason);
  return {};
}

std::optional<account::User> decider_of(db::Tx& tx, const access::Request& row) {
  if (!row.decided_by) return std::nullopt;
  auto found = account::find_user(tx, *row.decided_by);
  if (!found) return std::nullopt;
  return std::move(*found);
}

/// Deleted accounts have no requests.
std::optional<AccessRequest> whole(db::Tx& tx, access::Request row) {
  auto user = account::find_user(tx, row.user);
  if (!user) return std::nullopt;
  auto decider = decider_of(tx, row);
  return AccessRequest{std::move(row), std::move(*user), std::move(decider), {}};
}

}  // namespace

Task<Result<GrantState>> Requests::ask(Actor actor, RepoRef repo, json::object answers) {
  CAIRN_CO_TRY(card, co_await repos_.card(repo));
  auto form = gate_form(card->data);
  auto* repos = &repos_;
  auto* mail = &mail_;
  auto write = [=](db::Tx& tx) -> Result<GrantState> {
    CAIRN_TRY(current, repos->recheck(tx, actor, repo->id, access::Action::discuss));
    CAIRN_CHECK(check_gated(current));
    if (!actor.has_user() || may_read(tx, actor, current))
      return fail(ErrorCode::conflict, "AccessGranted", "You have access to this repository.");
    auto before = access::find_request(tx, current.id, actor.user);
    if (before && before->state == GrantState::rejected)
      return fail(ErrorCode::forbidden, "AccessRejected",
                  "Your request for access was rejected. Its owner can take that back.");
    CAIRN_TRY(kept, check_answers(form, answers));
    auto state = current.gating == Gating::automatic ? GrantState::accepted : GrantState::pending;
    auto fields = kept.empty() ? std::string() : json::serialize(kept);
    access::put_request(tx, current.id, actor.user, fields, state);
    repo::append_event(tx, actor, current, "access.requested",
                       {{"status", json::string_view(access::to_string(state))}});
    if (state == GrantState::pending) {
      CAIRN_TRY(user, account::find_user(tx, actor.user));
      mail->asked(tx, current, user);
    }
    return state;
  };
  co_return co_await database_.write(write);
}

Task<Result<>> Requests::cancel(Actor actor, RepoRef repo) {
  auto* repos = &repos_;
  auto write = [=](db::Tx& tx) -> Result<> {
    CAIRN_TRY(current, repos->recheck(tx, actor, repo->id, access::Action::discuss));
    CAIRN_CHECK(check_gated(current));
    auto request = access::find_request(tx, current.id, actor.user);
    if (!request || request->state != GrantState::pending)
      return fail(ErrorCode::invalid_argument, "NoAccessRequest",
                  "You have no undecided request here.");
    access::remove_request(tx, current.id, actor.user);
    repo::append_event(tx, actor, current, "access.cancelled");
    return {};
  };
  co_return co_await database_.write(write);
}

Task<Result<std::optional<access::Request>>> Requests::own(Actor actor, RepoRef repo) {
  auto read = [=](db::Tx& tx) -> Result<std::optional<access::Request>> {
    if (!actor.has_user()) return std::optional<access::Request>{};
    return access::find_request(tx, repo->id, actor.user);
  };
  co_return co_await database_.read(read);
}

Task<Result<RequestPage>> Requests::list(Actor actor, RepoRef repo, std::optional<GrantState> state,
                                         int limit, std::optional<std::string> cursor) {
  auto filters =
      std::to_string(repo->id.value) + "/" + std::string(state ? access::to_string(*state) : "all");
  std::optional<access::RequestPlace> after;
  if (cursor) {
    CAIRN_CO_TRY(place, repo::open_cursor(keyring_, "access", filters, *cursor, 2));
    if (!place[0].is_int64() || !place[1].is_int64()) co_return repo::invalid_cursor();
    after = access::RequestPlace{Time{place[0].get_int64()}, UserId{place[1].get_int64()}};
  }
  auto* keyring = &keyring_;
  auto read = [=](db::Tx& tx) -> Result<RequestPage> {
    auto current = repo::find_repo(tx, repo->id);
    if (!current) return fail(access::hidden(actor));
    CAIRN_CHECK(access::check(tx, actor, access::Action::write, *current));
    CAIRN_CHECK(check_gated(*current));
    RequestPage page;
    auto rows = access::list_requests(tx, repo->id, state, after, limit + 1);
    bool more = rows.size() > static_cast<std::size_t>(limit);
    if (more) rows.pop_back();
    if (more)
      page.next =
          repo::seal_cursor(*keyring, "access", filters,
                            json::array{rows.back().requested_at.us, rows.back().user.value});
    for (auto& row : rows)
      if (auto request = whole(tx, std::move(row))) page.requests.push_back(std::move(*request));
    return page;
  };
  co_return co_await database_.read(read);
}

Task<Result<>> Requests::decide(Actor actor, RepoRef repo, Decision decision) {
  auto* repos = &repos_;
  auto* mail = &mail_;
  auto write = [=](db::Tx& tx) -> Result<> {
    CAIRN_TRY(current, open_managed(tx, *repos, actor, repo->id));
    return decide_in(tx, actor, current, *mail, decision);
  };
  co_return co_await database_.write(write);
}

Task<Result<std::vector<Result<>>>> Requests::decide_all(Actor actor, RepoRef repo,
                                                         std::vector<Decision> decisions) {
  if (decisions.size() > decisions_max)
    co_return fail(ErrorCode::too_large, "TooManyRequests", "Decide about at most 100 at once.");
  auto* repos = &repos_;
  auto* mail = &mail_;
  // `decide_in` fails before it writes, so an outcome that is an error leaves nothing behind.
  auto write = [=](db::Tx& tx) -> Result<std::vector<Result<>>> {
    CAIRN_TRY(current, open_managed(tx, *repos, actor, repo->id));
    std::vector<Result<>> outcomes;
    for (const auto& decision : decisions)
      outcomes.push_back(decide_in(tx, actor, current, *mail, decision));
    return outcomes;
  };
  co_return co_await database_.write(write);
}

Task<Result<>> Requests::grant(Actor actor, RepoRef repo, Requester who) {
  auto* repos = &repos_;
  auto* mail = &mail_;
  auto write = [=](db::Tx& tx) -> Result<> {
    CAIRN_TRY(current, open_managed(tx, *repos, actor, repo->id));
    CAIRN_TRY(user, find_requester(tx, current.id, who));
    Actor as_user;
    as_user.kind = account::ActorKind::user;
    as_user.user = user.id;
    as_user.user_name = user.name;
    if (may_read(tx, as_user, current))
      return fail(ErrorCode::invalid_argument, "AccessGranted",
                  user.name + " has access to this repository already.");
    access::set_grant(tx, current.id, user.id, GrantState::accepted, repo::user_of(actor));
    tell_decided(tx, actor, current, user, *mail, GrantState::accepted);
    return {};
  };
  co_return co_await database_.write(write);
}

Task<Result<RequestPage>> Requests::to_decide(Actor actor, int limit,
                                              std::optional<std::string> cursor) {
  if (!actor.has_user())
    co_return fail(ErrorCode::unauthenticated, "Unauthenticated",
                   "Nobody is signed in. Send an access token in the Authorization header.");
  auto filters = std::to_string(actor.user.value);
  std::optional<store::OpenRequest> after;
  if (cursor) {
    CAIRN_CO_TRY(place, repo::open_cursor(keyring_, "access-open", filters, *cursor, 3));
    for (const auto& value : place)
      if (!value.is_int64()) co_return repo::invalid_cursor();
    after = store::OpenRequest{Time{place[0].get_int64()}, RepoId{place[1].get_int64()},
                               UserId{place[2].get_int64()}};
  }
  auto* keyring = &keyring_;
  auto read = [=](db::Tx& tx) -> Result<RequestPage> {
    RequestPage page;
    auto owners = access::list_filter(tx, actor).owners_json();
    auto rows = store::open_requests(tx, owners, after, limit + 1);
    bool more = rows.size() > static_cast<std::size_t>(limit);
    if (more) rows.pop_back();
    if (more) {
      const auto& last = rows.back();
      page.next =
          repo::seal_cursor(*keyring, "access-open", filters,
                            json::array{last.requested_at.us, last.repo.value, last.user.value});
    }
    for (const auto& row : rows) {
      auto repo = repo::find_repo(tx, row.repo);
      if (!repo || !access::decide(tx, actor, access::Action::write, *repo).allowed()) continue;
      auto request = access::find_request(tx, row.repo, row.user);
      auto shown = request ? whole(tx, std::move(*request)) : std::nullopt;
      if (!shown) continue;
      shown->repo = std::move(*repo);
      page.requests.push_back(std::move(*shown));
    }
    return page;
  };
  co_return co_await database_.read(read);
}

}  // namespace cairn::community
