#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/lfs/wire.h"
#include "base/result.h"
#include "platform/git/pkt_line.h"

/// git-lfs over SSH alone ("git-lfs-transfer"): its messages, and what they say in the JSON of the
/// HTTP protocol. Plain functions. Source: git-lfs, docs/proposals/ssh_adapter.md, version 1.
namespace cairn::api::lfs {

/// Arguments and lines of one message: a batch of git-lfs has 100 objects.
constexpr std::size_t ssh_lines_max = batch_objects_max + 100;
/// A path has up to 4096 bytes, and a lock's "path=" before it.
constexpr std::size_t ssh_line_bytes_max = 8192;

using SshLines = std::vector<std::string>;

struct SshMessage {
  std::string command;  ///< "get-object"
  std::string operand;  ///< What follows the command's word, such as an oid.
  std::map<std::string, std::string, std::less<>> arguments;  ///< "size" -> "12"
  SshLines lines;                                             ///< Behind the delimiter.
  bool has_data = false;  ///< Of put-object: packets of data follow, up to the next flush.

  /// Empty when it was not sent.
  [[nodiscard]] std::string argument(std::string_view name) const;
};

/// Puts messages together from packets. Holds one message within the limits above.
class SshMessageReader {
 public:
  /// @return the message, with its last packet: a flush, or put-object's delimiter. Nothing before.
  ///         `invalid_argument`, word "InvalidLfsMessage", for what is no message, `too_large` word
  ///         "LfsMessageTooLarge"; nothing can be read after that.
  [[nodiscard]] Result<std::optional<SshMessage>> add(const git::Pkt& packet);
  /// Between two messages, where the client may leave.
  [[nodiscard]] bool empty() const { return lines_ == 0; }

 private:
  SshMessage message_;
  std::size_t lines_ = 0;
  bool after_delimiter_ = false;
};

/// An answer in packets, to its flush. Line breaks within a line become spaces.
/// @param status  as in the HTTP protocol.
/// @param lines   behind a delimiter; empty: no delimiter either.
[[nodiscard]] std::string ssh_answer(int status, const SshLines& arguments = {},
                                     const std::optional<SshLines>& lines = {});

/// @param operation  upload or download.
/// @return `invalid_argument`, word "InvalidLfsMessage", for a line that is no oid and size.
[[nodiscard]] Result<BatchRequest> decode_ssh_batch(const SshMessage& message,
                                                    const std::string& operation);

/// What a client asks about the one object that its message names.
/// @return `invalid_argument`, word "InvalidLfsMessage", without an oid and a size.
[[nodiscard]] Result<BatchRequest> decode_ssh_object(const SshMessage& message,
                                                     const std::string& operation);

struct SshBatch {
  SshLines lines;
  /// Why nothing can be uploaded: a push needs every file of it.
  std::optional<BatchError> refused;
};
/// One line per object. No ids of transfers: git-lfs 3.3 forgets them between batch and get-object,
/// so that the latter must do without. A file that cannot be downloaded has its action all the
/// same, since git-lfs leaves out without a word what has none; get-object then says why.
[[nodiscard]] SshBatch encode_ssh_batch(const BatchResponse& answer, const std::string& operation);

/// The last segment of a signed URL.
[[nodiscard]] std::string ticket_of(const BatchAction& action);

/// "id=…", "path=…" and the rest, as arguments.
[[nodiscard]] SshLines encode_ssh_lock(const LockOut& lock);
/// The same as lines of a list. @param whose  "ours" or "theirs"; empty: not told.
void append_ssh_lock(SshLines& lines, const LockOut& lock, std::string_view whose);

}  // namespace cairn::api::lfs
