#include "hub/community/discussions.h"

#include "base/text.h"
#include "hub/community/merge.h"
#include "hub/community/rules.h"
#include "hub/community/store.h"
#include "hub/repo/events.h"

namespace cairn::community {
namespace {

Failure no_discussion(std::int64_t number) {
  return fail(ErrorCode::not_found, "DiscussionNotFound",
              "There is no discussion " + std::to_string(number) + " here.");
}

Failure no_comment() {
  return fail(ErrorCode::not_found, "CommentNotFound", "There is no comment of this id here.");
}

/// What a change works on, read in its transaction.
struct Opened {
  repo::Repo repo;
  Discussion discussion;
};

Result<Opened> open_for(db::Tx& tx, repo::Repos& repos, const Actor& actor, RepoId id,
                        std::int64_t number, Action action) {
  CAIRN_TRY(current, repos.recheck(tx, actor, id, action));
  auto found = store::find(tx, id, number);
  if (!found) return no_discussion(number);
  return Opened{std::move(current), std::move(*found)};
}

/// For what the author of the discussion may, and whoever may write.
Result<Opened> open_own(db::Tx& tx, repo::Repos& repos, const Actor& actor, RepoId id,
                        std::int64_t number) {
  CAIRN_TRY(opened, open_for(tx, repos, actor, id, number, Action::discuss));
  if (!is_author(actor, opened.discussion))
    CAIRN_CHECK(access::check(tx, actor, Action::write, opened.repo));
  return std::move(opened);
}

Result<Event> open_comment(db::Tx& tx, const Opened& opened, const PublicId& id) {
  auto found = store::find_event(tx, opened.discussion.row, id);
  if (!found || found->kind != EventKind::comment) return no_comment();
  return std::move(*found);
}

Event add_comment(db::Tx& tx, const Actor& actor, const Opened& opened, const std::string& text) {
  auto made = store::add_event(tx, opened.discussion.row, EventKind::comment, repo::user_of(actor),
                               text, {});
  tell(tx, actor, opened.repo, "discussion.comment", opened.discussion, {{"comment", made.id.hex}});
  return made;
}

/// Heads of a pull request and its target, with what they come from.
struct Sides {
  history::CommitInfo source, target, base;
};

Result<Sides> sides_of(db::Tx& tx, history::History& history, const Discussion& discussion) {
  auto source = history.find_ref(tx, discussion.repo, repo::pull_request_ref(discussion.number));
  auto target = history.find_ref(tx, discussion.repo, discussion.target);
  if (!source || !target)
    return fail(ErrorCode::conflict, "MergeConflict",
                "The branch " + (source ? discussion.target : "of the pull request") +
                    " does not exist any more.");
  Sides sides;
  auto of_source = history.find_commit(tx, discussion.repo, source->commit);
  auto of_target = history.find_commit(tx, discussion.repo, target->commit);
  if (!of_source || !of_target)
    return fail(ErrorCode::corrupt, "CommitMissing", "The head of a branch has no commit row.");
  auto base = merge_base(tx, history, discussion.repo, *of_source, *of_target);
  if (!base)
    return fail(ErrorCode::unprocessable, "MergeConflict",
                "The pull request and " + discussion.target +
                    " have no common commit near enough. Bring the changes to a new one.");
  return Sides{std::move(*of_source), std::move(*of_target), std::move(*base)};
}

}  // namespace

Discussions::Discussions(db::Database& database, history::History& history, repo::Repos& repos,
                         repo::Commits& commits, Blocking& blocking)
    : database_(database),
      history_(history),
      repos_(repos),
      commits_(commits),
      blocking_(blocking) {}

// ---- Reading -----------------------------------------------------------------------------------

Task<Result<DiscussionPage>> Discussions::list(RepoRef repo, DiscussionQuery query) {
  // Pages are found by counting from the newest: nobody reads ten thousand of them.
  if (query.page < 0 || query.page > 10'000)
    co_return fail(ErrorCode::invalid_argument, "InvalidQuery", "`p` is a page from 0 to 10000.");
  if (query.search &&
      (query.search->size() > 256 || !is_valid_utf8(*query.search) || query.search->contains('\0')))
    co_return fail(ErrorCode::invalid_argument, "InvalidQuery",
                   "`search` is a text of at most 256 bytes.");
  auto read = [repo, query](db::Tx& tx) -> Result<DiscussionPage> {
    std::optional<UserId> author;
    if (query.author) {
      auto user = account::find_user(tx, *query.author);
      author = user ? user->id : UserId{0};
    }
    return store::list(tx, repo->id, query, author);
  };
  co_return co_await database_.read(read);
}

Task<Result<DiscussionDetails>> Discussions::details(Actor actor, RepoRef repo,
                                                     std::int64_t number) {
  auto* history = &history_;
  struct Read {
    DiscussionDetails details;
    std::optional<Sides> sides;
    bool lists_files = false;
  };
  auto read = [actor, repo, number, history](db::Tx& tx) -> Result<Read> {
    auto found = store::find(tx, repo->id, number);
    if (!found) return no_discussion(number);
    Read out;
    out.details.discussion = std::move(*found);
    const auto& discussion = out.details.discussion;
    out.details.events = store::events(tx, discussion.row, events_max);
    auto current = repo::find_repo(tx, repo->id);
    out.lists_files = current && access::decide(tx, actor, Action::list_files, *current).allowed();
    if (!out.lists_files)
      std::erase_if(out.details.events,
                    [](const Event& event) { return event.kind == EventKind::commit; });
    bool alive = discussion.status == Status::open || discussion.status == Status::draft;
    if (!discussion.is_pull_request || !alive) return out;
    auto heads = sides_of(tx, *history, discussion);
    if (heads) out.sides = std::move(*heads);
    // Without a way to bring them together there is a conflict, and no path to name.
    out.details.conflicts = !heads.has_value();
    return out;
  };
  CAIRN_CO_TRY(found, co_await database_.read(read));
  if (!found.sides) co_return std::move(found.details);
  auto compare = [history, heads = *found.sides] {
    return plan_merge(*history, heads.base, heads.source, heads.target);
  };
  auto plan = co_await blocking_.run(compare);
  if (!plan || (!found.lists_files && !plan->conflicts.empty()))
    found.details.conflicts = true;
  else if (!plan->conflicts.empty())
    found.details.conflicts = std::move(plan->conflicts);
  co_return std::move(found.details);
}

// ---- Changing ----------------------------------------------------------------------------------

Task<Result<std::int64_t>> Discussions::create(Actor actor, RepoRef repo, NewDiscussion request) {
  CAIRN_CO_TRY(title, check_title(request.title));
  CAIRN_CO_TRY(text, check_comment(request.description));
  bool is_pull_request = request.pull_request;
  auto* repos = &repos_;
  auto* history = &history_;
  auto write = [=](db::Tx& tx) -> Result<std::int64_t> {
    auto action = is_pull_request ? Action::create_pr : Action::discuss;
    CAIRN_TRY(current, repos->recheck(tx, actor, repo->id, action));
    CAIRN_CHECK(check_new(tx, actor, current));
    tx.lock_row(db::Lockable::repo, current.id.value);
    store::Insert row{current.id, repo::user_of(actor), title, Status::open, {}};
    if (is_pull_request) {
      row.status = Status::draft;
      row.target = "refs/heads/" + current.default_branch;
    }
    auto made = store::insert(tx, row);
    if (is_pull_request) {
      auto head = history->find_ref(tx, current.id, *row.target);
      if (!head)
        return fail(ErrorCode::not_found, "RevisionNotFound",
                    "Invalid rev id: " + current.default_branch);
      CAIRN_CHECK(history->move_ref(tx, current.id, repo::pull_request_ref(made.number),
                                    std::nullopt, head->commit, repo::ref_actor(actor),
                                    "pull_request"));
    }
    (void)store::add_event(tx, made.row, EventKind::comment, row.author, text, {});
    tell(tx, actor, current, "discussion.created", made);
    return made.number;
  };
  co_return co_await database_.write(write);
}

Task<Result<Event>> Discussions::comment(Actor actor, RepoRef repo, std::int64_t number,
                                         std::string text) {
  CAIRN_CO_TRY(body, check_comment(text));
  auto* repos = &repos_;
  auto write = [=](db::Tx& tx) -> Result<Event> {
    CAIRN_TRY(opened, open_for(tx, *repos, actor, repo->id, number, Action::discuss));
    CAIRN_CHECK(check_talk(tx, actor, opened.repo));
    if (opened.discussion.comments >= comments_max)
      return fail(ErrorCode::conflict, "DiscussionFull",
                  "The discussion has 2000 comments. Open another.");
    return add_comment(tx, actor, opened, body);
  };
  co_return co_await database_.write(write);
}

Task<Result<Event>> Discussions::rename(Actor actor, RepoRef repo, std::int64_t number,
                                        std::string title) {
  CAIRN_CO_TRY(wanted, check_title(title));
  auto* repos = &repos_;
  auto write = [=](db::Tx& tx) -> Result<Event> {
    CAIRN_TRY(opened, open_own(tx, *repos, actor, repo->id, number));
    auto& discussion = opened.discussion;
    json::object data{{"from", discussion.title}, {"to", wanted}};
    store::set_title(tx, discussion.row, wanted);
    auto old = std::exchange(discussion.title, wanted);
    tell(tx, actor, opened.repo, "discussion.title", discussion, {{"from", old}});
    return store::add_event(tx, discussion.row, EventKind::title_change, repo::user_of(actor), "",
                            data);
  };
  co_return co_await database_.write(write);
}

Task<Result<Event>> Discussions::set_open(Actor actor, RepoRef repo, std::int64_t number, bool open,
                                          std::string comment) {
  std::string text;
  if (!trim(comment).empty()) {
    CAIRN_CO_TRY(body, check_comment(comment));
    text = body;
  }
  auto* repos = &repos_;
  auto write = [=](db::Tx& tx) -> Result<Event> {
    CAIRN_TRY(opened, open_own(tx, *repos, actor, repo->id, number));
    const auto& discussion = opened.discussion;
    auto wanted = open ? Status::open : Status::closed;
    if (discussion.status == Status::merged)
      return fail(ErrorCode::conflict, "PullRequestMerged",
                  "The pull request is merged, and stays so. Open another for further changes.");
    if (discussion.status == wanted)
      return fail(ErrorCode::conflict, "DiscussionUnchanged",
                  "The discussion is " + std::string(to_string(wanted)) + " already.");
    if (!text.empty()) (void)add_comment(tx, actor, opened, text);
    store::set_status(tx, discussion.row, wanted, std::nullopt);
    json::object data{{"status", json::string_view(to_string(wanted))}};
    tell(tx, actor, opened.repo, "discussion.status", discussion, data);
    return store::add_event(tx, discussion.row, EventKind::status_change, repo::user_of(actor), "",
                            data);
  };
  co_return co_await database_.write(write);
}

Task<Result<Event>> Discussions::edit_comment(Actor actor, RepoRef repo, std::int64_t number,
                                              PublicId comment, std::string text) {
  CAIRN_CO_TRY(body, check_comment(text));
  auto* repos = &repos_;
  auto write = [=](db::Tx& tx) -> Result<Event> {
    CAIRN_TRY(opened, open_for(tx, *repos, actor, repo->id, number, Action::discuss));
    CAIRN_TRY(found, open_comment(tx, opened, comment));
    if (!actor.has_user() || found.author_id != actor.user)
      return fail(ErrorCode::forbidden, "Forbidden", "Only its author edits a comment.");
    if (found.hidden_at)
      return fail(ErrorCode::conflict, "CommentHidden",
                  "The comment is hidden, and its text is gone. Write another.");
    if (found.edits >= edits_max)
      return fail(ErrorCode::conflict, "TooManyEdits",
                  "The comment was edited 100 times. Write another.");
    store::edit(tx, found, repo::user_of(actor), body);
    return *store::find_event(tx, opened.discussion.row, comment);
  };
  co_return co_await database_.write(write);
}

Task<Result<Event>> Discussions::hide_comment(Actor actor, RepoRef repo, std::int64_t number,
                                              PublicId comment) {
  auto* repos = &repos_;
  auto write = [=](db::Tx& tx) -> Result<Event> {
    CAIRN_TRY(opened, open_for(tx, *repos, actor, repo->id, number, Action::discuss));
    CAIRN_TRY(found, open_comment(tx, opened, comment));
    if (!actor.has_user() || found.author_id != actor.user)
      CAIRN_CHECK(access::check(tx, actor, Action::write, opened.repo));
    if (!found.hidden_at) store::hide(tx, found, repo::user_of(actor));
    return *store::find_event(tx, opened.discussion.row, comment);
  };
  co_return co_await database_.write(write);
}

Task<Result<>> Discussions::pin(Actor actor, RepoRef repo, std::int64_t number, bool pinned) {
  auto* repos = &repos_;
  auto write = [=](db::Tx& tx) -> Result<> {
    CAIRN_TRY(opened, open_for(tx, *repos, actor, repo->id, number, Action::write));
    if (opened.discussion.is_pinned == pinned) return {};
    store::set_pinned(tx, opened.discussion.row, pinned);
    (void)store::add_event(tx, opened.discussion.row, EventKind::pinning_change,
                           repo::user_of(actor), "", {{"pinned", pinned}});
    return {};
  };
  co_return co_await database_.write(write);
}

Task<Result<>> Discussions::remove(Actor actor, RepoRef repo, std::int64_t number) {
  auto* repos = &repos_;
  auto* history = &history_;
  auto write = [=](db::Tx& tx) -> Result<> {
    CAIRN_TRY(opened, open_for(tx, *repos, actor, repo->id, number, Action::administer));
    auto ref = history->find_ref(tx, repo->id, repo::pull_request_ref(number));
    if (ref)
      CAIRN_CHECK(history->move_ref(tx, repo->id, ref->name, ref->commit, std::nullopt,
                                    repo::ref_actor(actor), "delete"));
    tell(tx, actor, opened.repo, "discussion.deleted", opened.discussion);
    store::remove(tx, opened.discussion.row);
    return {};
  };
  co_return co_await database_.write(write);
}

Task<Result<>> Discussions::remove_ref(Actor actor, RepoRef repo, std::int64_t number) {
  auto* repos = &repos_;
  auto* history = &history_;
  auto write = [=](db::Tx& tx) -> Result<> {
    CAIRN_TRY(opened, open_for(tx, *repos, actor, repo->id, number, Action::write));
    auto status = opened.discussion.status;
    if (status != Status::closed && status != Status::merged)
      return fail(ErrorCode::conflict, "PullRequestOpen",
                  "The pull request is open. Close it first.");
    auto ref = history->find_ref(tx, repo->id, repo::pull_request_ref(number));
    if (!ref) return {};
    return history->move_ref(tx, repo->id, ref->name, ref->commit, std::nullopt,
                             repo::ref_actor(actor), "delete");
  };
  co_return co_await database_.write(write);
}

// ---- Merging -----------------------------------------------------------------------------------

namespace {

/// A push to the target between planning and committing makes the plan anew, so often.
constexpr int merge_tries_max = 5;
/// Paths and titles that a message names.
constexpr std::size_t named_max = 20;

struct Ready {
  Discussion discussion;
  Sides sides;
  std::vector<Event> events;
};

Result<> check_mergeable(const Discussion& discussion) {
  auto refuse = [](std::string word, std::string message) -> Result<> {
    return fail(ErrorCode::conflict, std::move(word), std::move(message));
  };
  if (!discussion.is_pull_request)
    return fail(ErrorCode::invalid_argument, "InvalidDiscussion",
                "This is a discussion: there is nothing to merge.");
  switch (discussion.status) {
    case Status::open:
      return {};
    case Status::merged:
      return refuse("PullRequestMerged", "The pull request is merged already.");
    case Status::closed:
      return refuse("PullRequestClosed", "The pull request is closed. Reopen it first.");
    case Status::draft:
      return refuse("PullRequestDraft", "The pull request is a draft. Open it for review first.");
  }
  return {};
}

Failure conflicting(const std::vector<std::string>& paths) {
  std::string list;
  for (std::size_t i = 0; i < std::min(paths.size(), named_max); ++i)
    list += (i ? ", " : "") + paths[i];
  if (paths.size() > named_max) list += ", …";
  return fail(ErrorCode::conflict, "MergeConflict",
              "The pull request has conflicts with its target branch: " + list +
                  ". Bring these files up to date in the pull request, then merge.");
}

/// As the history of the target tells it: the title with the number, what it held, who made it.
history::Message merge_message(const Ready& ready) {
  history::Message out{
      ready.discussion.title + " (#" + std::to_string(ready.discussion.number) + ")", ""};
  std::size_t commits = 0;
  for (const auto& event : ready.events) {
    if (event.kind != EventKind::commit || ++commits > named_max) continue;
    const auto* subject = event.data.if_contains("subject");
    const auto* oid = event.data.if_contains("oid");
    if (subject && oid && subject->is_string() && oid->is_string())
      out.body +=
          "- " + std::string(subject->get_string()) + " (" + std::string(oid->get_string()) + ")\n";
  }
  if (commits > named_max) out.body += "- …\n";
  const auto& author = ready.sides.source;
  if (author.oid != ready.sides.base.oid)
    out.body += "\nCo-authored-by: " + author.author_name + " <" + author.author_email + ">";
  while (out.body.ends_with('\n')) out.body.pop_back();
  return out;
}

/// What is merged is told in the transaction that does it.
Result<> mark_merged(db::Tx& tx, const Actor& actor, const repo::Repo& repo, std::int64_t number,
                     const std::string& comment, const std::string& commit) {
  auto found = store::find(tx, repo.id, number);
  if (!found) return no_discussion(number);
  CAIRN_CHECK(check_mergeable(*found));
  Opened opened{repo, std::move(*found)};
  if (!comment.empty()) (void)add_comment(tx, actor, opened, comment);
  store::set_status(tx, opened.discussion.row, Status::merged, commit);
  (void)store::add_event(tx, opened.discussion.row, EventKind::status_change, repo::user_of(actor),
                         "", {{"status", "merged"}});
  tell(tx, actor, repo, "discussion.merged", opened.discussion, {{"commit", commit}});
  return {};
}

}  // namespace

Task<Result<>> Discussions::merge(Actor actor, RepoRef repo, std::int64_t number,
                                  std::string comment) {
  std::string text;
  if (!trim(comment).empty()) {
    CAIRN_CO_TRY(body, check_comment(comment));
    text = body;
  }
  auto* repos = &repos_;
  auto* history = &history_;
  auto read = [=](db::Tx& tx) -> Result<Ready> {
    auto current = repo::find_repo(tx, repo->id);
    if (!current) return fail(access::hidden(actor));
    CAIRN_CHECK(access::check(tx, actor, Action::write, *current));
    auto found = store::find(tx, repo->id, number);
    if (!found) return no_discussion(number);
    CAIRN_CHECK(check_mergeable(*found));
    CAIRN_TRY(sides, sides_of(tx, *history, *found));
    auto events = store::events(tx, found->row, events_max);
    return Ready{std::move(*found), std::move(sides), std::move(events)};
  };
  Result<> outcome;
  for (int tries = 0; tries < merge_tries_max; ++tries) {
    CAIRN_CO_TRY(ready, co_await database_.read(read));
    auto compare = [history, heads = ready.sides] {
      return plan_merge(*history, heads.base, heads.source, heads.target);
    };
    CAIRN_CO_TRY(plan, co_await blocking_.run(compare));
    if (!plan.conflicts.empty()) co_return conflicting(plan.conflicts);
    if (plan.ops.empty()) {
      // The target has it all already: nothing to commit.
      auto commit = ready.sides.target.oid.hex();
      auto mark = [=](db::Tx& tx) -> Result<> {
        CAIRN_TRY(current, repos->recheck(tx, actor, repo->id, Action::write));
        return mark_merged(tx, actor, current, number, text, commit);
      };
      co_return co_await database_.write(mark);
    }
    repo::Merge merge{.branch = ready.discussion.target,
                      .head = ready.sides.target.oid,
                      .message = merge_message(ready),
                      .ops = std::move(plan.ops),
                      .within = {}};
    merge.within = [=](db::Tx& tx, const repo::Repo& current, const history::CommitInfo& made) {
      return mark_merged(tx, actor, current, number, text, made.oid.hex());
    };
    auto made = co_await commits_.merge(actor, repo, std::move(merge));
    if (made) co_return Result<>{};
    outcome = std::unexpected(made.error());
    if (made.error().word != "StaleParent") co_return outcome;
  }
  co_return outcome;
}

}  // namespace cairn::community
