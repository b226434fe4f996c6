#pragma once
#include <memory>
#include <string>
#include <variant>

#include "base/clock.h"
#include "base/result.h"
#include "base/task.h"
#include "hub/history/history.h"
#include "hub/repo/repos.h"
#include "platform/db/db.h"
#include "platform/git/upload_request.h"

/// What git's clients read: refs, and packs of the objects that refs reach.
namespace cairn::fetch {

using account::Actor;

struct Options {
  std::string cache_folder;     ///< Node-local, of this module alone: emptied at the start.
  std::string agent = "cairn";  ///< What clients are told.
  /// git programs at once. Most of them wait for their client, so more than cores.
  std::size_t processes_max = 16;
  /// A client asks for refs, then for objects: what a ref held until so long ago is still served.
  Duration grace = minutes(10);
  /// One transfer as a whole: a large repository over a slow line.
  Duration transfer_max = hours(12);
  std::uint64_t answer_cache_bytes = 4ull << 30;  ///< Answers on disk, for those who ask the same.
};

/// A file's bytes from its start.
struct FileBody {
  int descriptor = -1;
  std::uint64_t size_bytes = 0;
  std::shared_ptr<const void> owner;  ///< Keeps the descriptor open.
};
/// Bytes that are made while they are sent. Used on the thread that asked.
class StreamBody {
 public:
  virtual ~StreamBody() = default;
  /// The next bytes; empty at the end. An error cuts the answer.
  virtual Task<Result<std::string>> next() = 0;
};
using Answer = std::variant<std::string, FileBody, std::shared_ptr<StreamBody>>;

/// Answers fetches. Repositories are given as found for `Action::read_content`: who holds one may
/// read it. What a client may have is what the readable refs reach (DESIGN 3.4): any other id gets
/// git's own "not our ref", whether it is stored or not. Thread-safe; references outlive it.
class Fetches {
 public:
  Fetches(db::Database& database, history::History& history, Blocking& blocking, Options options);
  ~Fetches();
  Fetches(const Fetches&) = delete;
  Fetches& operator=(const Fetches&) = delete;

  /// Refs (protocols 0 and 1) or abilities (2), as a connection begins and `info/refs` tells.
  Task<Result<std::string>> advertise(repo::RepoRef repo, git::Protocol protocol);

  /// One request of a stateless connection. What is refused within the protocol is an answer, as
  /// git itself would send it.
  /// @return `invalid_argument`, word "InvalidPktLine"; `too_large`; `unavailable`, word "HubBusy",
  /// when all places are taken for too long.
  Task<Result<Answer>> answer(Actor actor, repo::RepoRef repo, git::Protocol protocol,
                              std::string request);

  /// Gives back room that nobody used for a while. Every minute or so; blocks.
  void tidy();

  struct Metrics {
    std::size_t running = 0, waiting = 0;   ///< git programs, and requests that wait for one.
    std::uint64_t answers = 0, cached = 0;  ///< Since the start; `cached` are among `answers`.
  };
  [[nodiscard]] Metrics metrics() const;

 private:
  struct Parts;
  std::shared_ptr<Parts> parts_;
};

}  // namespace cairn::fetch
