#include <algorithm>
#include <cstring>

#include "platform/xet/little_endian.h"
#include "platform/xet/xorb.h"

namespace cairn::xet {

namespace {

constexpr char footer_first_byte = 'X';  // Of "XETBLOB"; a record begins with 0.
// Version, and all that is before the first field whose size depends on the chunks.
constexpr std::size_t extension_bytes = 16, footer_length_bytes = 4;

Failure invalid(std::string message) {
  return fail(ErrorCode::invalid_argument, "InvalidXorb", std::move(message));
}

/// The rule is named by the record's parser; which chunk broke it, here.
Failure about_chunk(std::uint32_t chunk, Error error) {
  error.message = "Chunk " + std::to_string(chunk) + " of the xorb is refused. " + error.message;
  return fail(std::move(error));
}

}  // namespace

std::string encode_footer(const XorbIndex& index, FooterVersion version, std::uint32_t nonce) {
  std::string out = "XETBLOB";
  std::uint32_t count = index.count();
  auto hashes = [&] {
    for (std::uint32_t i = 0; i < count; ++i) out.append(index.chunk(i).view());
  };
  auto record_ends = [&] {
    for (std::uint32_t i = 1; i <= count; ++i)
      append_u32le(out, static_cast<std::uint32_t>(index.record_offset(i)));
  };
  out.push_back(version == FooterVersion::v1 ? '\1' : '\0');
  out.append(index.xorb().view());
  if (version == FooterVersion::v0) {
    append_u32le(out, count);
    record_ends();
    hashes();
  } else {
    out.append("XBLBHSH").push_back('\0');
    append_u32le(out, count);
    hashes();
    out.append("XBLBBND").push_back('\1');
    append_u32le(out, count);
    record_ends();
    for (std::uint32_t i = 1; i <= count; ++i)
      append_u32le(out, static_cast<std::uint32_t>(index.content_offset(i)));
    append_u32le(out, count);
    // Where the two sections begin, counted back from the end of the footer.
    append_u32le(out, 52 + 40 * count);
    append_u32le(out, 40 + 8 * count);
  }
  append_u32le(out, nonce);
  out.append(extension_bytes - 4, '\0');
  append_u32le(out, static_cast<std::uint32_t>(out.size()));
  return out;
}

struct XorbVerifier::State {
  explicit State(const Hash& claimed) : name(claimed) {}

  /// Takes records and the beginning of a footer off `bytes`, from a record's start.
  Result<> take(std::string_view& bytes);
  /// Completes the record that `open` holds the front of, as far as `bytes` reaches.
  Result<> complete(std::string_view& bytes);
  Result<> append_footer(std::string_view bytes);
  /// The header of the record that begins here, with the limits that it alone decides.
  Result<RecordHeader> header(std::string_view record);
  Result<> chunk(const RecordHeader& header, std::string_view payload);
  Result<> check_footer(const XorbIndex& index) const;

