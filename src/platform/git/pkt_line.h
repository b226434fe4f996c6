#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

/// The framing of git's wire protocols (gitprotocol-common(5)): four hex digits of length, then
/// bytes. Lengths below 4 are marks without bytes.
namespace cairn::git {

constexpr std::size_t pkt_bytes_max = 65520;  ///< With its four digits: git's LARGE_PACKET_MAX.
constexpr std::size_t pkt_data_bytes_max = pkt_bytes_max - 4;

enum class PktKind {
  data,
  flush,         ///< "0000": the end of a list or a request.
  delim,         ///< "0001": between capabilities and arguments (protocol 2).
  response_end,  ///< "0002": the end of an answer over a stateless connection.
};

struct Pkt {
  PktKind kind = PktKind::data;
  std::string data = {};  ///< As sent: a text line may end in "\n".

  /// The data without the "\n" that text lines may end in.
  [[nodiscard]] std::string_view line() const {
    std::string_view text = data;
    if (text.ends_with('\n')) text.remove_suffix(1);
    return text;
  }
  bool operator==(const Pkt&) const = default;
};

/// @pre data.size() <= pkt_data_bytes_max
void append_pkt(std::string& out, std::string_view data);
/// The same with a "\n" behind, as text lines are sent.
void append_pkt_line(std::string& out, std::string_view line);
void append_flush(std::string& out);
void append_delim(std::string& out);

/// Side-bands (gitprotocol-pack(5)): one stream carries the pack, words for the user, and a fatal
/// error.
enum class Band : char { pack = 1, progress = 2, fatal = 3 };
/// In as many packets as it takes. @param band_bytes_max  1000 for "side-band", else the default.
void append_band(std::string& out, Band band, std::string_view bytes,
                 std::size_t band_bytes_max = pkt_bytes_max);
/// "ERR <message>": what git prints as "fatal: remote error: <message>". One line, cut to fit.
void append_error_pkt(std::string& out, std::string_view message);

/// Reads packets from bytes that come in pieces, cut anywhere. Holds at most one packet and what
/// was fed behind it. Not shared between threads.
class PktReader {
 public:
  void feed(std::string_view bytes);
  /// The next whole packet; empty when more bytes are needed.
  /// @return `invalid_argument`, word "InvalidPktLine", for a length that is no hex, 3, or over
  ///         `pkt_bytes_max`. Nothing can be read after that.
  [[nodiscard]] Result<std::optional<Pkt>> next();
  /// True when no byte waits: the stream may end here.
  [[nodiscard]] bool empty() const { return at_ == buffer_.size(); }
  /// What was fed and not read as packets: a pack follows the last packet without framing.
  [[nodiscard]] std::string take_rest();

 private:
  std::string buffer_;
  std::size_t at_ = 0;
};

}  // namespace cairn::git
