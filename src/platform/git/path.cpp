#include "platform/git/path.h"

#include "base/text.h"
#include "platform/git/disguise.h"

namespace cairn::git {
namespace {

Failure invalid_path(std::string what) {
  return fail(ErrorCode::unprocessable, "InvalidPath",
              std::move(what) + " Rename the file and try again.");
}

bool has_control(std::string_view text) {
  for (unsigned char c : text)
    if (c < 0x20 || c == 0x7f) return true;
  return false;
}

/// A path as a message may show it: short, and without what a terminal would act on.
std::string shown(std::string_view text) {
  if (!is_valid_utf8(text) || has_control(text)) return "The path";
  auto cut = truncate_utf8(text, 100);
  return "The path \"" + std::string(cut) + (cut.size() < text.size() ? "…\"" : "\"");
}

Result<> check_component(std::string_view component, std::string_view path) {
  if (component.empty())
    return invalid_path(shown(path) + " has an empty component (two slashes in a row).");
  if (component == "." || component == "..")
    return invalid_path(shown(path) + " has a component \"" + std::string(component) + "\".");
  if (component.size() > component_bytes_max)
    return invalid_path(shown(path) + " has a component longer than " +
                        std::to_string(component_bytes_max) + " bytes.");
  if (is_dot_git(component))
    return invalid_path(shown(path) + " has a component that some systems read as \".git\".");
  for (SpecialName special :
       {SpecialName::gitmodules, SpecialName::gitattributes, SpecialName::gitignore})
    if (component != text_of(special) && is_disguised(component, special))
      return invalid_path(shown(path) + " has a component that some systems read as \"" +
                          std::string(text_of(special)) + "\".");
  return {};
}

}  // namespace

std::string_view RepoPath::name() const {
  auto slash = text_.rfind('/');
  return slash == std::string::npos ? std::string_view(text_)
                                    : std::string_view(text_).substr(slash + 1);
}

RepoPath RepoPath::parent() const {
  auto slash = text_.rfind('/');
  return slash == std::string::npos ? RepoPath() : RepoPath(text_.substr(0, slash));
}

std::vector<std::string_view> RepoPath::components() const {
  if (text_.empty()) return {};
  return split(text_, '/');
}

bool RepoPath::contains(const RepoPath& other) const {
  if (text_.empty() || text_ == other.text_) return true;
  return other.text_.size() > text_.size() && other.text_.starts_with(text_) &&
         other.text_[text_.size()] == '/';
}

Result<RepoPath> RepoPath::child(std::string_view name) const {
  if (name.contains('/'))
    return invalid_path("The name \"" + std::string(truncate_utf8(name, 100)) + "\" has a slash.");
  return parse_path(text_.empty() ? std::string(name) : text_ + "/" + std::string(name));
}

Result<RepoPath> parse_path(std::string_view text) {
  if (text.empty()) return invalid_path("The path is empty.");
  if (text.size() > path_bytes_max)
    return invalid_path("The path is longer than " + std::to_string(path_bytes_max) + " bytes.");
  if (!is_valid_utf8(text)) return invalid_path("The path is not valid UTF-8.");
  if (has_control(text)) return invalid_path("The path has a control character.");
  if (text.front() == '/') return invalid_path(shown(text) + " begins with a slash.");
  if (text.back() == '/') return invalid_path(shown(text) + " ends with a slash.");
  if (text.contains('\\')) return invalid_path(shown(text) + " has a backslash.");
  for (auto component : split(text, '/')) CAIRN_CHECK(check_component(component, text));
  return RepoPath(std::string(text));
}

Result<RepoPath> parse_folder(std::string_view text) {
  if (text.empty() || text == "/") return RepoPath();
  if (text.ends_with('/')) text.remove_suffix(1);
  return parse_path(text);
}

}  // namespace cairn::git
