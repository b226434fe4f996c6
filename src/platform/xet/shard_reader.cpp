#include <algorithm>

#include "platform/xet/little_endian.h"
#include "platform/xet/shard.h"
#include "platform/xet/shard_format.h"

namespace cairn::xet {

namespace {

Failure invalid(std::string message) {
  return fail(ErrorCode::invalid_argument, "InvalidShard", std::move(message));
}

// Grown beyond that only as records arrive: a count is the sender's word.
constexpr std::uint32_t reserved_entries_max = 1'024;

Hash hash_at(std::string_view record) {
  return Hash::from_bytes(record.substr(0, 32));
}

/// Neither the end marker nor the hash of nothing.
bool names_something(const Hash& hash) {
  return !hash.is_end_marker() && !hash.is_zero();
}

}  // namespace

std::uint64_t FileBlock::size_bytes() const {
  std::uint64_t sum = 0;
  for (const Term& term : terms) sum += term.content_bytes;
  return sum;
}

struct ShardReader::State {
  State(std::uint64_t whole, ShardSink& to, ShardRules with)
      : size_bytes(std::min(whole, shard_bytes_max)), sink(&to), rules(with) {}

  enum class Expect { header, file, terms, range_hashes, sha256, xorb, chunks, tail };

  Result<> record(std::string_view bytes);
  Result<> read_header(std::string_view bytes);
  Result<> read_file(std::string_view bytes);
  Result<> read_term(std::string_view bytes);
  Result<> read_range_hash(std::string_view bytes);
  Result<> read_sha256(std::string_view bytes);
  Result<> read_xorb(std::string_view bytes);
  Result<> read_chunk(std::string_view bytes);
  /// After a file's header or one of its parts: what comes next, or the block is whole.
  Result<> next_of_file();
  Result<> append_tail(std::string_view bytes);
  [[nodiscard]] Result<ShardFooter> read_footer() const;

  /// Errors of blocks say which: they are counted from 0, in each section.
  [[nodiscard]] std::string here() const {
    bool in_files = expect < Expect::xorb;
    return (in_files ? "File " : "Xorb ") + std::to_string(in_files ? files : xorbs) +
           " of the shard ";
  }
  /// Do `records` more fit in the rest of the shard, with the end markers still to come?
  [[nodiscard]] bool fits(std::uint64_t records) const {
    std::uint64_t markers = expect < Expect::xorb ? 2 : 1;
    return position + (records + markers) * shard_record_bytes <= size_bytes;
  }

  std::uint64_t size_bytes;
  ShardSink* sink;
  ShardRules rules;
  Expect expect = Expect::header;
  std::uint64_t position = 0;  ///< Bytes of complete records, then of the tail.
  std::string open;            ///< A record that is not whole yet.
  bool has_footer = false;
  std::uint64_t files = 0, xorbs = 0;  ///< Complete ones.

  FileBlock file;
  std::uint32_t flags = 0;
  std::uint32_t wanted = 0;  ///< Terms of the file, or chunks of the xorb.
  XorbBlock xorb;
  std::uint32_t xorb_bytes = 0;
  std::uint64_t chunk_start = 0;

