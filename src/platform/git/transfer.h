#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "platform/git/git_program.h"
#include "platform/git/oid.h"

/// Getting a repository from elsewhere with the `git` program. All of it blocks; `stop`, once true,
/// ends it with `unavailable`, word "Stopped".
namespace cairn::git {

/// Another server's repository. The secrets go to git through its environment: an argument vector
/// is for everybody on the machine to read.
struct Remote {
  std::string url;                   ///< https:// or http://, checked, without a password.
  std::string authorization;         ///< "Basic …"; empty: none.
  std::string proxy;                 ///< What every connection goes through.
  std::uint64_t pack_bytes_max = 0;  ///< What git may write into one file; 0: any size.
};

struct RemoteRefs {
  std::string head;            ///< "refs/heads/main"; empty when the server does not say.
  std::vector<RefValue> refs;  ///< Branches and tags, as they are: tag objects are not peeled.
};
/// @return `unavailable`, word "GitTransferFailed", with git's words.
[[nodiscard]] Result<RemoteRefs> list_remote(const std::string& folder, const Remote& remote,
                                             const std::atomic<bool>& stop);

/// How far git says it is.
struct TransferProgress {
  std::string stage;  ///< "Receiving objects"
  std::uint64_t done = 0, total = 0;
};
/// Reads git's progress as it comes: lines that overwrite one another.
class ProgressReader {
 public:
  explicit ProgressReader(std::function<void(const TransferProgress&)> tell);
  void feed(std::string_view bytes);
  /// The last lines that were no progress: why it failed. At most 300 bytes.
  [[nodiscard]] std::string last_words();

 private:
  void line(std::string_view text);
  std::function<void(const TransferProgress&)> tell_;
  std::string rest_;
  std::vector<std::string> words_;
};
/// "Receiving objects:  12% (123/1000), 1.20 MiB | 3 MiB/s"
[[nodiscard]] std::optional<TransferProgress> parse_progress(std::string_view line);

/// Fetches these refs, under their own names, into a bare folder; what the folder has is not sent.
/// @return as list_remote().
[[nodiscard]] Result<> fetch_refs(const std::string& folder, const Remote& remote,
                                  const std::vector<std::string>& refs,
                                  const std::function<void(const TransferProgress&)>& tell,
                                  const std::atomic<bool>& stop);

/// A repository on this machine's disk.
struct LocalRepository {
  std::string git_folder;  ///< The folder itself when bare, else its ".git".
  RemoteRefs refs;
};
/// @return `invalid_argument`, word "NotARepository": no repository, a shallow one, or one that
///         keeps its objects elsewhere.
[[nodiscard]] Result<LocalRepository> open_local(const std::string& path,
                                                 const std::atomic<bool>& stop);
/// Lets a bare folder read the objects of another, where they are.
[[nodiscard]] Result<> borrow_objects(const std::string& folder, const std::string& git_folder);

struct ObjectInfo {
  Oid oid;
  ObjectType type = ObjectType::blob;
  std::uint64_t size_bytes = 0;
};
/// A list of so many is held in memory: 200 MiB.
constexpr std::size_t reachable_max = 5'000'000;
/// Everything that the refs of a folder reach.
/// @return `unprocessable`, word "InvalidPack", when something is missing; `too_large`, word
///         "TooManyObjects", above `reachable_max`.
[[nodiscard]] Result<> each_reachable(const std::string& folder,
                                      const std::function<void(const ObjectInfo&)>& visit,
                                      const std::atomic<bool>& stop);
/// Contents, in the order of `oids`. @param visit  false ends it.
[[nodiscard]] Result<> each_content(const std::string& folder, const std::vector<Oid>& oids,
                                    const std::function<void(const Oid&, std::string_view)>& visit,
                                    const std::atomic<bool>& stop);

/// Writes one pack of everything that the refs of a folder reach to its standard output.
[[nodiscard]] process::Command pack_everything_command(const std::string& folder);

}  // namespace cairn::git
