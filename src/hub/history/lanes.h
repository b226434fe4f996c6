#pragma once
#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "hub/history/history.h"
#include "hub/history/packs.h"
#include "hub/history/pages.h"
#include "hub/history/refs.h"
#include "hub/history/sheets.h"

namespace cairn::history {

/// Commits to one branch wait in its lane. Whoever comes to an idle lane leads: it takes what
/// waits, builds each commit on the one before in memory, stores one pack, and moves the ref once
/// for the whole batch in one transaction; then the next in line leads. A lane is an optimization:
/// compare-and-swap on the ref decides, and a lost race builds the batch again.
class Lanes {
 public:
  Lanes(db::Database&, Blocking&, const Clock&, Packs&, Pages&, Sheets&, RefCache&);
  Task<Result<CommitInfo>> commit(CommitPlan plan);
  [[nodiscard]] std::uint64_t commits() const { return commits_; }
  [[nodiscard]] std::uint64_t batches() const { return batches_; }

 private:
  struct Waiting;
  struct Lane {
    std::deque<std::shared_ptr<Waiting>> queue;
    bool led = false;
    std::optional<CommitInfo> head;  ///< As this lane left it; only the leader touches it.
  };
  struct Batch;
  using LaneKey = std::pair<std::int64_t, std::string>;

  Task<> lead(std::shared_ptr<Lane> lane, std::vector<std::shared_ptr<Waiting>> batch);
  /// Builds everything that can be built. Blocks.
  Result<> build(Lane& lane, Batch& batch);
  Result<std::optional<CommitInfo>> read_head(const CommitPlan& plan);
  Result<BuiltCommit> build_one(const CommitPlan& plan, const std::optional<CommitInfo>& base,
                                const Batch& batch);
  Result<> store(Batch& batch);
  Result<> write(db::Tx& tx, Batch& batch);

  db::Database& database_;
  Blocking& blocking_;
  const Clock& clock_;
  Packs& packs_;
  Pages& pages_;
  Sheets& sheets_;
  RefCache& refs_;
  std::atomic<std::uint64_t> commits_ = 0, batches_ = 0;
  std::mutex mutex_;
  std::map<LaneKey, std::shared_ptr<Lane>> lanes_;
};

}  // namespace cairn::history
