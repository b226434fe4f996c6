#pragma once
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "base/task.h"
#include "hub/history/history.h"
#include "hub/push/request.h"
#include "hub/repo/pull_requests.h"
#include "hub/repo/repos.h"
#include "platform/process/slots.h"

/// Receiving what clients of git push, over whatever transport.
namespace cairn::push {

using account::Actor;

struct Options {
  /// Regular files above this go to LFS: git reads, writes and sends each version of them whole.
  std::uint64_t blob_bytes_max = 10u << 20;
  /// Of one push, as sent. Larger histories come in several pushes, or by import.
  std::uint64_t pack_bytes_max = 8ull << 30;
  /// For git to check the pack, from its first byte on: what a slow line needs for the largest.
  Duration deadline = hours(2);
  /// Each has a `git index-pack` and a thread that reads; the rest wait in line.
  std::size_t pushes_max = 4;
  std::size_t pushes_each_max = 2;  ///< Of one account.
  std::size_t pushes_waiting_max = 64;
  Duration wait_max = minutes(2);
  /// Of the checking program's address space: what the largest object unpacks to, several times.
  std::uint64_t checker_memory_bytes_max = 4ull << 30;
};

/// A push between its request and its report. Used by one coroutine; dropped before `finish`
/// nothing of it is left.
class Push {
 public:
  virtual ~Push() = default;
  /// The pack, piece by piece, as it comes.
  /// @return `too_large`, `timeout`: the push is over.
  virtual Task<Result<>> write(std::string bytes) = 0;
  /// After the last byte. Refusals are in the report; so is everything that may be tried again.
  virtual Task<Report> finish() = 0;
};

struct PushParts;

/// Thread-safe. References outlive it.
class Pushes {
 public:
  /// @param pull_requests  null: nothing is pushed to refs/pr/.
  Pushes(db::Database& database, history::History& history, repo::Repos& repos, Blocking& blocking,
         Options options, repo::PullRequests* pull_requests = nullptr);
  ~Pushes();
  Pushes(const Pushes&) = delete;
  Pushes& operator=(const Pushes&) = delete;

  [[nodiscard]] const Options& options() const;

  /// Whether this actor may push anything: to branches and tags with `write`, else to a pull
  /// request of their own. @return what access::check says for `write`.
  Task<Result<>> check(Actor actor, repo::RepoRef repo);
  /// What a client is told before it pushes: refs it may read, sorted. Asks `check`.
  Task<Result<std::vector<Advertised>>> refs(Actor actor, repo::RepoRef repo);

  /// Looks at what can be refused before the pack comes, and makes ready for it.
  /// @return what `check` says; `unavailable`, word "HubBusy".
  Task<Result<std::unique_ptr<Push>>> begin(Actor actor, repo::RepoRef repo, Request request,
                                            boost::asio::any_io_executor executor);

 private:
  std::shared_ptr<PushParts> parts_;
};

}  // namespace cairn::push
