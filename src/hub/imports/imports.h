#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/keyring.h"
#include "base/result.h"
#include "base/task.h"
#include "hub/lfs/lfs.h"
#include "hub/push/push.h"
#include "hub/repo/repos.h"
#include "hub/work/work.h"
#include "platform/http/outbound.h"

/// Repositories that come from elsewhere: over git from another server, with their large files, or
/// from a folder of the hub's machine. Background work that goes on after a restart.
namespace cairn::imports {

using account::Actor;

[[nodiscard]] std::vector<db::Migration> imports_migrations();

/// The kind of its items of background work.
constexpr std::string_view work_kind = "imports.run";

enum class State { waiting, running, done, failed, cancelled };  ///< Numbers as in rows.
/// "waiting"…
[[nodiscard]] std::string_view to_string(State state);

/// What it is at: "looking", "fetching", "sorting", "large_files", "saving".
enum class Phase { looking, fetching, sorting, large_files, saving };
[[nodiscard]] std::string_view to_string(Phase phase);

/// How far it is; a total of 0 is not known yet.
struct Progress {
  Phase phase = Phase::looking;
  std::uint64_t objects_done = 0, objects_total = 0;  ///< Of git.
  std::uint64_t bytes_received = 0;                   ///< From the source, by git, this time.
  std::uint64_t files_done = 0, files_total = 0;      ///< Large ones; those here already are done.
  std::uint64_t file_bytes_done = 0, file_bytes_total = 0;
};

using ImportId = Id<struct ImportTag>;

struct Import {
  ImportId id;
  PublicId public_id;
  UserId user;  ///< Who began it; 0: the operator.
  RepoId repo;
  RepoKind kind = RepoKind::model;
  std::string repo_name;  ///< As it was called at the beginning.
  std::string source;     ///< A URL without secrets, or a folder.
  bool local = false;
  std::string username;  ///< That goes with the token.
  std::string token;     ///< Sealed; empty when there is none or it is over.
  std::string initial;   ///< The commit that main was made with, which is replaced.
  State state = State::waiting;
  Progress progress;
  std::vector<std::string> notes;  ///< What was left out, for people.
  std::string error_word, error_message;
  Time created_at, updated_at;
  std::optional<Time> finished_at;
};

struct NewImport {
  std::string url;                  ///< http(s)://host/path; or
  std::string path;                 ///< a folder of the hub's machine: the operator alone.
  std::optional<RepoKind> kind;     ///< Empty: as the URL says ("/datasets/…"), else a model.
  std::optional<std::string> name;  ///< "owner/name" or "name"; empty: the source's last part.
  /// Empty: private when a token is given, else the owner's default.
  std::optional<Visibility> visibility;
  std::string token, username;
};

/// Of one person, not finished.
constexpr std::size_t imports_open_max = 20;
constexpr std::size_t token_bytes_max = 4096, username_bytes_max = 200, url_bytes_max = 2000;
/// Newest first, in a list.
constexpr int list_max = 100;
constexpr std::size_t notes_max = 50;

struct Parts {
  db::Database& database;
  history::History& history;
  repo::Repos& repos;
  lfs::Lfs& large_files;
  push::Pushes& pushes;
  Blocking& blocking;
  const Keyring& keyring;
  http::Outbound outbound;
  std::string folder;  ///< Node-local, for what is on its way.
};

/// Thread-safe; what its parts refer to outlives it.
class Imports {
 public:
  explicit Imports(Parts parts);
  ~Imports();
  Imports(const Imports&) = delete;
  Imports& operator=(const Imports&) = delete;

  /// Looks at the source, makes the repository and plans the work. The same repository again, when
  /// its import failed or was cancelled, goes on with that one.
  /// @return `invalid_argument`, words "InvalidUrl", "InvalidSource", "NotARepository",
  ///         "InvalidName"; `forbidden`, words "AddressRefused", "SourceNeedsToken", "Forbidden";
  ///         `not_found` "SourceNotFound"; `unavailable` "SourceUnavailable"; `conflict`
  ///         "RepoExists", "ImportRunning"; `too_large` "TooManyImports"; what Repos::create says.
  Task<Result<Import>> start(Actor actor, NewImport request);
  /// One's own. @return `unauthenticated`, `forbidden` as access::check_own.
  Task<Result<std::vector<Import>>> list(Actor actor);
  /// @return also `not_found`, word "ImportNotFound".
  Task<Result<Import>> find(Actor actor, PublicId id);
  /// Ends one that goes on, within a second or so, or forgets one that is over. The repository
  /// stays as it is.
  Task<Result<>> remove(Actor actor, PublicId id);

  /// The handler of the work. @param stopping  whether the hub stops.
  Task<Result<>> run(work::WorkItem item, std::function<bool()> stopping);
  /// Runs one here and now: for commands without a running hub.
  Task<Result<Import>> run_now(PublicId id);
  /// Told by the node that has a worker for the kind.
  void set_has_worker() { has_worker_ = true; }
  [[nodiscard]] bool has_worker() const { return has_worker_; }

  /// To be called in the transaction that purges an owner, before it.
  void owner_purged(db::Tx& tx, OwnerId owner);

 private:
  std::shared_ptr<Parts> parts_;
  std::atomic<bool> has_worker_ = false;
};

}  // namespace cairn::imports
