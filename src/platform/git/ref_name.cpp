#include "base/text.h"
#include "platform/git/path.h"

namespace cairn::git {
namespace {

Failure invalid_ref(std::string what) {
  return fail(ErrorCode::unprocessable, "InvalidRefName",
              std::move(what) + " Choose another name.");
}

// git-check-ref-format(1), rules 1 and 6, for one part.
Result<> check_part(std::string_view part) {
  if (part.empty()) return invalid_ref("The ref name has an empty part (a slash too many).");
  if (part.front() == '.') return invalid_ref("A part of the ref name begins with a dot.");
  if (part.ends_with(".lock")) return invalid_ref("A part of the ref name ends with \".lock\".");
  if (part.size() > ref_component_bytes_max)
    return invalid_ref("A part of the ref name is longer than " +
                       std::to_string(ref_component_bytes_max) + " bytes.");
  return {};
}

}  // namespace

Result<std::string> check_ref_name(std::string_view ref) {
  if (ref.size() > ref_bytes_max)
    return invalid_ref("The ref name is longer than " + std::to_string(ref_bytes_max) + " bytes.");
  if (!is_valid_utf8(ref)) return invalid_ref("The ref name is not valid UTF-8.");
  for (unsigned char c : ref)
    if (c <= 0x20 || c == 0x7f)
      return invalid_ref("The ref name has a space or a control character.");
  if (auto bad = ref.find_first_of("~^:?*[\\"); bad != std::string_view::npos)
    return invalid_ref(std::string("The ref name has the character ") + ref[bad] + ".");
  if (ref.contains("..")) return invalid_ref("The ref name has two dots in a row.");
  if (ref.contains("@{")) return invalid_ref("The ref name has \"@{\".");
  if (ref.ends_with('.')) return invalid_ref("The ref name ends with a dot.");
  auto parts = split(ref, '/');
  if (parts.size() < 3 || parts[0] != "refs")
    return invalid_ref("A ref name is \"refs/heads/…\", \"refs/tags/…\" or the like.");
  for (auto part : parts) CAIRN_CHECK(check_part(part));
  if (parts[2].front() == '-') return invalid_ref("The name begins with a dash.");
  return std::string(ref);
}

bool refs_conflict(std::string_view a, std::string_view b) {
  if (a.size() > b.size()) std::swap(a, b);
  return b.size() > a.size() && b.starts_with(a) && b[a.size()] == '/';
}

}  // namespace cairn::git
