#include "platform/xet/xorb.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "platform/xet/for_each_index.h"

namespace cairn::xet {

namespace {

// Chunks until the scheme is chosen anew, as in the Rust client: files change their kind, and the
// choice costs a pass over the bytes.
constexpr std::uint32_t chunks_per_choice = 32;

Failure corrupt(const XorbIndex& index, std::uint32_t chunk, std::string what) {
  return fail(ErrorCode::corrupt, "XorbCorrupt",
              "Stored bytes of a xorb do not verify. Run cairn fsck.")
      .with("xorb", index.xorb().text())
      .with("chunk", std::to_string(chunk))
      .with("what", std::move(what));
}

/// Takes the record of `chunk` off `records` and decodes it.
Result<> decode_next(const XorbIndex& index, std::uint32_t chunk, std::string_view& records,
                     char* into) {
  std::uint64_t size = index.record_offset(chunk + 1) - index.record_offset(chunk);
  if (records.size() < size) return corrupt(index, chunk, "cut");
  auto header = parse_record_header(records);
  if (!header) return corrupt(index, chunk, std::move(header.error().message));
  if (header->payload_bytes + record_header_bytes != size ||
      header->chunk_bytes != index.chunk_bytes(chunk))
    return corrupt(index, chunk, "other sizes than in the index");
  auto decoded =
      decode_chunk(*header, records.substr(record_header_bytes, header->payload_bytes), into);
  if (!decoded) return corrupt(index, chunk, std::move(decoded.error().message));
  records.remove_prefix(size);
  return {};
}

}  // namespace

Result<> decode_chunks(const XorbIndex& index, ChunkRange range, std::string_view records,
                       char* into) {
  for (std::uint32_t chunk = range.first; chunk < range.end; ++chunk) {
    CAIRN_CHECK(decode_next(index, chunk, records, into));
    into += index.chunk_bytes(chunk);
  }
  if (!records.empty()) return corrupt(index, range.end - 1, "more bytes than in the index");
  return {};
}

Result<> check_chunks(const XorbIndex& index, ChunkRange range, std::string_view records) {
  auto content = std::make_unique_for_overwrite<char[]>(chunk_bytes_max);
  for (std::uint32_t chunk = range.first; chunk < range.end; ++chunk) {
    CAIRN_CHECK(decode_next(index, chunk, records, content.get()));
    if (chunk_hash({content.get(), index.chunk_bytes(chunk)}) != index.chunk(chunk))
      return corrupt(index, chunk, "another hash than in the index");
  }
  if (!records.empty()) return corrupt(index, range.end - 1, "more bytes than in the index");
  return {};
}

bool XorbWriter::has_room(std::uint32_t chunk_bytes) const {
  return index_.count() < xorb_chunks_max &&
         index_.content_bytes() + chunk_bytes <= xorb_content_bytes_target;
}

void XorbWriter::add(std::span<const NewChunk> chunks, unsigned threads) {
  std::vector<Scheme> schemes;
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    if ((index_.count() + i) % chunks_per_choice == 0) scheme_ = choose_scheme(chunks[i].content);
    schemes.push_back(scheme_);
  }
  // Addresses only, until they are written to; growing by copies would cost more than packing.
  if (body_.empty()) body_.reserve(xorb_bytes_max + chunk_bytes_max);
  auto append = [&](std::size_t i, std::size_t record_bytes) {
    index_.add(chunks[i].hash, static_cast<std::uint32_t>(chunks[i].content.size()),
               static_cast<std::uint32_t>(record_bytes));
  };
  if (threads <= 1 || chunks.size() <= 1) {
    for (std::size_t i = 0; i < chunks.size(); ++i) {
      std::size_t before = body_.size();
      append_record(body_, chunks[i].content, schemes[i]);
      append(i, body_.size() - before);
    }
    return;
  }
  std::vector<std::string> records(chunks.size());
  for_each_index(chunks.size(), threads,
                 [&](std::size_t i) { append_record(records[i], chunks[i].content, schemes[i]); });
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    body_ += records[i];
    append(i, records[i].size());
  }
}

XorbWriter::Finished XorbWriter::finish() {
  Finished out{std::exchange(body_, {}), index_.finish(index_.xorb())};
  index_ = {};
  return out;
}

void XorbWriter::reuse(std::string body) {
  if (!body_.empty() || body.capacity() <= body_.capacity()) return;
  body_ = std::move(body);
  body_.clear();
}

}  // namespace cairn::xet
