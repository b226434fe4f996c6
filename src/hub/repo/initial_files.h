#pragma once
#include <vector>

#include "hub/repo/repos.h"
#include "platform/git/path.h"

/// What a new repository begins with.
namespace cairn::repo {

constexpr std::size_t initial_files_max = 100;
constexpr std::size_t initial_bytes_max = 10'000'000;  ///< Together.

struct FirstFile {
  git::RepoPath path;
  std::string content;
};

/// `.gitattributes`, a README.md with front matter where a license or an SDK is known, and the
/// files of the request, which win over ours.
/// @return `invalid_argument` "InvalidSdk", "InvalidField"; `unprocessable` "InvalidPath",
///         "InvalidSpecialFile"; `too_large`.
[[nodiscard]] Result<std::vector<FirstFile>> first_files(const NewRepo& request);

}  // namespace cairn::repo
