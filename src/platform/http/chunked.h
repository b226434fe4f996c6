#pragma once
#include <cstdint>
#include <string>
#include <string_view>

/// Inside the module: the chunked transfer coding (RFC 9112, section 7.1).
namespace cairn::http {

/// Decodes a chunked body piece by piece. Our own because Beast's decoder asserts on a last chunk
/// that arrives in pieces (Boost 1.81), and because it can append straight to the answer.
class ChunkedDecoder {
 public:
  /// Appends content to `out`, and stops at the end of the body.
  /// @return how many bytes of `in` were used: all, unless done() or failed().
  std::size_t decode(std::string_view in, std::string& out);
  [[nodiscard]] bool done() const { return state_ == State::done; }
  /// Malformed, or more than the limits below. Nothing can be decoded after that.
  [[nodiscard]] bool failed() const { return state_ == State::failed; }

  /// Of all chunk extensions and trailers together: nobody uses them, and they are not content, so
  /// that no body limit would stop them. Renewed as content flows.
  static constexpr std::size_t overhead_bytes_max = 4096;

 private:
  enum class State {
    size,
    extension,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailer_start,
    trailer,
    trailer_lf,
    end_lf,
    done,
    failed
  };
  State step(char c);

  State state_ = State::size;
  std::uint64_t left_ = 0;  // Of the chunk, while its size is read and then its data.
  int digits_ = 0;
  std::size_t overhead_ = 0;
};

}  // namespace cairn::http
