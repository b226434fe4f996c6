#include "hub/repo/cursor.h"

#include "base/hash.h"

namespace cairn::repo {
namespace {

constexpr std::string_view purpose = "list cursor";
constexpr int version = 1;
/// Beyond any place this module makes: names have at most 140 bytes, paths 1000.
constexpr std::size_t sealed_bytes_max = 4096;

std::string filters_hash(std::string_view filters) {
  return sha256(filters).hex().substr(0, 16);
}

}  // namespace

Failure invalid_cursor() {
  return fail(ErrorCode::invalid_argument, "InvalidCursor",
              "The cursor is not one of this list with these filters. Start again without it.");
}

std::string seal_cursor(const Keyring& keyring, std::string_view route, std::string_view filters,
                        json::array place) {
  json::array plain;
  plain.emplace_back(version);
  plain.emplace_back(json::string_view(route.data(), route.size()));
  plain.emplace_back(filters_hash(filters));
  plain.emplace_back(std::move(place));
  return keyring.seal(purpose, json::serialize(plain));
}

Result<json::array> open_cursor(const Keyring& keyring, std::string_view route,
                                std::string_view filters, std::string_view sealed,
                                std::size_t size) {
  if (sealed.size() > sealed_bytes_max) return invalid_cursor();
  auto plain = keyring.open(purpose, sealed);
  if (!plain) return invalid_cursor();
  auto parsed = parse_json(*plain);
  auto* fields = parsed ? parsed->if_array() : nullptr;
  if (!fields || fields->size() != 4 || (*fields)[0] != version) return invalid_cursor();
  if ((*fields)[1] != json::value(json::string_view(route.data(), route.size())))
    return invalid_cursor();
  if ((*fields)[2] != json::value(filters_hash(filters))) return invalid_cursor();
  auto* place = (*fields)[3].if_array();
  if (!place || place->size() != size) return invalid_cursor();
  return std::move(*place);
}

}  // namespace cairn::repo
