#include "platform/git/special_file.h"

#include "base/text.h"
#include "platform/git/attributes.h"
#include "platform/git/glob.h"

namespace cairn::git {
namespace {

Failure invalid(const RepoPath& path, std::size_t line, std::string_view what) {
  std::string where = path.text();
  if (line > 0) where += " line " + std::to_string(line);
  return fail(ErrorCode::unprocessable, "InvalidSpecialFile",
              where + ": " + std::string(what) + " git refuses such a file: change it.");
}

Result<> check_attributes(const RepoPath& path, std::string_view content) {
  if (content.size() > attributes_bytes_max) return invalid(path, 0, "The file is over 1 MiB.");
  std::size_t number = 0;
  for (auto line : split(content, '\n')) {
    ++number;
    if (line.size() >= glob_bytes_max) return invalid(path, number, "The line is over 2047 bytes.");
  }
  return {};
}

// The plain form only: no quoting, no continuation, so there is one way to read it and nothing
// that `git submodule` or an older client would run (CVE-2018-11235, CVE-2018-17456,
// CVE-2019-1387).
constexpr std::size_t modules_bytes_max = 64 * 1024;

bool is_plain(std::string_view text) {
  for (unsigned char c : text)
    if (c < 0x20 || c == 0x7f || c == '"' || c == '\\' || c == ';' || c == '#') return false;
  return true;
}

/// A submodule's name becomes a folder in `.git/modules`.
Result<> check_section(const RepoPath& path, std::size_t number, std::string_view line) {
  constexpr std::string_view front = "[submodule \"", back = "\"]";
  if (!line.starts_with(front) || !line.ends_with(back) || line.size() < front.size() + back.size())
    return invalid(path, number, "Only sections [submodule \"name\"] are allowed.");
  line.remove_prefix(front.size());
  line.remove_suffix(back.size());
  if (!parse_path(line) || !is_plain(line) || line.front() == '-')
    return invalid(path, number, "The submodule's name is not a plain path.");
  return {};
}

bool is_safe_url(std::string_view url) {
  std::string lower = to_lower_ascii(url);
  // A newline, as it is or encoded, would add a line to what a credential helper is told.
  if (lower.contains("%0a") || lower.contains("%0d") || lower.contains("%00")) return false;
  for (std::string_view scheme : {"https://", "http://", "ssh://", "git://"})
    if (lower.starts_with(scheme)) {
      auto host = std::string_view(lower).substr(scheme.size());
      return !host.empty() && host.front() != '-' && host.front() != '/' && host.front() != ':';
    }
  if (lower.contains("::")) return false;  // "ext::command"
  if (lower.starts_with("./") || lower.starts_with("../")) {
    // Relative to the superproject's URL: what remains must not begin a new host.
    auto rest = std::string_view(lower);
    while (rest.starts_with("./") || rest.starts_with("../"))
      rest.remove_prefix(rest.starts_with("./") ? 2 : 3);
    return !rest.empty() && rest.front() != ':' && rest.front() != '/' && !rest.contains("//");
  }
  auto colon = lower.find(':');  // user@host:path
  return colon != std::string::npos && colon > 0 && !std::string_view(lower).starts_with('-') &&
         !lower.contains("://");
}

Result<> check_setting(const RepoPath& path, std::size_t number, std::string_view line) {
  auto equals = line.find('=');
  if (equals == std::string_view::npos)
    return invalid(path, number, "A line is a section or \"key = value\".");
  std::string key = to_lower_ascii(trim(line.substr(0, equals)));
  auto value = trim(line.substr(equals + 1));
  if (!is_plain(value) || value.empty())
    return invalid(path, number, "The value has a quote, a backslash or a comment, or is empty.");
  if (key == "path") {
    if (!parse_path(value) || value.starts_with('-'))
      return invalid(path, number, "The path is not a plain path.");
  } else if (key == "url") {
    if (!is_safe_url(value)) return invalid(path, number, "The URL is not one git may fetch.");
  } else if (key == "update") {
    if (value != "checkout" && value != "rebase" && value != "merge" && value != "none")
      return invalid(path, number, "The update is none of checkout, rebase, merge, none.");
  } else if (key != "branch" && key != "shallow" && key != "ignore" &&
             key != "fetchrecursesubmodules") {
    return invalid(path, number, "The key is not one of git's for submodules.");
  } else if (value.starts_with('-')) {
    return invalid(path, number, "The value begins with a dash.");
  }
  return {};
}

Result<> check_modules(const RepoPath& path, std::string_view content) {
  if (content.size() > modules_bytes_max) return invalid(path, 0, "The file is over 64 KiB.");
  std::size_t number = 0;
  bool in_section = false;
  for (auto raw : split(content, '\n')) {
    ++number;
    auto line = trim(raw);
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[') {
      CAIRN_CHECK(check_section(path, number, line));
      in_section = true;
    } else if (!in_section) {
      return invalid(path, number, "The first line is not a section.");
    } else {
      CAIRN_CHECK(check_setting(path, number, line));
    }
  }
  return {};
}

}  // namespace

bool is_special_file(const RepoPath& path) {
  return path.name() == ".gitattributes" || path.name() == ".gitmodules";
}

Result<> check_special_file(const RepoPath& path, FileMode mode, std::string_view content) {
  if (!is_special_file(path)) return {};
  if (mode != FileMode::regular && mode != FileMode::executable)
    return invalid(path, 0, "This name is for a regular file.");
  return path.name() == ".gitmodules" ? check_modules(path, content)
                                      : check_attributes(path, content);
}

}  // namespace cairn::git
