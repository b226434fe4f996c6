#include "hub/xet/terms.h"

#include <algorithm>

namespace cairn::xet {
namespace {

constexpr std::size_t term_bytes = 28;

void append_le(std::string& out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
}

std::uint64_t read_le(std::string_view bytes, std::size_t at, int count) {
  std::uint64_t value = 0;
  for (int i = count; i-- > 0;)
    value = value << 8 | static_cast<unsigned char>(bytes[at + static_cast<std::size_t>(i)]);
  return value;
}

}  // namespace

std::string encode_terms(std::span<const StoredTerm> terms) {
  std::string out;
  out.reserve(terms.size() * term_bytes);
  for (const auto& term : terms) {
    append_le(out, static_cast<std::uint64_t>(term.xorb.value), 8);
    for (auto number :
         {term.chunk_first, term.chunk_end, term.raw_bytes, term.body_first, term.body_end})
      append_le(out, number, 4);
  }
  return out;
}

Result<std::vector<StoredTerm>> decode_terms(std::string_view bytes) {
  if (bytes.size() % term_bytes != 0)
    return fail(
        ErrorCode::corrupt, "CorruptRow",
        "The hub's record of this file is damaged. Ask an administrator to run cairn fsck.");
  std::vector<StoredTerm> out;
  out.reserve(bytes.size() / term_bytes);
  for (std::size_t at = 0; at < bytes.size(); at += term_bytes) {
    auto number = [&](std::size_t field) {
      return static_cast<std::uint32_t>(read_le(bytes, at + 8 + 4 * field, 4));
    };
    out.push_back({XorbId{static_cast<std::int64_t>(read_le(bytes, at, 8))}, number(0), number(1),
                   number(2), number(3), number(4)});
  }
  return out;
}

std::vector<Page> pages_of(std::span<const StoredTerm> terms) {
  std::vector<Page> out;
  std::uint64_t at = 0;
  for (std::size_t i = 0; i < terms.size(); i += terms_per_page) {
    auto some = terms.subspan(i, std::min(terms_per_page, terms.size() - i));
    out.push_back({at, encode_terms(some)});
    for (const auto& term : some) at += term.raw_bytes;
  }
  return out;
}

}  // namespace cairn::xet
