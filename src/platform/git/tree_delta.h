#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cairn::git {

/// How to make one tree from another: a delta as packs have it (gitformat-pack(5), "Deltified
/// representation"). Trees of many entries change in few of them, so this costs a walk over both
/// and some hundred bytes, where the whole tree costs megabytes.
/// @param before,after  contents of trees.
/// @return empty when the two have too little in common to be worth it.
[[nodiscard]] std::optional<std::string> tree_delta(std::string_view before,
                                                    std::string_view after);

/// Applies a delta. @return `corrupt`, word "CorruptPack", unless it fits `before` and itself.
[[nodiscard]] Result<std::string> apply_delta(std::string_view before, std::string_view delta);

/// The size of what a delta makes. @return empty when its head is broken.
[[nodiscard]] std::optional<std::uint64_t> delta_result_bytes(std::string_view delta);

}  // namespace cairn::git
