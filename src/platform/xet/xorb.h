#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "platform/xet/chunker.h"
#include "platform/xet/hash.h"

/// Xorbs: chunks, each compressed by itself, one record after the other. What a client sends is
/// read by XorbVerifier, what is stored is read by decode_chunks, with the help of an XorbIndex.
///
/// Every error of content is `invalid_argument`, word "InvalidXorb", with a message that names the
/// chunk and the rule; what the hub stored itself and cannot read is `corrupt`, "XorbCorrupt".
namespace cairn::xet {

/// Chunks of one xorb (protocol).
constexpr std::uint32_t xorb_chunks_max = 8'192;
constexpr std::uint32_t record_header_bytes = 8;
/// What clients pack one xorb from: the protocol's 64 MiB.
constexpr std::uint64_t xorb_content_bytes_target = 67'108'864;
/// A serialized xorb without footer. The protocol says 64 MiB, and the Rust client counts only the
/// chunks: of content that does not compress, every eighth xorb is larger by the records' headers.
constexpr std::uint64_t xorb_bytes_max =
    xorb_content_bytes_target + std::uint64_t{record_header_bytes} * xorb_chunks_max;
/// Payload of one record: as the reference reader has it.
constexpr std::uint32_t record_payload_bytes_max = 262'144;
/// The longest footer, of version 1 and as many chunks as there can be: older clients append one.
constexpr std::uint64_t footer_bytes_max = 96 + 40ull * xorb_chunks_max;
/// The longest body of an upload.
constexpr std::uint64_t xorb_upload_bytes_max = xorb_bytes_max + footer_bytes_max;

enum class Scheme : std::uint8_t {
  stored = 0,   ///< The bytes as they are.
  lz4 = 1,      ///< An LZ4 frame.
  bg4_lz4 = 2,  ///< Bytes grouped by their place modulo 4, then an LZ4 frame: for 32-bit numbers.
};

/// What stands before a chunk's payload.
struct RecordHeader {
  Scheme scheme = Scheme::stored;
  std::uint32_t payload_bytes = 0;
  std::uint32_t chunk_bytes = 0;  ///< Uncompressed.
  bool operator==(const RecordHeader&) const = default;
};

/// @pre at least `record_header_bytes`. @return `invalid_argument`, "InvalidXorb".
[[nodiscard]] Result<RecordHeader> parse_record_header(std::string_view bytes);
[[nodiscard]] std::array<char, record_header_bytes> encode_record_header(
    const RecordHeader& header);

/// Decompresses a payload of exactly `header.payload_bytes` to exactly `header.chunk_bytes` at
/// `into`. Writes nowhere else, whatever the payload says, and allocates nothing that depends on
/// it.
/// @return `invalid_argument`, "InvalidXorb".
[[nodiscard]] Result<> decode_chunk(const RecordHeader& header, std::string_view payload,
                                    char* into);

/// A chunk as a record, header included; with scheme `stored` when compression does not shrink it.
/// @pre 1 to chunk_bytes_max bytes.
void append_record(std::string& out, std::string_view chunk, Scheme scheme);
/// Which of `lz4` and `bg4_lz4` suits bytes like these: by how the bits set are distributed over
/// the four places, as the Rust client decides.
[[nodiscard]] Scheme choose_scheme(std::string_view chunk);

/// `[first, end)` of a xorb's chunks.
struct ChunkRange {
  std::uint32_t first = 0;
  std::uint32_t end = 0;
  bool operator==(const ChunkRange&) const = default;
};
/// `[first, end)` of bytes.
struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t end = 0;
  bool operator==(const ByteRange&) const = default;
  [[nodiscard]] std::uint64_t count() const { return end - first; }
};

/// Where the chunks of a stored xorb lie, and their hashes: 40 bytes per chunk. Cheap to move,
/// read in place.
class XorbIndex {
 public:
  XorbIndex() = default;

  /// Reads what bytes() gave. Checks lengths, order and a checksum, so that a torn or flipped index
  /// is not believed. @return `corrupt`, "XorbIndexCorrupt".
  [[nodiscard]] static Result<XorbIndex> parse(std::string bytes);
  /// The serialized form, for storing.
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

  [[nodiscard]] Hash xorb() const;
  [[nodiscard]] std::uint32_t count() const { return count_; }
  /// @pre chunk < count(), here and below; ranges with first < end <= count().
  [[nodiscard]] Hash chunk(std::uint32_t chunk) const;
  /// Uncompressed size of one chunk.
  [[nodiscard]] std::uint32_t chunk_bytes(std::uint32_t chunk) const {
    return static_cast<std::uint32_t>(content_offset(chunk + 1) - content_offset(chunk));
  }
  /// Of the chunk's first byte in the uncompressed concatenation; of count(): the whole size.
  /// At most 1 GiB.
  [[nodiscard]] std::uint64_t content_offset(std::uint32_t chunk) const;
  /// Of the chunk's record in the stored body; of count(): the body's size.
  [[nodiscard]] std::uint64_t record_offset(std::uint32_t chunk) const;
  [[nodiscard]] std::uint64_t content_bytes() const { return content_offset(count_); }
  [[nodiscard]] std::uint64_t body_bytes() const { return record_offset(count_); }
  [[nodiscard]] std::uint64_t content_bytes(ChunkRange range) const {
    return content_offset(range.end) - content_offset(range.first);
  }
  /// Of whole records, headers included.
  [[nodiscard]] ByteRange records(ChunkRange range) const {
    return {record_offset(range.first), record_offset(range.end)};
  }
  /// The chunk that has the byte at `offset` of the concatenation. @pre offset < content_bytes()
  [[nodiscard]] std::uint32_t chunk_at(std::uint64_t offset) const;
  /// start < end <= count().
  [[nodiscard]] bool contains(ChunkRange range) const {
    return range.first < range.end && range.end <= count_;
  }
  [[nodiscard]] Hash range_hash(ChunkRange range) const;

