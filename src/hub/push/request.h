#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "platform/git/oid.h"
#include "platform/git/pkt_line.h"

/// What a client of git asks when it pushes (gitprotocol-pack(5), "Reference Update Request").
namespace cairn::push {

/// One ref: created when `from` is absent, deleted when `to` is, else moved.
struct Command {
  std::optional<git::Oid> from, to;
  std::string ref;  ///< As sent: not checked yet.
  bool operator==(const Command&) const = default;
};

struct Request {
  std::vector<Command> commands;  ///< None: the client only asks whether it may push.
  bool atomic = false;            ///< All refs or none.
  bool report_status = false;     ///< `report-status` or `report-status-v2`: ours are the same.
  bool side_band = false;         ///< Words for the user beside the report.
  bool quiet = false;
  std::vector<std::string> options;  ///< `git push -o`.

  /// A pack follows.
  [[nodiscard]] bool brings_pack() const;
};

/// `git push --mirror` of the largest repositories has fewer; more are one mistake or another.
constexpr std::size_t commands_max = 20'000;
/// A push is one transaction up to here, which is as many as fit into its time; `--atomic` ends
/// there.
constexpr std::size_t commands_in_transaction_max = 500;
constexpr std::size_t options_max = 64;
constexpr std::size_t option_bytes_max = 1024;

/// Reads a request from its packets. One use, one thread.
class RequestReader {
 public:
  /// @return true when the request is complete: what follows is a pack. `invalid_argument`, word
  ///         "InvalidPush", for what is no request; `too_large`, word "TooManyRefs" or
  ///         "TooManyOptions".
  [[nodiscard]] Result<bool> add(const git::Pkt& packet);
  [[nodiscard]] Request take() { return std::move(request_); }
  /// As far as it was read: what a refusal is answered by.
  [[nodiscard]] const Request& request() const { return request_; }

 private:
  Result<> command(std::string_view line);
  Result<> capabilities(std::string_view text);
  Request request_;
  bool first_ = true;
  bool wants_options_ = false;
  bool in_options_ = false;
};

/// What the server can do, for the first line of the advertisement.
/// @param agent  "cairn/1.2.3"
[[nodiscard]] std::string capabilities(std::string_view agent);

/// One ref that a client is told of before it pushes.
struct Advertised {
  std::string name;
  git::Oid oid;  ///< The tag object of an annotated tag.
};
/// All refs, and what the server can do. @param version_1  the client asked for protocol 1.
[[nodiscard]] std::string encode_advertisement(const std::vector<Advertised>& refs,
                                               std::string_view agent, bool version_1);

/// What became of a push.
struct Report {
  /// Empty: the pack was taken.
  std::string unpack_error;
  struct Ref {
    std::string name;
    std::string refusal;  ///< Empty: done.
  };
  std::vector<Ref> refs;           ///< In the order of the commands.
  std::vector<std::string> words;  ///< Lines for the user's terminal.

  [[nodiscard]] bool all_done() const;
};

/// The answer, framed as the client asked; empty when it asked for no report.
[[nodiscard]] std::string encode_report(const Report& report, const Request& request);
/// The answer to what cannot be answered ref by ref: git prints it and ends.
[[nodiscard]] std::string encode_fatal(std::string_view message, const Request& request);

}  // namespace cairn::push
