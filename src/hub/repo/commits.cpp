#include "hub/repo/commits.h"

#include <set>

#include "base/bytes.h"
#include "base/text.h"
#include "hub/lfs/links.h"
#include "hub/repo/card_rows.h"
#include "hub/repo/commit_edit.h"
#include "hub/repo/commits_parts.h"
#include "hub/repo/events.h"
#include "hub/repo/files_parts.h"
#include "hub/repo/store.h"

namespace cairn::repo {
namespace {

/// Large files of one commit whose names are noted in its own transaction; more wait until after.
constexpr std::size_t note_in_transaction_max = 200;
constexpr std::size_t note_step = 500;

Failure not_a_branch(std::string_view revision) {
  return fail(ErrorCode::invalid_argument, "NotABranch",
              "Commits go to branches, and \"" + std::string(truncate_utf8(revision, 200)) +
                  "\" is none. Create a branch there first.");
}

Failure stale_parent() {
  return fail(ErrorCode::precondition_failed, "StaleParent",
              "The branch was updated since you opened this page. Please refresh and try again.");
}

Failure no_pull_requests() {
  return fail(ErrorCode::not_implemented, "NotImplemented",
              "This hub has no pull requests yet. Commit to a branch you may write to.");
}

/// Where a commit to this revision goes.
struct Target {
  std::string ref;
  git::Oid head;
};

Result<Target> find_branch(db::Tx& tx, history::History& history, const Repo& repo,
                           const std::string& revision) {
  std::string name = revision.empty() || revision == "HEAD" ? repo.default_branch : revision;
  std::string ref = name.starts_with("refs/") ? name : "refs/heads/" + name;
  if (ref.starts_with("refs/tags/")) return not_a_branch(revision);
  if (ref.starts_with("refs/pr/")) return no_pull_requests();
  if (ref.starts_with("refs/heads/") && git::check_ref_name(ref))
    if (auto found = history.find_ref(tx, repo.id, ref)) return Target{found->name, found->commit};
  // Not a branch: say whether it is something else that exists.
  if (resolve_in(tx, history, repo, name)) return not_a_branch(revision);
  return no_revision(revision);
}

/// @return the parent's full id when one is required and the branch is there.
Result<std::optional<git::Oid>> expected_head(const CommitHeader& header, const Target& target) {
  if (!header.parent) return std::optional<git::Oid>{};
  const auto& parent = *header.parent;
  bool sound = parent.size() >= 5 && parent.size() <= git::oid_hex && is_lower_hex(parent);
  if (!sound)
    return fail(ErrorCode::invalid_argument, "InvalidParent",
                "parentCommit is a commit id: 5 to 40 lower-case hex digits.");
  if (!target.head.hex().starts_with(parent)) return stale_parent();
  return std::optional(target.head);
}

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
  Target target;
  std::optional<git::Oid> expected;
  LargeSizes sizes;
  std::int64_t checked_epoch = 0;  ///< Of the repository when `sizes` was read.
  // Of the last run of `edit`:
  std::optional<CardInfo> card;
};

void note_paths(db::Tx& tx, const Making& making, std::size_t from, std::size_t to) {
  for (std::size_t i = from; i < to; ++i)
    if (auto* large = std::get_if<PutLarge>(&making.request.ops[i]))
      lfs::note_path(tx, making.repo->id, large->sha256, large->path.text(), making.target.ref);
}

/// Rows of the commit, in the transaction that moves the ref.
Result<> write_rows(db::Tx& tx, Repos& repos, const Making& making,
                    const history::CommitInfo& made) {
  RepoId id = making.repo->id;
  CAIRN_TRY(current, repos.recheck(tx, making.actor, id, Action::write));
  // Something was taken from the repository since the files were found there: look again.
  if (current.gc_epoch != making.checked_epoch)
    CAIRN_CHECK(check_large_files(tx, id, making.request.ops));
  std::optional<std::int64_t> large_bytes;
  if (!making.sizes.empty()) large_bytes = static_cast<std::int64_t>(lfs::stored_bytes(tx, id));
  store::add_storage(tx, id, regular_bytes(making.request.ops), large_bytes);
  if (making.request.ops.size() <= note_in_transaction_max)
    note_paths(tx, making, 0, making.request.ops.size());
  if (making.target.ref == "refs/heads/" + current.default_branch) {
    store::set_head(tx, id, made.oid.hex());
    if (making.card) store::set_card(tx, id, making.card->data, making.card->fields);
  }
  json::object data{{"ref", making.target.ref}, {"new", made.oid.hex()}, {"title", made.title}};
  if (!made.parents.empty()) data["old"] = made.parents.front().hex();
  append_event(tx, making.actor, current, "repo.commit", std::move(data));
  repos.forget_after_commit(tx, current);
  return {};
}

}  // namespace

