#pragma once
#include <string_view>

#include "base/result.h"
#include "platform/git/object.h"
#include "platform/git/path.h"

namespace cairn::git {

/// git reads some files itself, and `git fsck --strict` refuses a history with a bad one. Call this
/// before a commit made here writes `path`; other files pass at once.
///   .gitattributes  no line over 2048 bytes, at most `attributes_bytes_max`
///   .gitmodules     a regular file of the plain form `git submodule add` writes, without names or
///                   URLs that older clients would have run as commands
/// @return `unprocessable`, word "InvalidSpecialFile", saying which rule and line.
[[nodiscard]] Result<> check_special_file(const RepoPath& path, FileMode mode,
                                          std::string_view content);
/// True when check_special_file looks at the content: the caller must have it in hand.
[[nodiscard]] bool is_special_file(const RepoPath& path);

}  // namespace cairn::git
