#pragma once
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "hub/account/types.h"

/// Which properties `expand` may ask of a repository's information.
namespace cairn::repo {

/// In the order in which errors list them. Empty for kernels, which take no `expand`.
[[nodiscard]] std::span<const std::string_view> expandable(RepoKind kind);

using Expand = std::set<std::string, std::less<>>;

/// @return `invalid_argument`, word "InvalidExpand", whose message lists every allowed value in
///         the form clients parse: `✖ Invalid option: expected one of "author"|…`.
[[nodiscard]] Result<Expand> parse_expand(RepoKind kind, const std::vector<std::string>& values);

}  // namespace cairn::repo