Commits::Commits(db::Database& database, history::History& history, Repos& repos, Files& files,
                 Blocking& blocking, const Clock& clock)
    : parts_(new Parts{database, history, repos, files, blocking, clock}) {}
Commits::~Commits() = default;

std::shared_ptr<history::Staging> Commits::stage() {
  return parts_->history.stage();
}

Task<Result<>> Commits::admit(Actor actor, RepoRef repo, std::string revision, CommitHeader header,
                              bool create_pr) {
  if (create_pr) co_return no_pull_requests();
  auto* history = &parts_->history;
  auto read = [actor, repo, revision, header, history](db::Tx& tx) -> Result<> {
    auto current = find_repo(tx, repo->id);
    if (!current) return fail(access::hidden(actor));
    CAIRN_CHECK(access::check(tx, actor, Action::write, *current));
    CAIRN_TRY(target, find_branch(tx, *history, *current, revision));
    CAIRN_CHECK(expected_head(header, target));
    return {};
  };
  co_return co_await parts_->database.read(read);
}

Task<Result<CommitMade>> Commits::commit(Actor actor, RepoRef repo, std::string revision,
                                         CommitRequest request, bool create_pr) {
  if (create_pr) co_return no_pull_requests();
  auto message = message_of(request.header);
  if (message.title.empty())
    co_return fail(ErrorCode::invalid_argument, "InvalidCommitBody",
                   "The header line needs a `summary`: one line that says what changes.");
  auto making = std::make_shared<Making>();
  making->actor = actor;
  making->repo = repo;
  making->request = std::move(request);
  auto* history = &parts_->history;
  auto* repos = &parts_->repos;

  auto check = [making, revision, history](db::Tx& tx) -> Result<> {
    auto current = find_repo(tx, making->repo->id);
    if (!current) return fail(access::hidden(making->actor));
    CAIRN_CHECK(access::check(tx, making->actor, Action::write, *current));
    CAIRN_TRY(target, find_branch(tx, *history, *current, revision));
    making->target = std::move(target);
    CAIRN_TRY(expected, expected_head(making->request.header, making->target));
    making->expected = expected;
    CAIRN_TRY(sizes, check_large_files(tx, making->repo->id, making->request.ops));
    making->sizes = std::move(sizes);
    making->checked_epoch = current->gc_epoch;
    return {};
  };
  CAIRN_CO_CHECK(co_await parts_->database.read(check));
  if (making->request.ops.empty()) co_return empty_commit();

  history::CommitPlan plan;
  plan.repo = repo->id;
  plan.ref = making->target.ref;
  plan.expected_head = making->expected;
  plan.author = signature_of(actor, repos->options().host(), parts_->clock.now());
  plan.message = std::move(message);
  plan.actor = ref_actor(actor);
  plan.staging = making->request.staging;
  plan.edit = [making](history::Editor& editor) -> Result<> {
    making->card.reset();
    CAIRN_TRY(edited, apply_ops(editor, making->request.ops, making->sizes));
    if (!edited.readme_changed) return {};
    CAIRN_TRY(card, checked_card_of(making->repo->kind, edited.readme.value_or("")));
    making->card = std::move(card);
    return {};
  };
  plan.within = [making, repos](db::Tx& tx, const history::CommitInfo& made) {
    return write_rows(tx, *repos, *making, made);
  };
  CAIRN_CO_TRY(made, co_await history->commit(std::move(plan)));

  // Names of many large files, in steps. They are a convenience of `/lfs-files`, so a failure here
  // does not take back a commit that is durable.
  std::size_t count = making->request.ops.size();
  for (std::size_t at = 0; count > note_in_transaction_max && at < count; at += note_step) {
    if (making->sizes.empty()) break;
    auto note = [making, at, count](db::Tx& tx) -> Result<> {
      note_paths(tx, *making, at, std::min(at + note_step, count));
      return {};
    };
    if (!co_await parts_->database.write(note)) break;
  }

  auto url =
      repo_url(repos->options().public_url, repo->kind, repo->name) + "/commit/" + made.oid.hex();
  co_return CommitMade{.commit = std::make_shared<const history::CommitInfo>(std::move(made)),
                       .url = std::move(url),
                       .hook_output = ""};
}

}  // namespace cairn::repo
