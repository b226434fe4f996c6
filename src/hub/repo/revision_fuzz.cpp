#include <cstdlib>

#include "base/text.h"
#include "hub/repo/types.h"

// Any bytes, as what follows "/resolve/" in an address, and as the name of a repository. Nothing of
// an address is lost or moved between revision and path, and a name is what it was read from.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cairn;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> segments;
  for (auto part : split(text, '/')) segments.emplace_back(part);
  auto found = repo::split_revision(segments);
  std::string joined = found.revision;
  if (found.revision.size() < text.size()) joined += "/" + found.path;
  if (joined != text) std::abort();
  if (found.revision.contains('/') && !found.revision.starts_with("refs/")) std::abort();
  if (auto name = repo::parse_repo_name(text)) {
    bool sound = name->text() == text && !name->owner.empty() && !name->name.empty() &&
                 text.find('/') == text.rfind('/') && name->key().size() >= 3;
    if (!sound) std::abort();
  }
  return 0;
}
