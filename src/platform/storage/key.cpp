#include <algorithm>
#include <cassert>

#include "base/bytes.h"
#include "base/random.h"
#include "base/text.h"
#include "platform/storage/object_store.h"

namespace cairn::storage {
namespace {

constexpr std::size_t kind_chars_max = 16;
constexpr std::size_t digest_chars_min = 4;    // The local store makes two folder levels of them.
constexpr std::size_t digest_chars_max = 128;  // SHA-512.
constexpr std::size_t incarnation_chars = 16;

bool is_kind(std::string_view text) {
  // The local store keeps its own things under these two names.
  return !text.empty() && text.size() <= kind_chars_max && text != "tmp" && text != "multipart" &&
         std::ranges::all_of(text, [](char c) { return c >= 'a' && c <= 'z'; });
}
bool is_digest(std::string_view text) {
  return text.size() >= digest_chars_min && text.size() <= digest_chars_max && is_lower_hex(text);
}

}  // namespace

Key make_key(std::string_view kind, std::string_view digest) {
  assert(is_kind(kind) && is_digest(digest));
  std::string text(kind);
  text.append("/").append(digest).append("/");
  text += hex_encode(random_bytes(incarnation_chars / 2));
  return {std::move(text)};
}

Result<Key> parse_key(std::string_view text) {
  auto segments = split(text, '/');
  if (segments.size() != 3 || !is_kind(segments[0]) || !is_digest(segments[1]) ||
      segments[2].size() != incarnation_chars || !is_lower_hex(segments[2]))
    return fail(ErrorCode::invalid_argument, "InvalidKey",
                "An object's key is <kind>/<digest in hex>/<16 hex digits>.");
  return Key{std::string(text)};
}

Result<> ObjectStore::put(const Key& key, std::string_view bytes) {
  CAIRN_TRY(writer, create(key));
  CAIRN_CHECK(writer->write(bytes));
  return writer->commit();
}

Result<std::string> ObjectStore::get(const Key& key) {
  CAIRN_TRY(reader, open(key));
  return reader->read({0, reader->size_bytes()});
}

}  // namespace cairn::storage
