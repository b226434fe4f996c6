#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "hub/history/history.h"
#include "hub/repo/commits.h"

/// The body of `POST /api/{T}/{id}/commit/{rev}`, read while it arrives.
namespace cairn::repo {

struct CommitBodyLimits {
  /// Base64 of the largest file, its envelope, and room for a client that escapes or indents.
  std::size_t line_bytes_max = 48u << 20;
  std::size_t file_bytes_max = 32u << 20;  ///< One regular file; larger ones go through LFS.
  std::size_t ops_max = 100'000;
  std::uint64_t bytes_max = 2ull << 30;  ///< Regular files together; Options::commit_bytes_max.
  std::size_t summary_bytes_max = 1000;
  std::size_t description_bytes_max = 60'000;  ///< Below git::message_bytes_max with the summary.
};

/// Reads NDJSON (a header line, then a line per operation) or the older single JSON object with
/// `files`, `lfsFiles`, `deletedFiles`, `deletedFolders` and `deletedEntries`.
///
/// Each file's content goes to the staging when its line ends, so memory holds one file at a time:
/// at most about 80 MiB. Paths, digests and base64 are checked here; errors name the line. One
/// thread at a time. `feed` hashes and compresses what it decodes: with more than some KB call it
/// on a Blocking thread.
class CommitBody {
 public:
  enum class Format { ndjson, json };

  CommitBody(Format format, std::shared_ptr<history::Staging> staging,
             CommitBodyLimits limits = {});
  ~CommitBody();
  CommitBody(CommitBody&&) noexcept;
  CommitBody& operator=(CommitBody&&) noexcept;

  /// @return `invalid_argument` "InvalidCommitBody", "InvalidJson"; `unprocessable` "InvalidPath";
  ///         `too_large`; `storage_full`. After an error only destruction is left.
  Result<> feed(std::string_view bytes);
  /// Once the header line has been read. Valid until the next `feed`.
  [[nodiscard]] const CommitHeader* header() const;
  /// @return `invalid_argument` when the body ends inside a line or has no header. The request
  ///         may have no operations: `Commits::commit` refuses that.
  [[nodiscard]] Result<CommitRequest> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cairn::repo
