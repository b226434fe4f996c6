#include <cstdlib>

#include "platform/git/attributes.h"
#include "platform/git/ignore.h"
#include "platform/git/special_file.h"

// "path\0file": the file as attributes, as ignore rules and as a special file. Nothing may hang or
// fault, and a rule for everything at the end decides whatever stands before it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cairn::git;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto zero = text.find('\0');
  if (zero == std::string_view::npos) return 0;
  auto path = parse_path(text.substr(0, zero));
  if (!path) return 0;
  auto file = text.substr(zero + 1);
  Attributes attributes;
  if (attributes.add(file)) {
    (void)attributes.is_lfs(*path);
    if (attributes.add("* filter=lfs\n") && !attributes.is_lfs(*path)) std::abort();
  }
  Ignore ignore;
  if (ignore.add(file)) {
    (void)ignore.ignores(*path);
    if (ignore.add("*\n") && !ignore.ignores(*path)) std::abort();
  }
  (void)check_special_file(*path, FileMode::regular, file);
  (void)check_special_file(*parse_path(".gitmodules"), FileMode::regular, file);
  return 0;
}