  Hash name;
  XorbIndexBuilder index;
  std::string open;    ///< A record that is not whole yet.
  std::string footer;  ///< Not empty: the records have ended.
  std::unique_ptr<char[]> content = std::make_unique_for_overwrite<char[]>(chunk_bytes_max);
};

Result<RecordHeader> XorbVerifier::State::header(std::string_view record) {
  auto parsed = parse_record_header(record);
  if (!parsed) return about_chunk(index.count(), std::move(parsed).error());
  if (index.count() == xorb_chunks_max)
    return invalid("A xorb has at most 8192 chunks. Cut it earlier.");
  if (index.body_bytes() + record_header_bytes + parsed->payload_bytes > xorb_bytes_max)
    return fail(ErrorCode::too_large, "XorbTooLarge",
                "A xorb has at most 64 MiB of chunks. Cut it earlier.");
  return *parsed;
}

Result<> XorbVerifier::State::chunk(const RecordHeader& header, std::string_view payload) {
  std::string_view bytes = payload;
  if (header.scheme != Scheme::stored) {
    if (auto decoded = decode_chunk(header, payload, content.get()); !decoded)
      return about_chunk(index.count(), std::move(decoded).error());
    bytes = {content.get(), header.chunk_bytes};
  }
  index.add(chunk_hash(bytes), header.chunk_bytes, record_header_bytes + header.payload_bytes);
  return {};
}

Result<> XorbVerifier::State::take(std::string_view& bytes) {
  while (!bytes.empty() && bytes[0] != footer_first_byte) {
    if (bytes[0] != 0)
      return invalid("Chunk " + std::to_string(index.count()) +
                     " of the xorb is refused. Its record has a version other than 0.");
    std::size_t record = record_header_bytes;
    if (bytes.size() >= record) {
      CAIRN_TRY(parsed, header(bytes));
      record += parsed.payload_bytes;
      if (bytes.size() >= record) {
        CAIRN_CHECK(chunk(parsed, bytes.substr(record_header_bytes, parsed.payload_bytes)));
        bytes.remove_prefix(record);
        continue;
      }
    }
    open.reserve(record);
    open = bytes;
    bytes = {};
  }
  return {};
}

Result<> XorbVerifier::State::complete(std::string_view& bytes) {
  auto fill = [&](std::size_t size) {
    std::size_t count = std::min(size - open.size(), bytes.size());
    open.append(bytes.substr(0, count));
    bytes.remove_prefix(count);
    return open.size() == size;
  };
  if (open.size() < record_header_bytes && !fill(record_header_bytes)) return {};
  CAIRN_TRY(parsed, header(open));
  std::size_t record = record_header_bytes + parsed.payload_bytes;
  open.reserve(record);
  if (!fill(record)) return {};
  CAIRN_CHECK(chunk(parsed, std::string_view(open).substr(record_header_bytes)));
  open.clear();
  return {};
}

Result<> XorbVerifier::State::append_footer(std::string_view bytes) {
  if (footer.size() + bytes.size() > footer_bytes_max)
    return invalid("What follows the xorb's chunks is no footer: it is longer than any.");
  footer.append(bytes);
  return {};
}

Result<> XorbVerifier::State::check_footer(const XorbIndex& made) const {
  if (!footer.starts_with("XETBLOB") || footer.size() < 8)
    return invalid("What follows the xorb's chunks is no footer.");
  char version = footer[7];
  if (version != 0 && version != 1)
    return invalid("The xorb's footer has a version other than 0 and 1. Leave the footer out.");
  std::string expected = encode_footer(made, version == 0 ? FooterVersion::v0 : FooterVersion::v1);
  // The extension buffer before the length is free: a nonce may stand there.
  std::size_t compared = expected.size() - extension_bytes - footer_length_bytes;
  if (footer.size() != expected.size() ||
      std::memcmp(footer.data(), expected.data(), compared) != 0 ||
      !footer.ends_with(std::string_view(expected).substr(expected.size() - footer_length_bytes)))
    return invalid("The xorb's footer does not agree with its chunks. Leave the footer out.");
  return {};
}

XorbVerifier::XorbVerifier(const Hash& name) : state_(std::make_unique<State>(name)) {}
XorbVerifier::~XorbVerifier() = default;
XorbVerifier::XorbVerifier(XorbVerifier&&) noexcept = default;
XorbVerifier& XorbVerifier::operator=(XorbVerifier&&) noexcept = default;

Result<std::size_t> XorbVerifier::write(std::string_view bytes) {
  std::string_view rest = bytes;
  if (state_->footer.empty()) {
    if (!state_->open.empty()) CAIRN_CHECK(state_->complete(rest));
    if (state_->open.empty()) CAIRN_CHECK(state_->take(rest));
  }
  std::size_t body = bytes.size() - rest.size();
  CAIRN_CHECK(state_->append_footer(rest));
  return body;
}

Result<XorbIndex> XorbVerifier::finish() {
  if (!state_->open.empty())
    return invalid("The xorb ends within chunk " + std::to_string(state_->index.count()) +
                   ". Send it again.");
  if (state_->index.count() == 0) return invalid("A xorb has at least one chunk.");
  if (state_->index.xorb() != state_->name)
    return invalid("The chunks make another xorb than the one named. Nothing was stored.");
  XorbIndex made = state_->index.finish(state_->name);
  if (!state_->footer.empty()) CAIRN_CHECK(state_->check_footer(made));
  return made;
}

}  // namespace cairn::xet
