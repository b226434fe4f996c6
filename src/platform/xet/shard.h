#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "platform/xet/hash.h"
#include "platform/xet/xorb.h"

/// Shards: which chunks xorbs have, and which runs of chunks files are made of. Records of 48
/// bytes.
///
/// Every error of content is `invalid_argument`, word "InvalidShard", with a message that names the
/// place and the rule. Messages never contain a chunk's hash.
namespace cairn::xet {

/// Body of an upload (protocol: 64 MiB; clients send more shards when they have more).
constexpr std::uint64_t shard_bytes_max = 67'108'864;
constexpr std::uint32_t shard_record_bytes = 48;
constexpr std::uint32_t shard_footer_bytes = 200;

/// One contiguous run of a xorb's chunks in a file.
struct Term {
  Hash xorb;
  std::uint32_t content_bytes = 0;  ///< Uncompressed, of all its chunks.
  ChunkRange chunks;
  bool operator==(const Term&) const = default;
};

/// A file as a shard describes it.
struct FileBlock {
  Hash file;
  std::vector<Term> terms;         ///< In file order; none for an empty file.
  std::vector<Hash> range_hashes;  ///< The uploader's proof, one per term (see range_hash).
  std::optional<Sha256Digest> sha256;
  /// The sum over the terms.
  [[nodiscard]] std::uint64_t size_bytes() const;
  bool operator==(const FileBlock&) const = default;
};

struct ShardChunk {
  Hash hash;  ///< Plain in uploads; a dedup_hash in answers.
  std::uint32_t chunk_bytes = 0;
  /// The sender's hint (bit 31): worth to be known to global deduplication.
  bool is_key = false;
  bool operator==(const ShardChunk&) const = default;
};

/// A xorb as a shard describes it.
struct XorbBlock {
  Hash xorb;
  std::uint32_t body_bytes = 0;  ///< Serialized; 0 where the client does not say (Rust).
  std::vector<ShardChunk> chunks;
  bool operator==(const XorbBlock&) const = default;
};

/// The last 200 bytes, where a shard has them.
struct ShardFooter {
  Hash dedup_key;                  ///< Zero: the chunks' hashes are plain.
  std::uint64_t created_at_s = 0;  ///< Unix seconds, here and below.
  std::uint64_t expires_at_s = 0;
  bool operator==(const ShardFooter&) const = default;
};

/// Receives the blocks of a shard as they complete. An error ends the reading and is returned.
class ShardSink {
 public:
  virtual ~ShardSink() = default;
  virtual Result<> file(FileBlock block) = 0;
  virtual Result<> xorb(XorbBlock block) = 0;
};

struct ShardRules {
  /// Each term must come with its range hash; a dedup answer has no files and needs none.
  bool require_range_hashes = true;
};

/// Reads a shard as it arrives, in pieces of any size, with every structural rule: what can be
/// decided without knowing any xorb. Holds one block at a time (a file's terms: at most the
/// shard's size). Whether xorbs exist and hashes agree: check_term, check_xorb_block, FileHasher.
class ShardReader {
 public:
  /// @param size_bytes  of the whole shard, which counts are held against before memory is taken;
  ///                    `shard_bytes_max` where it is not known.
  ShardReader(std::uint64_t size_bytes, ShardSink& sink, ShardRules rules = {});
  ~ShardReader();
  ShardReader(ShardReader&&) noexcept;
  ShardReader& operator=(ShardReader&&) noexcept;

  /// @return `invalid_argument`, "InvalidShard"; `too_large`, "ShardTooLarge"; or the sink's error.
  ///         After an error, drop the reader.
  [[nodiscard]] Result<> write(std::string_view bytes);
  /// The end of the body. @return its footer, if it has one; the same errors.
  [[nodiscard]] Result<std::optional<ShardFooter>> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// A shard in memory, blocks in their order.
struct Shard {
  std::vector<FileBlock> files;
  std::vector<XorbBlock> xorbs;
  std::optional<ShardFooter> footer;
};
[[nodiscard]] Result<Shard> parse_shard(std::string_view bytes, ShardRules rules = {});

/// As the Rust client uploads it: no footer. Blocks are written in the order given; the client's is
/// ascending by hash.
[[nodiscard]] std::string write_upload_shard(std::span<const FileBlock> files,
                                             std::span<const XorbBlock> xorbs);

/// A xorb that an answer to a deduplication query shows.
struct DedupXorb {
  const XorbIndex* index = nullptr;  ///< Not owned; read during the call.
  std::vector<std::uint32_t> keys;   ///< Chunks to be flagged as worth asking for; ascending.
};
/// The answer to a deduplication query: whole xorbs under their plain names, chunks' hashes keyed,
/// no files. Byte for byte what both official readers need.
/// @param key  not zero: a zero key would show plain hashes. Never pass a xorb of one chunk that
///             the asker may not know: its name is its chunk's plain hash.
[[nodiscard]] std::string write_dedup_shard(std::span<const DedupXorb> xorbs, const Hash& key,
                                            std::uint64_t created_at_s, std::uint64_t expires_at_s);

/// Holds a term against the xorb as it is stored: range inside it, size, and the range hash, which
/// proves that the sender has the chunks. @return `invalid_argument`, "InvalidShard".
[[nodiscard]] Result<> check_term(const Term& term, const Hash& range_hash, const XorbIndex& index);
/// Holds a xorb block against the xorb as it is stored. @return `invalid_argument`, "InvalidShard".
[[nodiscard]] Result<> check_xorb_block(const XorbBlock& block, const XorbIndex& index);

/// Recomputes a file's name from its terms, walked in order.
class FileHasher {
 public:
  /// @pre index.contains(range)
  void add(const XorbIndex& index, ChunkRange range);
  [[nodiscard]] std::uint64_t size_bytes() const { return merkle_.size_bytes(); }
  [[nodiscard]] Hash file() const { return merkle_.file(); }

 private:
  MerkleBuilder merkle_;
};

}  // namespace cairn::xet
