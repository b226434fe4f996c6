#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

/// Content-defined chunking with a gear hash (Xet protocol, "Content-Defined Chunking"). Where a
/// file is cut depends on its content only, never on how it is handed in.
namespace cairn::xet {

/// A cut is not looked for before this many bytes. Uploaded chunks may still be shorter: the last
/// of a file, and those of older JavaScript clients.
constexpr std::uint32_t chunk_cut_bytes_min = 8'192;
/// The mean that the mask aims at.
constexpr std::uint32_t chunk_bytes_target = 65'536;
/// No chunk is longer, whoever cut it.
constexpr std::uint32_t chunk_bytes_max = 131'072;

/// Cuts a stream. @code while (auto length = chunker.next(bytes)) { …;
/// bytes.remove_prefix(*length); }
class Chunker {
 public:
  /// Looks for the end of the current chunk.
  /// @return how many of `bytes` belong to it, at least 1, when it ends among them: what follows
  ///         begins the next chunk and is to be handed in again. Nothing when all of `bytes`
  ///         belong to it and it goes on (also for an empty `bytes`).
  [[nodiscard]] std::optional<std::size_t> next(std::string_view bytes);
  /// Bytes of the chunk that has not ended; at the end of the input they are the last chunk.
  [[nodiscard]] std::uint32_t open_bytes() const { return length_; }

 private:
  std::uint64_t state_ = 0;
  std::uint32_t length_ = 0;
};

/// The chunks' lengths, whose sum is the content's size; none for empty content.
[[nodiscard]] std::vector<std::uint32_t> chunk_lengths(std::string_view content);

/// The same list, found by several threads: each cuts a part from a guessed start and goes on until
/// its cuts agree with those of the next part.
/// @param threads  at least 1; short content uses fewer.
[[nodiscard]] std::vector<std::uint32_t> chunk_lengths_parallel(std::string_view content,
                                                                unsigned threads);

/// The 256 values of the gear hash, fixed by the protocol.
[[nodiscard]] std::span<const std::uint64_t, 256> gear_table();

}  // namespace cairn::xet
