#include "hub/repo/between.h"

#include <queue>
#include <unordered_map>

namespace cairn::repo {
namespace {

using history::CommitInfo;

/// Commits looked at: each is an indexed read of a row, some 10 µs.
constexpr int seen_max = 20'000;

/// All that two commits reach, by generation downwards: when a commit's turn comes, all that
/// descend from it had theirs, so it is known which of the two reach it.
class Descent {
 public:
  static constexpr int of_base = 1, of_head = 2;

  Descent(db::Tx& tx, history::History& history, RepoId repo, const CommitInfo& base,
          const CommitInfo& head)
      : tx_(tx), history_(history), repo_(repo) {
    add(base, of_base);
    add(head, of_head);
  }

  /// Whether a commit waits that, as far as is known, the head alone reaches.
  [[nodiscard]] bool goes_on() const { return heads_alone_ > 0; }

  /// The next commit and who reach it. @pre goes_on()
  std::pair<CommitInfo, int> next() {
    auto node = waiting_.extract(queue_.top().second);
    queue_.pop();
    int sides = sides_.at(node.key());
    heads_alone_ -= sides == of_head;
    for (const auto& parent : node.mapped().parents) {
      if (auto known = sides_.find(parent); known != sides_.end())
        mark(known->second, sides);
      else if (auto row = history_.find_commit(tx_, repo_, parent))
        add(*row, sides);
    }
    return {std::move(node.mapped()), sides};
  }

 private:
  void mark(int& sides, int more) {
    heads_alone_ -= sides == of_head;
    sides |= more;
    heads_alone_ += sides == of_head;
  }
  void add(const CommitInfo& commit, int side) {
    auto [at, is_new] = sides_.try_emplace(commit.oid, 0);
    mark(at->second, side);
    if (!is_new) return;
    queue_.emplace(commit.generation, commit.oid);
    waiting_.emplace(commit.oid, commit);
  }

  db::Tx& tx_;
  history::History& history_;
  RepoId repo_;
  std::priority_queue<std::pair<std::int64_t, git::Oid>> queue_;
  std::unordered_map<git::Oid, CommitInfo> waiting_;
  std::unordered_map<git::Oid, int> sides_;
  int heads_alone_ = 0;
};

}  // namespace

Between commits_between(db::Tx& tx, history::History& history, RepoId repo, const CommitInfo& base,
                        const CommitInfo& head, std::size_t commits_max) {
  Between out;
  Descent descent(tx, history, repo, base, head);
  for (int seen = 0; seen < seen_max && descent.goes_on(); ++seen) {
    auto [commit, sides] = descent.next();
    if (sides != Descent::of_head) continue;
    if (out.commits.size() == commits_max) {
      out.more = true;
      return out;
    }
    out.commits.push_back(std::move(commit));
  }
  out.more = descent.goes_on();
  return out;
}

}  // namespace cairn::repo
