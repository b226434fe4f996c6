#pragma once
#include <string_view>

namespace cairn::git {

/// The names that git itself reads, and therefore checks.
enum class SpecialName { gitmodules, gitattributes, gitignore };

/// ".gitmodules" and so on.
[[nodiscard]] std::string_view text_of(SpecialName name);

/// True when a file system would open `component` for that name: the name itself, any case, with
/// code points that HFS+ ignores, as an NTFS short name, with trailing dots, spaces or a stream.
[[nodiscard]] bool is_disguised(std::string_view component, SpecialName name);

}  // namespace cairn::git