  std::uint64_t xorb_section = 0, tail_start = 0;
  std::string tail;  ///< Its last 200 bytes.
};

Result<> ShardReader::State::record(std::string_view bytes) {
  position += shard_record_bytes;
  switch (expect) {
    case Expect::header:
      return read_header(bytes);
    case Expect::file:
      return read_file(bytes);
    case Expect::terms:
      return read_term(bytes);
    case Expect::range_hashes:
      return read_range_hash(bytes);
    case Expect::sha256:
      return read_sha256(bytes);
    case Expect::xorb:
      return read_xorb(bytes);
    case Expect::chunks:
      return read_chunk(bytes);
    case Expect::tail:
      break;
  }
  return {};
}

Result<> ShardReader::State::read_header(std::string_view bytes) {
  if (!bytes.starts_with(shard::tag)) return invalid("It does not begin as a shard does.");
  if (read_u64le(bytes.data() + 32) != shard::version)
    return invalid("The shard has a version other than 2.");
  std::uint64_t footer_bytes = read_u64le(bytes.data() + 40);
  if (footer_bytes != 0 && footer_bytes != shard_footer_bytes)
    return invalid("The shard announces a footer of other than 200 bytes.");
  has_footer = footer_bytes != 0;
  expect = Expect::file;
  return {};
}

Result<> ShardReader::State::read_file(std::string_view bytes) {
  file = {.file = hash_at(bytes)};
  if (file.file.is_end_marker()) {
    expect = Expect::xorb;
    xorb_section = position;
    return {};
  }
  flags = read_u32le(bytes.data() + 32);
  wanted = read_u32le(bytes.data() + 36);
  if (flags & ~(shard::has_range_hashes | shard::has_sha256))
    return invalid(here() + "has unknown flags.");
  bool has_proofs = flags & shard::has_range_hashes;
  if (rules.require_range_hashes && wanted > 0 && !has_proofs)
    return invalid(here() + "has no verification records. Each term needs one.");
  if (!fits(std::uint64_t{wanted} * (has_proofs ? 2 : 1) + (flags & shard::has_sha256 ? 1 : 0)))
    return invalid(here() + "states more terms than the shard has room for.");
  if ((wanted == 0) != file.file.is_zero())
    return invalid(here() + (wanted == 0 ? "has no terms; then its hash is zero."
                                         : "has the hash of the empty file, and terms."));
  file.terms.reserve(std::min(wanted, reserved_entries_max));
  if (has_proofs) file.range_hashes.reserve(std::min(wanted, reserved_entries_max));
  return next_of_file();
}

Result<> ShardReader::State::next_of_file() {
  if (file.terms.size() < wanted) {
    expect = Expect::terms;
  } else if ((flags & shard::has_range_hashes) && file.range_hashes.size() < wanted) {
    expect = Expect::range_hashes;
  } else if ((flags & shard::has_sha256) && !file.sha256) {
    expect = Expect::sha256;
  } else {
    expect = Expect::file;
    ++files;
    return sink->file(std::move(file));
  }
  return {};
}

Result<> ShardReader::State::read_term(std::string_view bytes) {
  Term term{.xorb = hash_at(bytes),
            .content_bytes = read_u32le(bytes.data() + 36),
            .chunks = {read_u32le(bytes.data() + 40), read_u32le(bytes.data() + 44)}};
  auto broken = [&](const char* rule) {
    return invalid(here() + "is refused: term " + std::to_string(file.terms.size()) + " " + rule);
  };
  if (!names_something(term.xorb)) return broken("names no xorb.");
  if (term.chunks.first >= term.chunks.end || term.chunks.end > xorb_chunks_max)
    return broken("has an impossible range of chunks.");
  std::uint64_t count = term.chunks.end - term.chunks.first;
  if (term.content_bytes < count || term.content_bytes > count * chunk_bytes_max)
    return broken("has a size that its chunks cannot have.");
  file.terms.push_back(term);
  return next_of_file();
}

Result<> ShardReader::State::read_range_hash(std::string_view bytes) {
  file.range_hashes.push_back(hash_at(bytes));
  return next_of_file();
}

Result<> ShardReader::State::read_sha256(std::string_view bytes) {
  file.sha256 = hash_at(bytes).to_sha256();
  return next_of_file();
}

Result<> ShardReader::State::read_xorb(std::string_view bytes) {
  xorb = {.xorb = hash_at(bytes)};
  if (xorb.xorb.is_end_marker()) {
    expect = Expect::tail;
    tail_start = position;
    return {};
  }
  wanted = read_u32le(bytes.data() + 36);
  xorb_bytes = read_u32le(bytes.data() + 40);
  xorb.body_bytes = read_u32le(bytes.data() + 44);
  if (xorb.xorb.is_zero()) return invalid(here() + "has no name.");
  if (wanted == 0 || wanted > xorb_chunks_max)
    return invalid(here() + "has " + std::to_string(wanted) + " chunks; it has 1 to 8192.");
  if (!fits(wanted)) return invalid(here() + "states more chunks than the shard has room for.");
  xorb.chunks.reserve(std::min(wanted, reserved_entries_max));
  chunk_start = 0;
  expect = Expect::chunks;
  return {};
}

Result<> ShardReader::State::read_chunk(std::string_view bytes) {
  ShardChunk chunk{.hash = hash_at(bytes),
                   .chunk_bytes = read_u32le(bytes.data() + 36),
                   .is_key = (read_u32le(bytes.data() + 40) & shard::is_key_chunk) != 0};
  auto broken = [&](const char* rule) {
    return invalid(here() + "is refused: chunk " + std::to_string(xorb.chunks.size()) + " " + rule);
  };
  if (chunk.hash.is_end_marker()) return broken("has no hash.");
  if (chunk.chunk_bytes == 0 || chunk.chunk_bytes > chunk_bytes_max)
    return broken("has a size other than 1 to 131072.");
  if (read_u32le(bytes.data() + 32) != chunk_start)
    return broken("does not start where the one before it ends.");
  chunk_start += chunk.chunk_bytes;
  xorb.chunks.push_back(chunk);
  if (xorb.chunks.size() < wanted) return {};
  if (chunk_start != xorb_bytes)
    return invalid(here() + "states another size than its chunks have together.");
  expect = Expect::xorb;
  ++xorbs;
  return sink->xorb(std::move(xorb));
}

Result<> ShardReader::State::append_tail(std::string_view bytes) {
  if (!has_footer && !bytes.empty()) return invalid("Bytes follow the shard's last end marker.");
  position += bytes.size();
  if (bytes.size() >= shard_footer_bytes) {
    tail = bytes.substr(bytes.size() - shard_footer_bytes);
  } else {
    tail.append(bytes);
    if (tail.size() > shard_footer_bytes) tail.erase(0, tail.size() - shard_footer_bytes);
  }
  return {};
}

Result<ShardFooter> ShardReader::State::read_footer() const {
  if (tail.size() < shard_footer_bytes) return invalid("The shard ends within its footer.");
  auto number = [&](std::size_t field) { return read_u64le(tail.data() + field); };
  namespace at = shard::footer;
  std::uint64_t start = position - shard_footer_bytes;
  if (number(at::version) != shard::footer_version)
    return invalid("The shard's footer has a version other than 1.");
  if (number(at::file_section) != shard_record_bytes || number(at::xorb_section) != xorb_section ||
      number(at::own_offset) != start)
    return invalid("The shard's footer states other offsets than its sections have.");
  // Between the last end marker and the footer there are lookup tables or nothing. They are not
  // used, so that only their sizes matter. JavaScript clients write offset 0 for an absent one.
  std::uint64_t tables = 0;
  struct {
    std::size_t offset, count;
    std::uint64_t entry_bytes;
  } const lookups[] = {{at::file_lookup, at::file_lookup_count, shard::file_lookup_bytes},
                       {at::xorb_lookup, at::xorb_lookup_count, shard::xorb_lookup_bytes},
                       {at::chunk_lookup, at::chunk_lookup_count, shard::chunk_lookup_bytes}};
  for (const auto& lookup : lookups) {
    std::uint64_t offset = number(lookup.offset), count = number(lookup.count);
    bool absent = offset == 0 && count == 0;
    // Also keeps the product below from overflowing.
    if (!absent &&
        (offset < tail_start || offset > start || count > (start - offset) / lookup.entry_bytes))
      return invalid("The shard's footer states a lookup table outside the shard.");
    tables += count * lookup.entry_bytes;
  }
  if (tables != start - tail_start)
    return invalid("The shard has bytes that its footer does not account for.");
  return ShardFooter{
      .dedup_key = Hash::from_bytes(std::string_view(tail).substr(at::dedup_key, 32)),
      .created_at_s = number(at::created_at),
      .expires_at_s = number(at::expires_at)};
}

ShardReader::ShardReader(std::uint64_t size_bytes, ShardSink& sink, ShardRules rules)
    : state_(std::make_unique<State>(size_bytes, sink, rules)) {}
ShardReader::~ShardReader() = default;
ShardReader::ShardReader(ShardReader&&) noexcept = default;
ShardReader& ShardReader::operator=(ShardReader&&) noexcept = default;

Result<> ShardReader::write(std::string_view bytes) {
  State& state = *state_;
  std::uint64_t known = state.position + state.open.size();
  if (bytes.size() > shard_bytes_max - known)
    return fail(ErrorCode::too_large, "ShardTooLarge",
                "A shard has at most 64 MiB. Send its blocks in several.");
  while (!bytes.empty() && state.expect != State::Expect::tail) {
    if (state.open.empty() && bytes.size() >= shard_record_bytes) {
      CAIRN_CHECK(state.record(bytes.substr(0, shard_record_bytes)));
      bytes.remove_prefix(shard_record_bytes);
      continue;
    }
    std::size_t count = std::min<std::size_t>(shard_record_bytes - state.open.size(), bytes.size());
    state.open.append(bytes.substr(0, count));
    bytes.remove_prefix(count);
    if (state.open.size() < shard_record_bytes) continue;
    CAIRN_CHECK(state.record(state.open));
    state.open.clear();
  }
  return state.append_tail(bytes);
}

Result<std::optional<ShardFooter>> ShardReader::finish() {
  if (state_->expect != State::Expect::tail)
    return invalid("The shard ends before its sections do. Send it again.");
  if (!state_->has_footer) return std::optional<ShardFooter>();
  CAIRN_TRY(footer, state_->read_footer());
  return std::optional(footer);
}

Result<Shard> parse_shard(std::string_view bytes, ShardRules rules) {
  struct Collect final : ShardSink {
    Shard shard;
    Result<> file(FileBlock block) override {
      shard.files.push_back(std::move(block));
      return {};
    }
    Result<> xorb(XorbBlock block) override {
      shard.xorbs.push_back(std::move(block));
      return {};
    }
  } sink;
  ShardReader reader(bytes.size(), sink, rules);
  CAIRN_CHECK(reader.write(bytes));
  CAIRN_TRY(footer, reader.finish());
  sink.shard.footer = footer;
  return std::move(sink.shard);
}

}  // namespace cairn::xet
