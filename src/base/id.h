#pragma once
#include <compare>
#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"

namespace cairn {

/// A row's number. The tag keeps a UserId from being passed as a RepoId; ids never leave the hub.
template <class Tag>
struct Id {
  std::int64_t value = 0;
  auto operator<=>(const Id&) const = default;
};

/// A noun's name for the outside: 12 random bytes, 24 lower-case hex digits, kept by import,
/// mirror and restore.
struct PublicId {
  std::string hex;
  auto operator<=>(const PublicId&) const = default;
};

[[nodiscard]] PublicId make_public_id();
/// @return `invalid_argument` unless `text` is 24 lower-case hex digits.
[[nodiscard]] Result<PublicId> parse_public_id(std::string_view text);

}  // namespace cairn

template <class Tag>
struct std::hash<cairn::Id<Tag>> {
  std::size_t operator()(cairn::Id<Tag> id) const noexcept {
    return std::hash<std::int64_t>{}(id.value);
  }
};
