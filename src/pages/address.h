#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "hub/repo/types.h"

namespace cairn::pages {

/// The kinds that have pages.
inline constexpr RepoKind page_kinds[] = {RepoKind::model, RepoKind::dataset, RepoKind::space};

/// Encodes a value as the app does (encodeURIComponent): answers are found by their exact names.
[[nodiscard]] std::string segment(std::string_view text);
/// A path in a repository: its slashes stay.
[[nodiscard]] std::string encoded_path(std::string_view path);
/// "/ada/bert", "/datasets/ada/squad".
[[nodiscard]] std::string repo_address(RepoKind kind, std::string_view name);
/// "/ada/bert/tree/main/docs"; `path` may be empty.
[[nodiscard]] std::string address_in(RepoKind kind, std::string_view name, std::string_view verb,
                                     std::string_view revision, std::string_view path);
/// A path on this hub that a person may be sent to: never another host.
[[nodiscard]] bool is_local(std::string_view address);
/// "/login?next=…" for an address.
[[nodiscard]] std::string login_address(std::string_view next);

}  // namespace cairn::pages
