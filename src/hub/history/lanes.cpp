#include "hub/history/lanes.h"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>

#include "base/log.h"

namespace cairn::history {
namespace {

constexpr std::size_t batch_commits_max = 64;
// A commit that changes more is not joined by others: its transaction is long enough.
constexpr std::uint64_t batch_staged_bytes_max = 4u << 20;
// Pages beyond this go ahead of the transaction in steps, so that it never holds the writer long.
// They are named by their hash, so one too many is garbage that a sweep finds, nothing worse.
constexpr std::size_t pages_in_transaction_max = 512u << 10;
// Another writer moved the ref between reading and writing: only then is a batch built again.
constexpr int races_max = 20;
// A commit right after a large push waits for the listing it is built on, not longer than clients
// do.
constexpr Duration sheet_wait_max = seconds(30);

Failure no_branch(const CommitPlan& plan) {
  std::string name = plan.ref;
  if (name.starts_with("refs/heads/")) name = name.substr(11);
  return fail(ErrorCode::not_found, "RevisionNotFound", "Invalid rev id: " + name);
}

Failure stale() {
  return fail(ErrorCode::precondition_failed, "StaleParent",
              "The branch was updated since you opened this page. Please refresh and try again.");
}

}  // namespace

/// One commit in line. Resumed by whoever answers it, or made leader.
struct Lanes::Waiting {
  CommitPlan plan;
  std::optional<Result<CommitInfo>> answer;
  bool leads = false;  ///< Told to lead by the leader before.
  std::function<void()> resume;
};

/// One attempt at a group of commits.
struct Lanes::Batch {
  struct Member {
    std::shared_ptr<Waiting> waiting;
    std::optional<BuiltCommit> built;
  };
  std::vector<Member> members;
  CommitInfo base;                              ///< The head it is built on.
  std::map<git::Oid, std::string> small_blobs;  ///< Of earlier members, for Editor::read.
  std::map<SheetId, std::shared_ptr<const Page>> pages;
  std::vector<store::PackRow> packs;
  std::vector<EncodedPage> pages_for_transaction;
  bool ref_moved = false;
  std::optional<std::size_t> refused;  ///< The member whose `within` said no.
  std::optional<Error> refusal;
};

Lanes::Lanes(db::Database& database, Blocking& blocking, const Clock& clock, Packs& packs,
             Pages& pages, Sheets& sheets, RefCache& refs)
    : database_(database),
      blocking_(blocking),
      clock_(clock),
      packs_(packs),
      pages_(pages),
      sheets_(sheets),
      refs_(refs) {}

Task<Result<CommitInfo>> Lanes::commit(CommitPlan plan) {
  LaneKey key{plan.repo.value, plan.ref};
  auto me = std::make_shared<Waiting>();
  me->plan = std::move(plan);
  std::shared_ptr<Lane> lane;
  bool leads = false;
  {
    std::lock_guard lock(mutex_);
    auto& slot = lanes_[key];
    if (!slot) slot = std::make_shared<Lane>();
    lane = slot;
    lane->queue.push_back(me);
    me->leads = !lane->led;
    lane->led = true;
    leads = me->leads;
  }
  if (!leads) {
    auto wait = [&](auto handler) {
      auto executor = boost::asio::get_associated_executor(handler);
      auto held = std::make_shared<decltype(handler)>(std::move(handler));
      auto resume = [held, executor] {
        boost::asio::post(executor, [held] { std::move (*held)(); });
      };
      std::lock_guard lock(mutex_);
      if (me->answer || me->leads) {
        resume();
        return;
      }
      me->resume = resume;
    };
    co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(
        wait, boost::asio::use_awaitable);
  }
  // Leading: one batch, which holds this commit; then the lane goes to the next in line.
  if (!me->answer) {
    std::vector<std::shared_ptr<Waiting>> batch;
    {
      std::lock_guard lock(mutex_);
      std::uint64_t staged = 0;
      while (!lane->queue.empty() && batch.size() < batch_commits_max) {
        auto& next = lane->queue.front();
        std::uint64_t bytes = next->plan.staging ? next->plan.staging->bytes() : 0;
        if (!batch.empty() && staged + bytes > batch_staged_bytes_max) break;
        staged += bytes;
        batch.push_back(next);
        lane->queue.pop_front();
      }
    }
    co_await lead(lane, std::move(batch));
    std::function<void()> next_leader;
    {
      std::lock_guard lock(mutex_);
      if (lane->queue.empty()) {
        lane->led = false;
        lanes_.erase(key);
      } else {
        lane->queue.front()->leads = true;
        next_leader = std::exchange(lane->queue.front()->resume, nullptr);
      }
    }
    if (next_leader) next_leader();
  }
  co_return std::move(*me->answer);
}

Task<> Lanes::lead(std::shared_ptr<Lane> lane, std::vector<std::shared_ptr<Waiting>> waiting) {
  auto answer = [&](const std::shared_ptr<Waiting>& w, Result<CommitInfo> result) {
    std::function<void()> resume;
    {
      std::lock_guard lock(mutex_);
      if (w->answer) return;
      w->answer = std::move(result);
      resume = std::exchange(w->resume, nullptr);
    }
    if (resume) resume();
  };
  RepoId repo = waiting.front()->plan.repo;
  int races = 0;
  while (!waiting.empty()) {
    auto batch = std::make_shared<Batch>();
    for (auto& w : waiting) batch->members.push_back({w, {}});
    auto prepare = [this, lane, batch]() -> Result<> {
      try {
        CAIRN_CHECK(build(*lane, *batch));
        return store(*batch);
      } catch (const std::exception& e) {
        return fail(ErrorCode::internal, "Internal", "The commit could not be built.")
            .with("what", e.what());
      }
    };
    auto prepared = co_await blocking_.run(prepare);
    if (!prepared) {
      lane->head.reset();
      for (auto& w : waiting) answer(w, std::unexpected(prepared.error()));
      co_return;
    }
    // Members that could not be built have their answer; the rest go on together.
    std::erase_if(waiting, [&](const auto& w) {
      for (auto& m : batch->members)
        if (m.waiting == w) return false;
      return true;
    });
    if (batch->members.empty()) co_return;

    auto write_all = [this, batch](db::Tx& tx) -> Result<> { return write(tx, *batch); };
    auto written = co_await database_.write(write_all);
    if (written) {
      lane->head = batch->members.back().built->info;
      commits_ += batch->members.size();
      ++batches_;
      for (auto& m : batch->members) {
        refs_.keep_commit(repo, m.built->info);
        for (auto& page : m.built->pages) pages_.remember(page);
      }
      for (auto& pack : batch->packs) packs_.added(repo, pack.level);
      for (auto& m : batch->members) answer(m.waiting, m.built->info);
      if (packs_.merge_due(repo)) {
        // Before the next batch is admitted: a repository never has more packs than reads stand.
        auto merge = [this, repo] { return packs_.merge(repo); };
        auto merged = co_await blocking_.run(merge);
        if (!merged) log::error("history.merge.failed", merged.error(), {{"repo", repo.value}});
      }
      co_return;
    }
    lane->head.reset();
    if (batch->refused) {
      auto refused = batch->members[*batch->refused].waiting;
      answer(refused, std::unexpected(*batch->refusal));
      std::erase(waiting, refused);
    } else if (batch->ref_moved && ++races < races_max) {
      log::debug("history.lane.race", {{"repo", repo.value}, {"races", races}});
    } else {
      for (auto& w : waiting) answer(w, std::unexpected(written.error()));
      co_return;
    }
  }
}

Result<std::optional<CommitInfo>> Lanes::read_head(const CommitPlan& plan) {
  auto find = [&](db::Tx& tx) -> Result<std::optional<CommitInfo>> {
    if (plan.starts_at) return store::find_commit(tx, plan.repo, *plan.starts_at);
    auto ref = store::find_ref(tx, plan.repo, plan.ref);
    if (!ref) return std::optional<CommitInfo>{};
    auto commit = store::find_commit(tx, plan.repo, ref->commit);
    if (!commit)
      return fail(ErrorCode::corrupt, "CommitMissing", "The head of the branch has no commit row.")
          .with("commit", ref->commit.hex());
    return commit;
  };
  return database_.read_now(find);
}

Result<> Lanes::build(Lane& lane, Batch& batch) {
  const CommitPlan& first = batch.members.front().waiting->plan;
  std::optional<CommitInfo> head = lane.head;
  if (!head) {
    CAIRN_TRY(stored, read_head(first));
    head = stored;
  }
  if (!head) return no_branch(first);
  if (!head->sheet) {
    CAIRN_TRY(sheet, sheets_.ensure(first.repo, head->oid, sheet_wait_max));
    head->sheet = sheet;
  }
  batch.base = *head;

  std::vector<Batch::Member> kept;
  for (auto& member : batch.members) {
    const CommitPlan& plan = member.waiting->plan;
    Result<BuiltCommit> built = stale();
    if (!plan.expected_head || *plan.expected_head == head->oid)
      built = build_one(plan, head, batch);
    if (!built) {
      // Answered in place: lead() sees that it left the batch.
      std::function<void()> resume;
      {
        std::lock_guard lock(mutex_);
        member.waiting->answer = std::unexpected(std::move(built).error());
        resume = std::exchange(member.waiting->resume, nullptr);
      }
      if (resume) resume();
      continue;
    }
    head = built->info;
    for (const auto& object : built->objects)
      if (object.type == git::ObjectType::blob) batch.small_blobs[object.oid] = object.content;
    for (const auto& page : built->pages)
      if (auto decoded = decode_page(page.bytes))
        batch.pages[page.id] = std::make_shared<const Page>(std::move(*decoded));
    member.built = std::move(*built);
    kept.push_back(std::move(member));
  }
  batch.members = std::move(kept);
  return {};
}

Result<BuiltCommit> Lanes::build_one(const CommitPlan& plan, const std::optional<CommitInfo>& base,
                                     const Batch& batch) {
  auto* staged = static_cast<StagedBlobs*>(plan.staging.get());
  if (staged) CAIRN_CHECK(staged->close());
  PageLoader load = [&](const SheetId& id) -> Result<std::shared_ptr<const Page>> {
    if (auto found = batch.pages.find(id); found != batch.pages.end()) return found->second;
    return pages_.load(id);
  };
  BlobReader read = [&](const git::Oid& oid, std::size_t max) -> Result<std::string> {
    if (staged && staged->contains(oid)) return staged->read(oid, max);
    if (auto found = batch.small_blobs.find(oid); found != batch.small_blobs.end())
      return found->second;
    CAIRN_TRY(object, packs_.read(plan.repo, oid, max));
    return std::move(object.content);
  };
  WorkingTree tree(base, load, read);
  CAIRN_CHECK(plan.edit(tree));
  CAIRN_TRY(built, tree.finish(plan.author, plan.message, clock_.now()));
  built.info.repo = plan.repo;
  if (staged && !staged->in_file())
    built.objects.insert(built.objects.begin(), staged->raw().begin(), staged->raw().end());
  return built;
}

Result<> Lanes::store(Batch& batch) {
  std::vector<NewObject> objects;
  std::size_t page_bytes = 0;
  std::vector<EncodedPage> pages;
  for (auto& m : batch.members) {
    if (auto* staged = static_cast<StagedBlobs*>(m.waiting->plan.staging.get());
        staged && staged->in_file()) {
      CAIRN_TRY(row, packs_.store_staged(*staged));
      batch.packs.push_back(std::move(row));
    }
    for (auto& object : m.built->objects) objects.push_back(std::move(object));
    m.built->objects.clear();
    for (auto& page : m.built->pages) {
      page_bytes += page.bytes.size();
      pages.push_back(page);
    }
  }
  if (objects.empty()) return {};
  CAIRN_TRY(row, packs_.store_objects(objects, batch.members.size()));
  batch.packs.push_back(std::move(row));
  if (page_bytes <= pages_in_transaction_max) {
    batch.pages_for_transaction = std::move(pages);
    return {};
  }
  for (std::size_t at = 0; at < pages.size();) {
    std::size_t step_bytes = 0, end = at;
    while (end < pages.size() && step_bytes <= pages_in_transaction_max / 2)
      step_bytes += pages[end++].bytes.size();
    auto step = [&](db::Tx& tx) -> Result<> {
      for (std::size_t i = at; i < end; ++i) store::insert_page(tx, pages[i]);
      return {};
    };
    CAIRN_CHECK(database_.write_now(step));
    at = end;
  }
  return {};
}

Result<> Lanes::write(db::Tx& tx, Batch& batch) {
  batch.ref_moved = false;
  batch.refused.reset();
  const CommitPlan& first = batch.members.front().waiting->plan;
  tx.lock_row(db::Lockable::repo, first.repo.value);
  for (std::size_t i = 0; i < batch.members.size(); ++i) {
    auto& m = batch.members[i];
    if (!m.waiting->plan.within) continue;
    if (auto ok = m.waiting->plan.within(tx, m.built->info); !ok) {
      batch.refused = i;
      batch.refusal = ok.error();
      return ok;
    }
  }
  const CommitInfo& last = batch.members.back().built->info;
  const std::string& name = first.new_ref ? *first.new_ref : first.ref;
  if (first.starts_at) {
    if (store::find_ref(tx, first.repo, name))
      return fail(ErrorCode::conflict, "RefExists", "Reference " + name + " already exists");
    store::insert_ref(tx, first.repo, Ref{name, last.oid, {}});
  } else if (!store::move_ref(tx, first.repo, name, batch.base.oid, Ref{name, last.oid, {}})) {
    batch.ref_moved = true;
    return fail(ErrorCode::unavailable, "RefMoved", "The branch moved. Try again.");
  }
  for (const auto& pack : batch.packs) store::insert_pack(tx, first.repo, pack);
  for (const auto& page : batch.pages_for_transaction) store::insert_page(tx, page);
  std::optional<git::Oid> before;
  if (!first.starts_at) before = batch.base.oid;
  for (const auto& m : batch.members) {
    const auto& plan = m.waiting->plan;
    store::insert_commit(tx, plan.repo, m.built->info);
    store::append_log(tx, plan.repo, name, before, m.built->info.oid, plan.actor, plan.log_kind);
    before = m.built->info.oid;
  }
  RepoId repo = first.repo;
  tx.after_commit([this, repo] { refs_.changed(repo, false); });
  return {};
}

}  // namespace cairn::history
