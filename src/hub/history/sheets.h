#pragma once
#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "hub/history/history.h"
#include "hub/history/packs.h"
#include "hub/history/pages.h"

namespace cairn::history {

/// Sheets of commits that came by push or import: built parents first, stored in steps, so that a
/// crash loses a step and nobody holds the writer long. Thread-safe; everything blocks.
class Sheets {
 public:
  Sheets(db::Database& database, Packs& packs, Pages& pages)
      : database_(database), packs_(packs), pages_(pages) {}

  /// The root sheet of a commit, built with those of its ancestors if need be.
  /// @return `unavailable`, word "SheetPending", when that takes longer than `patience`: what was
  ///         built stays, so trying again goes on.
  Result<SheetId> ensure(RepoId repo, const git::Oid& commit, Duration patience);
  /// See History::build_sheets.
  Result<bool> build_all(RepoId repo, const std::function<bool()>& stop);

 private:
  struct Pending;
  struct Step;
  using Lock = std::shared_ptr<std::timed_mutex>;
  Lock lock_of(RepoId repo);
  Result<bool> build(RepoId repo, std::vector<git::Oid> heads, const std::function<bool()>& stop);
  Result<Pending> collect(RepoId repo, std::vector<git::Oid> heads);
  Result<> flush(RepoId repo, Step& step);

  db::Database& database_;
  Packs& packs_;
  Pages& pages_;
  std::mutex mutex_;
  std::map<std::int64_t, std::weak_ptr<std::timed_mutex>> locks_;  ///< One builder per repository.
};

/// Pages in steps of at most this many bytes, so that a transaction is short.
constexpr std::size_t pages_step_bytes = 256u << 10;
/// Inserts pages ahead of whatever will name them: garbage that a sweep finds, should that not
/// come.
[[nodiscard]] Result<> store_pages(db::Database& database, const std::vector<EncodedPage>& pages);

}  // namespace cairn::history
