#include "platform/git/pack_entry.h"

#include <limits>
#include <stdexcept>

#include <zlib.h>

#include "base/bytes.h"

namespace cairn::git {
namespace {

/// zlib takes 32-bit lengths: longer buffers are handed over in pieces of this size.
constexpr std::size_t piece_bytes_max = 1u << 30;

Bytef* mutable_bytes(const char* p) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(p));  // zlib's input is not const-correct.
}

/// A deflate state is 270 KB to set up, more work than a small object itself: each thread keeps one
/// per level it used last.
class Deflater {
 public:
  ~Deflater() { close(); }
  z_stream& start(int level) {
    if (level != level_) {
      close();
      if (deflateInit(&stream_, level) != Z_OK) throw std::bad_alloc();
      level_ = level;
    } else {
      deflateReset(&stream_);
    }
    return stream_;
  }

 private:
  static constexpr int closed = std::numeric_limits<int>::min();
  void close() {
    if (level_ != closed) deflateEnd(&stream_);
    level_ = closed;
    stream_ = {};
  }
  z_stream stream_{};
  int level_ = closed;
};

class Inflater {
 public:
  Inflater() {
    if (inflateInit(&stream_) != Z_OK) throw std::bad_alloc();
  }
  ~Inflater() { inflateEnd(&stream_); }
  z_stream& start() {
    inflateReset(&stream_);
    return stream_;
  }

 private:
  z_stream stream_{};
};

void deflate_onto(std::string& out, std::string_view content, int level) {
  thread_local Deflater deflater;
  z_stream& z = deflater.start(level);
  std::size_t start = out.size();
  std::size_t room = deflateBound(&z, content.size());
  out.resize_and_overwrite(start + room, [&](char* data, std::size_t) {
    std::size_t written = 0;
    int status = Z_OK;
    z.next_in = mutable_bytes(content.data());
    std::size_t left = content.size();
    while (status != Z_STREAM_END) {
      std::size_t in = std::min(left, piece_bytes_max);
      std::size_t space = std::min(room - written, piece_bytes_max);
      z.avail_in = static_cast<uInt>(in);
      z.next_out = reinterpret_cast<Bytef*>(data + start + written);
      z.avail_out = static_cast<uInt>(space);
      status = deflate(&z, left <= piece_bytes_max ? Z_FINISH : Z_NO_FLUSH);
      written += space - z.avail_out;
      left -= in - z.avail_in;
    }
    return start + written;
  });
}

}  // namespace

std::string pack_header(std::uint32_t count) {
  std::string out = "PACK";
  append_u32be(out, 2);
  append_u32be(out, count);
  return out;
}

namespace {

constexpr unsigned ref_delta_type = 7;

void append_type_and_size(std::string& out, unsigned type, std::uint64_t size) {
  unsigned byte = type << 4 | static_cast<unsigned>(size & 15);
  size >>= 4;
  while (size != 0) {
    out += static_cast<char>(byte | 0x80);
    byte = static_cast<unsigned>(size & 0x7f);
    size >>= 7;
  }
  out += static_cast<char>(byte);
}

}  // namespace

std::uint32_t append_delta_entry(std::string& out, const Oid& base, std::string_view delta,
                                 int level) {
  std::size_t start = out.size();
  append_type_and_size(out, ref_delta_type, delta.size());
  out += base.view();
  deflate_onto(out, delta, level);
  return crc32_of(std::string_view(out).substr(start));
}

std::uint32_t append_entry(std::string& out, ObjectType type, std::string_view content, int level) {
  std::size_t start = out.size();
  append_type_and_size(out, static_cast<unsigned>(type), content.size());
  deflate_onto(out, content, level);
  return crc32_of(std::string_view(out).substr(start));
}

std::optional<EntryHeader> read_entry_header(std::string_view at) {
  if (at.empty()) return {};
  EntryHeader out;
  auto byte = static_cast<unsigned char>(at[0]);
  unsigned type = byte >> 4 & 7u;
  bool delta = type == ref_delta_type;
  if (!delta && (type < 1 || type > 4)) return {};  // 5 is reserved; we write no offset deltas.
  out.object.type = delta ? ObjectType::tree : static_cast<ObjectType>(type);
  out.object.size_bytes = byte & 15u;
  std::size_t used = 1;
  for (unsigned shift = 4; (byte & 0x80) != 0; shift += 7) {
    if (used >= at.size() || shift > 53) return {};  // A size past 2^60 is no size.
    byte = static_cast<unsigned char>(at[used++]);
    out.object.size_bytes |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
  }
  if (delta) {
    if (at.size() - used < oid_bytes) return {};
    out.base = Oid::from_bytes(at.substr(used, oid_bytes));
    used += oid_bytes;
  }
  out.header_bytes = used;
  return out;
}

std::optional<Inflated> inflate_exactly(std::string_view stream, std::uint64_t size) {
  // zlib cannot shrink more than 1032:1, so a claim beyond that needs no memory to refuse.
  if (size / 1032 > stream.size()) return {};
  thread_local Inflater inflater;
  z_stream& z = inflater.start();
  Inflated out;
  std::size_t consumed = 0;
  bool whole = false;
  // One byte more than claimed: a longer stream then shows itself.
  out.content.resize_and_overwrite(size + 1, [&](char* data, std::size_t room) {
    std::size_t written = 0;
    for (;;) {
      std::size_t in = std::min(stream.size() - consumed, piece_bytes_max);
      std::size_t space = std::min(room - written, piece_bytes_max);
      z.next_in = mutable_bytes(stream.data() + consumed);
      z.avail_in = static_cast<uInt>(in);
      z.next_out = reinterpret_cast<Bytef*>(data + written);
      z.avail_out = static_cast<uInt>(space);
      int status = inflate(&z, Z_NO_FLUSH);
      std::size_t took = in - z.avail_in, gave = space - z.avail_out;
      consumed += took;
      written += gave;
      whole = status == Z_STREAM_END && written == size;
      if (status != Z_OK || written > size || (took == 0 && gave == 0)) break;
    }
    return std::min<std::size_t>(written, size);
  });
  if (!whole) return {};
  out.compressed_bytes = consumed;
  return out;
}

std::uint32_t crc32_of(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

Failure corrupt_pack(std::string_view what) {
  return fail(ErrorCode::corrupt, "CorruptPack",
              "A pack " + std::string(what) + ". Ask the operator to run `cairn fsck`.");
}

}  // namespace cairn::git
