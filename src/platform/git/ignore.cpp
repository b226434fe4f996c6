#include "platform/git/ignore.h"

#include "base/text.h"

namespace cairn::git {
namespace {

/// Spaces at the end do not count unless a backslash says so.
std::string_view trim_spaces(std::string_view line) {
  std::size_t keep = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == ' ') continue;
    if (line[i] == '\\') ++i;
    keep = std::min(i + 1, line.size());
  }
  return line.substr(0, keep);
}

}  // namespace

Result<> Ignore::add(std::string_view text, const RepoPath& folder) {
  auto too_large = [] {
    return fail(ErrorCode::too_large, "IgnoreTooLarge",
                "The .gitignore files have over 10 000 rules or 1 MiB. Shorten them.");
  };
  if (text.size() > ignore_bytes_max) return too_large();
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  for (auto line : split(text, '\n')) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with('#')) continue;
    line = trim_spaces(line);
    bool negated = line.starts_with('!');
    if (negated) line.remove_prefix(1);
    if (line.empty()) continue;
    if (rules_.size() >= ignore_rules_max) return too_large();
    rules_.push_back({Glob(line), folder.is_root() ? "" : folder.text() + "/", negated});
  }
  return {};
}

bool Ignore::last_match(std::string_view path, bool is_folder) const {
  for (auto rule = rules_.rbegin(); rule != rules_.rend(); ++rule)
    if (path.starts_with(rule->folder) && path.size() > rule->folder.size() &&
        rule->glob.matches(path.substr(rule->folder.size()), is_folder))
      return !rule->negated;
  return false;
}

bool Ignore::ignores(const RepoPath& path, bool is_folder) const {
  std::string_view text = path.text();
  for (auto slash = text.find('/'); slash != std::string_view::npos;
       slash = text.find('/', slash + 1))
    if (last_match(text.substr(0, slash), true)) return true;
  return !text.empty() && last_match(text, is_folder);
}

}  // namespace cairn::git
