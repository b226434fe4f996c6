#include "hub/repo/commits.h"

#include <set>

#include "base/log.h"
#include "base/text.h"
#include "hub/lfs/links.h"
#include "hub/repo/card_rows.h"
#include "hub/repo/commit_edit.h"
#include "hub/repo/commit_target.h"
#include "hub/repo/commits_parts.h"
#include "hub/repo/events.h"
#include "hub/repo/inspect.h"
#include "hub/repo/store.h"

namespace cairn::repo {
namespace {

/// Large files of one commit whose names are noted in its own transaction; more wait until after.
constexpr std::size_t note_in_transaction_max = 200;
constexpr std::size_t note_step = 500;

history::Message message_of(const CommitHeader& header) {
  // A title has one line; what follows it belongs to the body.
  auto summary = trim(header.summary);
  auto end = summary.find('\n');
  history::Message message{std::string(trim(summary.substr(0, end))), header.description};
  if (end != std::string_view::npos) {
    std::string rest(trim(summary.substr(end)));
    message.body = rest + (header.description.empty() ? "" : "\n\n" + header.description);
  }
  while (message.body.ends_with('\n')) message.body.pop_back();
  return message;
}

Failure not_uploaded(const PutLarge& file) {
  return fail(ErrorCode::unprocessable, "LfsObjectNotFound",
              "\"" + file.path.text() + "\" names the large file " + file.sha256.hex() +
                  ", which was never uploaded to this repository. Upload it through LFS first; "
                  "nothing was committed.");
}

/// Every large file is linked here, and as large as the client says.
Result<LargeSizes> check_large_files(db::Tx& tx, RepoId repo, const std::vector<CommitOp>& ops) {
  LargeSizes sizes;
  for (const auto& op : ops) {
    auto* large = std::get_if<PutLarge>(&op);
    if (!large) continue;
    auto [at, is_new] = sizes.try_emplace(large->sha256);
    if (is_new) {
      auto link = lfs::linked(tx, repo, large->sha256);
      if (!link) return not_uploaded(*large);
      at->second = link->size_bytes;
    }
    if (large->size_bytes && *large->size_bytes != at->second)
      return fail(ErrorCode::unprocessable, "LfsSizeMismatch",
                  "\"" + large->path.text() + "\" has " + std::to_string(at->second) +
                      " bytes, not " + std::to_string(*large->size_bytes) +
                      ". Nothing was committed.");
  }
  return sizes;
}

std::int64_t regular_bytes(const std::vector<CommitOp>& ops) {
  std::int64_t bytes = 0;
  for (const auto& op : ops)
    if (auto* file = std::get_if<PutFile>(&op))
      bytes += static_cast<std::int64_t>(file->size_bytes);
  return bytes;
}

Failure empty_commit() {
  return fail(ErrorCode::invalid_argument, "EmptyCommit",
              "The commit changes nothing. Add a line with the key `lfsFile`, `file` or "
              "`deletedFile`.");
}

/// The commit in the making, shared between its steps.
struct Making {
  Actor actor;
  RepoRef repo;
  CommitRequest request;
  history::Message message;
  CommitTarget target;
  LargeSizes sizes;
  std::int64_t checked_epoch = 0;  ///< Of the repository when `sizes` was read.
  card::FileFacts files;           ///< Known before this commit.
  bool inspect = false;            ///< It changes what files tell.
  bool is_merge = false;
  std::function<Result<>(db::Tx&, const Repo&, const history::CommitInfo&)>
      within;  ///< Of a merge.
  // Of the last run of `edit` and `within`:
  std::optional<CardInfo> card;
  std::optional<std::int64_t> number;
  std::shared_ptr<std::string> new_ref;  ///< With a new pull request.
};

/// @param ref  where they lie, which a new pull request knows only inside its transaction.
void note_paths(db::Tx& tx, const Making& making, std::string_view ref, std::size_t from,
                std::size_t to) {
  for (std::size_t i = from; i < to; ++i)
    if (auto* large = std::get_if<PutLarge>(&making.request.ops[i]))
      lfs::note_path(tx, making.repo->id, large->sha256, large->path.text(), ref);
}

/// The ref that the commit goes to: rows of a pull request that it opens are made here.
Result<std::string> ref_of(db::Tx& tx, const Commits::Parts& parts, Making& making,
                           const Repo& current, const history::CommitInfo& made) {
  auto* pull_requests = parts.pull_requests;
  const auto& target = making.target;
  if (!target.is_new) {
    if (is_pull_request_ref(target.ref))
      pull_requests->pushed(tx, making.actor, current, target.ref, made);
    return target.ref;
  }
  // Found outside this transaction: it must still be reachable, or gc could take it.
  CAIRN_CHECK(parts.history.resolve(tx, current.id, target.head.hex(), current.default_branch));
  PullRequests::New wanted{making.message.title, making.request.header.description, target.ref};
  CAIRN_TRY(number, pull_requests->open(tx, making.actor, current, std::move(wanted), made));
  making.number = number;
  *making.new_ref = pull_request_ref(number);
  return *making.new_ref;
}

/// Rows of the commit, in the transaction that moves the ref.
Result<> write_rows(db::Tx& tx, const Commits::Parts& parts, Making& making,
                    const history::CommitInfo& made) {
  RepoId id = making.repo->id;
  CAIRN_TRY(current, parts.repos.recheck(tx, making.actor, id, Action::see));
  CAIRN_CHECK(
      parts.check_change(tx, making.actor, current, making.target.ref, making.target.is_new));
  // Something was taken from the repository since the files were found there: look again.
  if (current.gc_epoch != making.checked_epoch)
    CAIRN_CHECK(check_large_files(tx, id, making.request.ops));
  std::optional<std::int64_t> large_bytes;
  if (!making.sizes.empty()) large_bytes = static_cast<std::int64_t>(lfs::stored_bytes(tx, id));
  // What a merge brings was counted when it was committed elsewhere.
  store::add_storage(tx, id, making.is_merge ? 0 : regular_bytes(making.request.ops), large_bytes);
  CAIRN_TRY(ref, ref_of(tx, parts, making, current, made));
  if (making.request.ops.size() <= note_in_transaction_max)
    note_paths(tx, making, ref, 0, making.request.ops.size());
  if (ref == "refs/heads/" + current.default_branch) {
    store::set_head(tx, id, made.oid.hex());
    if (making.card) store::set_card(tx, id, *making.card);
    if (making.inspect) plan_inspection(tx, id);
  }
  json::object data{{"ref", ref}, {"new", made.oid.hex()}, {"title", made.title}};
  if (!made.parents.empty()) data["old"] = made.parents.front().hex();
  append_event(tx, making.actor, current, "repo.commit", std::move(data));
  parts.repos.forget_after_commit(tx, current);
  if (making.within) return making.within(tx, current, made);
  return {};
}

history::CommitPlan plan_of(const std::shared_ptr<Commits::Parts>& parts,
                            const std::shared_ptr<Making>& making) {
  history::CommitPlan plan;
  plan.repo = making->repo->id;
  plan.ref = making->target.ref;
  plan.expected_head = making->target.expected;
  if (making->target.is_new) {
    plan.ref = "refs/pr/new-" + make_public_id().hex;
    plan.starts_at = making->target.head;
    plan.new_ref = making->new_ref = std::make_shared<std::string>();
  }
  plan.author = signature_of(making->actor, parts->repos.options().host(), parts->clock.now());
  plan.message = making->message;
  plan.actor = ref_actor(making->actor);
  plan.log_kind = making->is_merge ? "merge" : "commit";
  plan.staging = making->request.staging;
  plan.edit = [making](history::Editor& editor) -> Result<> {
    making->card.reset();
    CAIRN_TRY(edited, apply_ops(editor, making->request.ops, making->sizes));
    if (!edited.readme_changed) return {};
    CAIRN_TRY(card, checked_card_of(making->repo->kind, edited.readme.value_or(""), making->files));
    making->card = std::move(card);
    return {};
  };
  plan.within = [making, parts](db::Tx& tx, const history::CommitInfo& made) {
    return write_rows(tx, *parts, *making, made);
  };
  return plan;
}

/// Makes the commit whose target and large files were checked.
Task<Result<CommitMade>> make(std::shared_ptr<Commits::Parts> parts,
                              std::shared_ptr<Making> making) {
  CAIRN_CO_TRY(made, co_await parts->history.commit(plan_of(parts, making)));
  std::string ref = making->new_ref ? *making->new_ref : making->target.ref;

  // Names of many large files, in steps. They are a convenience of `/lfs-files`, so a failure here
  // does not take back a commit that is durable.
  std::size_t count = making->request.ops.size();
  for (std::size_t at = 0; count > note_in_transaction_max && at < count; at += note_step) {
    if (making->sizes.empty()) break;
    auto note = [making, ref, at, count](db::Tx& tx) -> Result<> {
      note_paths(tx, *making, ref, at, std::min(at + note_step, count));
      return {};
    };
    if (!co_await parts->database.write(note)) break;
  }

  // Read your writes: what small files tell is in the answers that follow this one. What takes
  // reading large files comes a moment later, as background work.
  if (making->inspect && making->repo->kind == RepoKind::model &&
      ref == "refs/heads/" + making->repo->default_branch) {
    auto seen = co_await parts->inspector.inspect(making->repo->id, Depth::small_files);
    if (!seen) log::error("repo.inspect.failed", seen.error(), {{"repo", making->repo->id.value}});
  }

  const auto& repo = *making->repo;
  auto url = repo_url(parts->repos.options().public_url, repo.kind, repo.name) + "/commit/" +
             made.oid.hex();
  co_return CommitMade{.commit = std::make_shared<const history::CommitInfo>(std::move(made)),
                       .url = std::move(url),
                       .hook_output = "",
                       .pull_request = making->number};
}

}  // namespace

Commits::Commits(db::Database& database, history::History& history, Repos& repos, Files& files,
                 Blocking& blocking, const Clock& clock, PullRequests* pull_requests)
    : parts_(new Parts{database, history, repos, files, blocking, clock, pull_requests,
                       Inspector(database, history, repos, nullptr, blocking)}) {}
Commits::~Commits() = default;

std::shared_ptr<history::Staging> Commits::stage() {
  return parts_->history.stage();
}

Task<Result<>> Commits::admit(Actor actor, RepoRef repo, std::string revision, CommitHeader header,
                              bool create_pr) {
  auto parts = parts_;
  auto read = [actor, repo, revision, header, create_pr, parts](db::Tx& tx) -> Result<> {
    auto current = find_repo(tx, repo->id);
    if (!current) return fail(access::hidden(actor));
    CAIRN_CHECK(find_target(tx, *parts, actor, *current, revision, header, create_pr));
    return {};
  };
  co_return co_await parts_->database.read(read);
}

Task<Result<CommitMade>> Commits::commit(Actor actor, RepoRef repo, std::string revision,
                                         CommitRequest request, bool create_pr) {
  auto making = std::make_shared<Making>();
  making->message = message_of(request.header);
  if (making->message.title.empty())
    co_return fail(ErrorCode::invalid_argument, "InvalidCommitBody",
                   "The header line needs a `summary`: one line that says what changes.");
  making->actor = actor;
  making->repo = repo;
  making->request = std::move(request);
  auto parts = parts_;

  auto check = [making, revision, create_pr, parts](db::Tx& tx) -> Result<> {
    auto current = find_repo(tx, making->repo->id);
    if (!current) return fail(access::hidden(making->actor));
    CAIRN_TRY(target, find_target(tx, *parts, making->actor, *current, revision,
                                  making->request.header, create_pr));
    making->target = std::move(target);
    CAIRN_TRY(sizes, check_large_files(tx, making->repo->id, making->request.ops));
    making->sizes = std::move(sizes);
    making->checked_epoch = current->gc_epoch;
    making->inspect = changes_facts(current->kind, making->request.ops);
    if (making->inspect) making->files = store::card_files(tx, current->id);
    return {};
  };
  CAIRN_CO_CHECK(co_await parts_->database.read(check));
  if (making->request.ops.empty()) co_return empty_commit();
  co_return co_await make(parts, making);
}

Task<Result<CommitMade>> Commits::merge(Actor actor, RepoRef repo, Merge merge) {
  auto making = std::make_shared<Making>();
  making->actor = actor;
  making->repo = repo;
  making->message = std::move(merge.message);
  making->request.ops = std::move(merge.ops);
  making->target = {std::move(merge.branch), merge.head, false, merge.head};
  making->is_merge = true;
  making->within = std::move(merge.within);
  auto parts = parts_;
  auto check = [making](db::Tx& tx) -> Result<> {
    auto current = find_repo(tx, making->repo->id);
    if (!current) return fail(access::hidden(making->actor));
    CAIRN_CHECK(access::check(tx, making->actor, Action::write, *current));
    CAIRN_TRY(sizes, check_large_files(tx, making->repo->id, making->request.ops));
    making->sizes = std::move(sizes);
    making->checked_epoch = current->gc_epoch;
    making->inspect = true;
    making->files = store::card_files(tx, current->id);
    return {};
  };
  CAIRN_CO_CHECK(co_await parts_->database.read(check));
  co_return co_await make(parts, making);
}

}  // namespace cairn::repo
