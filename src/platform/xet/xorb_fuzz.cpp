#include <algorithm>
#include <cstdlib>

#include "platform/xet/xorb.h"

namespace {

using namespace cairn;
using namespace cairn::xet;

Result<XorbIndex> verify(const Hash& name, std::string_view body, std::size_t piece,
                         std::size_t& kept) {
  XorbVerifier verifier(name);
  kept = 0;
  for (; !body.empty(); body.remove_prefix(std::min(piece, body.size()))) {
    CAIRN_TRY(keep, verifier.write(body.substr(0, piece)));
    kept += keep;
  }
  return verifier.finish();
}

/// Hashes of the records at the front, as far as they can be read one by one.
std::vector<SizedHash> walk(std::string_view body, std::string& content) {
  std::vector<SizedHash> chunks;
  while (body.size() >= record_header_bytes) {
    auto header = parse_record_header(body);
    if (!header || body.size() < record_header_bytes + header->payload_bytes) break;
    std::string chunk(header->chunk_bytes, '\0');
    if (!decode_chunk(*header, body.substr(record_header_bytes, header->payload_bytes),
                      chunk.data()))
      break;
    chunks.push_back({chunk_hash(chunk), chunk.size()});
    content += chunk;
    body.remove_prefix(record_header_bytes + header->payload_bytes);
  }
  return chunks;
}

}  // namespace

// A piece size (2 bytes), then a xorb as it is uploaded, with or without a footer. How it is cut
// into pieces changes nothing; what is accepted has the name of its chunks, decodes to them by its
// index, and is accepted again with each footer.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  std::size_t piece = 1 + (data[0] | data[1] << 8);
  std::string_view body(reinterpret_cast<const char*>(data) + 2, size - 2);
  std::string content;
  std::vector<SizedHash> chunks = walk(body, content);
  Hash name = xorb_hash(chunks);

  std::size_t kept = 0, kept_whole = 0;
  auto index = verify(name, body, piece, kept);
  auto whole = verify(name, body, body.size() + 1, kept_whole);
  if (index.has_value() != whole.has_value()) std::abort();
  if (!index) {
    if (index.error().message != whole.error().message) std::abort();
    return 0;
  }
  if (index->bytes() != whole->bytes() || kept != kept_whole || kept != index->body_bytes() ||
      index->count() != chunks.size() || index->content_bytes() != content.size())
    std::abort();
  auto stored = XorbIndex::parse(index->bytes());
  ChunkRange all{0, index->count()};
  std::string decoded(content.size(), '\0');
  if (!stored || stored->xorb() != name || !check_chunks(*stored, all, body.substr(0, kept)) ||
      !decode_chunks(*stored, all, body.substr(0, kept), decoded.data()) || decoded != content)
    std::abort();
  for (FooterVersion version : {FooterVersion::v0, FooterVersion::v1}) {
    std::string again(body.substr(0, kept));
    again += encode_footer(*index, version, 7);
    if (!verify(name, again, piece, kept)) std::abort();
  }
  return 0;
}
