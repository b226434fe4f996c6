#include <cstdlib>

#include "base/text.h"
#include "platform/git/disguise.h"
#include "platform/git/object.h"
#include "platform/git/path.h"

// Any bytes, as a path and as a ref name. What is accepted is stated again here by simpler rules,
// is printed as it was read, and can stand in a tree.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cairn;
  using namespace cairn::git;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto path = parse_path(text)) {
    bool sound = path->text() == text && !text.empty() && text.size() <= path_bytes_max &&
                 is_valid_utf8(text) && text.find('\\') == std::string_view::npos &&
                 parse_path(path->parent().child(path->name())->text()) == *path;
    for (auto component : path->components())
      sound = sound && !component.empty() && component != "." && component != ".." &&
              to_lower_ascii(component) != ".git" &&
              encode_tree(
                  {{FileMode::regular, std::string(component), object_id(ObjectType::blob, "")}})
                  .has_value();
    for (unsigned char c : text) sound = sound && c >= 0x20 && c != 0x7f;
    if (!sound) std::abort();
  }
  if (auto folder = parse_folder(text); folder && !parse_folder(folder->text() + "/")) std::abort();
  if (auto ref = check_ref_name(text)) {
    bool sound = *ref == text && text.starts_with("refs/") && text.size() <= ref_bytes_max &&
                 text.find_first_of(" ~^:?*[\\\n\t") == std::string_view::npos &&
                 !text.contains("..") && !text.contains("//") && !text.ends_with(".lock") &&
                 !refs_conflict(text, text) && refs_conflict(text, *ref + "/x");
    if (!sound) std::abort();
  }
  return 0;
}
