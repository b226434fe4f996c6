#include "hub/repo/operations.h"

#include "base/bytes.h"
#include "base/log.h"
#include "base/text.h"
#include "hub/repo/events.h"
#include "hub/repo/files_parts.h"
#include "hub/repo/operations_parts.h"
#include "hub/repo/operations_store.h"
#include "hub/repo/store.h"
#include "hub/work/work.h"

namespace cairn::repo {
namespace {

/// Links dropped in the transaction of a collection; the next round takes more.
constexpr int unlink_step = 500;
constexpr int collect_rounds_max = 50;

std::size_t chars(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

Failure not_a_branch(std::string_view revision) {
  return fail(ErrorCode::invalid_argument, "NotABranch",
              "\"" + std::string(truncate_utf8(revision, 200)) +
                  "\" is no branch, and only the history of a branch can be squashed.");
}

/// The ref whose history is meant.
Result<std::string> branch_of(db::Tx& tx, history::History& history, const Repo& repo,
                              const std::string& revision) {
  std::string name = revision.empty() || revision == "HEAD" ? repo.default_branch : revision;
  std::string ref = name.starts_with("refs/") ? name : "refs/heads/" + name;
  for (std::string_view prefix : {"refs/heads/", "refs/pr/", "refs/convert/"})
    if (ref.starts_with(prefix) && git::check_ref_name(ref) && history.find_ref(tx, repo.id, ref))
      return ref;
  if (resolve_in(tx, history, repo, name)) return not_a_branch(name);
  return no_revision(name);
}

json::object moved_data(std::string_view ref, const git::Oid& from, const git::Oid& to) {
  return {
      {"ref", json::string_view(ref.data(), ref.size())}, {"old", from.hex()}, {"new", to.hex()}};
}

}  // namespace

Operations::Operations(db::Database& database, history::History& history, Repos& repos,
                       lfs::Lfs& large_files, const Keyring& keyring, Blocking& blocking,
                       const Clock& clock)
    : parts_(new Parts{database, history, repos, large_files, keyring, blocking, clock}) {}
Operations::~Operations() = default;

void plan_collection(db::Tx& tx, RepoId repo, Duration grace) {
  work::NewWork next;
  next.kind = collect_work;
  // An item per day, when the grace of its last moment is over: one for each change would be many,
  // and one for all would come before the time of the later ones.
  constexpr std::int64_t day_us = 86'400'000'000;
  auto day = tx.now().us / day_us;
  next.key = std::to_string(repo.value) + "." + std::to_string(day);
  next.payload = json::object{{"repo", repo.value}};
  next.run_at = Time{(day + 1) * day_us} + grace;
  work::enqueue(tx, next);
}

bool was_purged(db::Tx& tx, RepoId repo, const Sha256Digest& file) {
  return store::file_purged(tx, repo, file);
}

// ---- Squash ------------------------------------------------------------------------------------

Task<Result<CommitRef>> Operations::super_squash(Actor actor, RepoRef repo, std::string revision,
                                                 std::string message) {
  if (!is_valid_utf8(message) || message.contains('\0') ||
      chars(message) > squash_message_chars_max)
    co_return fail(ErrorCode::invalid_argument, "MessageTooLong",
                   "The message is text of at most 500 characters.");
  auto* history = &parts_->history;
  auto* repos = &parts_->repos;
  auto find = [actor, repo, revision, history](db::Tx& tx) -> Result<std::string> {
    auto current = find_repo(tx, repo->id);
    if (!current) return fail(access::hidden(actor));
    CAIRN_CHECK(access::check(tx, actor, Action::write, *current));
    return branch_of(tx, *history, *current, revision);
  };
  CAIRN_CO_TRY(ref, co_await parts_->database.read(find));

  history::SquashPlan plan;
  plan.repo = repo->id;
  plan.ref = ref;
  plan.author = signature_of(actor, repos->options().host(), parts_->clock.now());
  auto summary = trim(message);
  auto end = summary.find('\n');
  plan.message.title = std::string(trim(summary.substr(0, end)));
  if (end != summary.npos) plan.message.body = std::string(trim(summary.substr(end)));
  if (plan.message.title.empty())
    plan.message.title = "Super-squash branch '" + ref.substr(ref.find('/', 5) + 1) + "'";
  plan.actor = ref_actor(actor);
  plan.within = [=](db::Tx& tx, const history::CommitInfo& made) -> Result<> {
    CAIRN_TRY(current, repos->recheck(tx, actor, repo->id, Action::write));
    auto before = history->find_ref(tx, repo->id, ref);
    if (!before) return no_revision(ref);
    if (ref == "refs/heads/" + current.default_branch)
      store::set_head(tx, repo->id, made.oid.hex());
    plan_collection(tx, repo->id, repos->options().kept_after_delete);
    auto data = moved_data(ref, before->commit, made.oid);
    data["kind"] = "squash";
    append_event(tx, actor, current, "repo.ref.moved", std::move(data));
    repos->forget_after_commit(tx, current);
    return {};
  };
  auto squash = [history, plan] { return history->squash(plan); };
  CAIRN_CO_TRY(made, co_await parts_->blocking.run(squash));
  co_return std::make_shared<const history::CommitInfo>(std::move(made));
}

// ---- Collection --------------------------------------------------------------------------------

namespace {

/// Large files that were pushed before `logged_before` and that nothing names any more.
/// @return how many went; `unlink_step` when there may be more.
int unlink_unnamed(db::Tx& tx, RepoId repo, const history::Kept& kept, Time logged_before) {
  int gone = 0;
  std::string after;
  for (;;) {
    auto page = lfs::linked_before(tx, repo, after, logged_before, 1000);
    for (const auto& file : page) {
      if (kept.large_files.contains(file) || gone == unlink_step) continue;
      lfs::unlink(tx, repo, file, lfs::Parting::after_grace);
      ++gone;
    }
    if (page.size() < 1000 || gone == unlink_step) return gone;
    after = page.back().hex();
  }
}

/// Remembers of files without a path that some commit names them: nobody need look for that again.
void note_named(db::Tx& tx, RepoId repo, const history::Kept& kept) {
  constexpr int page = 1000;
  std::string after;
  for (;;) {
    auto files = lfs::unnamed(tx, repo, after, page);
    for (const auto& file : files)
      if (kept.large_files.contains(file)) lfs::note_path(tx, repo, file, "", "");
    if (files.size() < page) return;
    after = files.back().hex();
  }
}

}  // namespace

void plan_unnamed(db::Tx& tx, Duration grace) {
  constexpr int files_per_day = 10'000;
  for (RepoId repo : lfs::repos_with_unnamed(tx, tx.now() - grace, files_per_day)) {
    work::NewWork next;
    next.kind = collect_work;
    next.key = std::to_string(repo.value) + ".unnamed";
    next.payload = json::object{{"repo", repo.value}};
    work::enqueue(tx, next);
  }
}

Task<Result<>> Operations::collect(RepoId repo, Time logged_before, bool only_if_unreached) {
  auto* history = &parts_->history;
  auto* repos = &parts_->repos;
  auto* database = &parts_->database;
  for (int round = 0; round < collect_rounds_max; ++round) {
    struct Seen {
      bool complete = false;
      int unlinked = 0;
    };
    auto seen = std::make_shared<Seen>();
    auto run = [=]() -> Result<> {
      auto count = [&](db::Tx& tx) -> Result<std::int64_t> { return store::git_bytes(tx, repo); };
      CAIRN_TRY(before, database->read_now(count));
      history::CollectPlan plan{repo, logged_before, {}, only_if_unreached};
      plan.within = [=](db::Tx& tx, const history::Kept& kept) -> Result<> {
        auto current = store::find(tx, repo);
        if (!current) {  // Deleted meanwhile: its purge takes everything.
          seen->complete = true;
          return {};
        }
        // Whoever found a large file here, and commits it now, looks again.
        raise_gc_epoch(tx, repo);
        seen->complete = kept.complete;
        if (kept.complete) {
          seen->unlinked = unlink_unnamed(tx, repo, kept, logged_before);
          note_named(tx, repo, kept);
        }
        auto since = store::git_bytes(tx, repo) - before;
        store::set_storage(tx, repo, static_cast<std::int64_t>(kept.regular_bytes) + since,
                           static_cast<std::int64_t>(lfs::stored_bytes(tx, repo)));
        repos->forget_after_commit(tx, *current);
        return {};
      };
      CAIRN_TRY(collected, history->collect(plan));
      if (!collected.looked) seen->complete = true;
      return {};
    };
    CAIRN_CO_CHECK(co_await parts_->blocking.run(run));
    if (seen->complete && seen->unlinked < unlink_step) co_return Result<>{};
  }
  co_return fail(ErrorCode::unavailable, "RepoBusy",
                 "Commits kept coming while the repository was collected.");
}

Task<Result<int>> Operations::collect_waiting(Duration grace) {
  int done = 0;
  work::ListOptions options;
  options.kind = collect_work;
  options.limit = 100;
  for (;;) {
    struct Page {
      std::vector<work::Listed> items;
      Time now;
    };
    auto list = [options](db::Tx& tx) -> Result<Page> {
      return Page{work::list_work(tx, options), tx.now()};
    };
    CAIRN_CO_TRY(page, co_await parts_->database.read(list));
    for (const auto& item : page.items) {
      auto id = parse_int(std::string_view(item.key).substr(0, item.key.find('.')));
      if (!id) continue;
      auto collected = co_await collect(RepoId{*id}, page.now - grace);
      // The worker may be at it, or commits keep coming: its own time comes.
      if (!collected && collected.error().code != ErrorCode::unavailable)
        co_return std::unexpected(collected.error());
      if (collected) ++done;
    }
    if (page.items.size() < 100) co_return done;
    options.after = page.items.back().id;
  }
}

}  // namespace cairn::repo