 private:
  friend class XorbIndexBuilder;
  std::string bytes_;
  std::uint32_t count_ = 0;
};

/// Collects chunks in order and makes the index.
class XorbIndexBuilder {
 public:
  /// @pre count() < xorb_chunks_max, sizes within their limits.
  void add(const Hash& chunk, std::uint32_t chunk_bytes, std::uint32_t record_bytes);
  [[nodiscard]] std::uint32_t count() const { return static_cast<std::uint32_t>(ends_.size()); }
  [[nodiscard]] std::uint64_t content_bytes() const { return merkle_.size_bytes(); }
  [[nodiscard]] std::uint64_t body_bytes() const { return body_bytes_; }
  /// The xorb's name so far.
  [[nodiscard]] Hash xorb() const { return merkle_.root(); }
  /// @pre count() > 0. @param xorb  what xorb() gave.
  [[nodiscard]] XorbIndex finish(const Hash& xorb) const;

 private:
  friend class XorbVerifier;
  struct Ends {
    std::uint32_t record;   ///< Of the record in the body.
    std::uint32_t content;  ///< Of the chunk in the concatenation.
    bool operator==(const Ends&) const = default;
  };
  std::vector<Hash> hashes_;
  std::vector<Ends> ends_;
  MerkleBuilder merkle_;
  std::uint64_t body_bytes_ = 0;
};

/// Reads an upload as it arrives, in pieces of any size, and verifies all of it: records, limits,
/// payloads, hashes, the name, and a footer if there is one. Memory: at most one record and one
/// chunk (400 KB), the index (40 bytes per chunk) and a footer.
///
/// @code
///   XorbVerifier verifier(name);
///   for (each piece) { CAIRN_TRY(keep, verifier.write(piece)); file.write(piece.substr(0, keep));
///   } CAIRN_TRY(index, verifier.finish());          // the file holds index.body_bytes()
class XorbVerifier {
 public:
  /// @param name  the hash the upload claims.
  explicit XorbVerifier(const Hash& name);
  ~XorbVerifier();
  XorbVerifier(XorbVerifier&&) noexcept;
  XorbVerifier& operator=(XorbVerifier&&) noexcept;

  /// @return how many bytes at the front of `bytes` belong to the body; the rest is footer, which
  ///         is not to be stored. `invalid_argument`, "InvalidXorb", at the first broken rule;
  ///         `too_large`, "XorbTooLarge", past `xorb_bytes_max`. After an error, drop the verifier.
  [[nodiscard]] Result<std::size_t> write(std::string_view bytes);
  /// The end of the body. @return the same errors, for what only the end can tell: a cut record, no
  ///         chunks, another name, a footer that disagrees.
  [[nodiscard]] Result<XorbIndex> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Decompresses stored records, headers included.
/// @param records  exactly the bytes `index.records(range)` of the body.
/// @param into     room for `index.content_bytes(range)`; written whole.
/// @return `corrupt`, "XorbCorrupt", when the bytes do not decode to what the index says. Hashes
///         are not computed: XorbVerifier or check_chunks do that.
[[nodiscard]] Result<> decode_chunks(const XorbIndex& index, ChunkRange range,
                                     std::string_view records, char* into);
/// The same, with every chunk's hash compared: for scrubbing. @return `corrupt`, "XorbCorrupt".
[[nodiscard]] Result<> check_chunks(const XorbIndex& index, ChunkRange range,
                                    std::string_view records);

/// Makes a xorb of chunks that the hub holds.
class XorbWriter {
 public:
  /// False when one more chunk of this size would pass a limit. Packs as the Rust client does: up
  /// to 64 MiB of content.
  [[nodiscard]] bool has_room(std::uint32_t chunk_bytes) const;
  /// Compresses and appends. @pre has_room(chunk.size()), 1 to chunk_bytes_max bytes.
  void add(const Hash& hash, std::string_view chunk) { add(std::array{NewChunk{hash, chunk}}, 1); }
  struct NewChunk {
    Hash hash;
    std::string_view content;
  };
  /// The same for several, compressed by so many threads, the calling one included. @pre there is
  /// room for all of them.
  void add(std::span<const NewChunk> chunks, unsigned threads);
  [[nodiscard]] std::uint32_t count() const { return index_.count(); }

  struct Finished {
    std::string body;  ///< Records, no footer.
    XorbIndex index;   ///< With the name.
  };
  /// @pre count() > 0. The writer is then as new.
  [[nodiscard]] Finished finish();
  /// Gives back a body that is no longer needed: the next xorb is written into its memory. Getting
  /// 64 MiB from the system anew takes longer than compressing them.
  void reuse(std::string body);

 private:
  std::string body_;
  XorbIndexBuilder index_;
  Scheme scheme_ = Scheme::lz4;
};

/// The two footers that clients used to append; the hub writes none.
enum class FooterVersion { v0, v1 };
/// @param nonce  the first 4 bytes of the extension buffer.
[[nodiscard]] std::string encode_footer(const XorbIndex& index, FooterVersion version,
                                        std::uint32_t nonce = 0);

}  // namespace cairn::xet
