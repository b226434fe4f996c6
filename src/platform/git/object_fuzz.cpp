#include <cstdlib>

#include "platform/git/object.h"

// Any bytes, as a tree, a commit, a tag and a signature. What parses and may be written again
// means the same when it is read once more.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cairn::git;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto tree = parse_tree(text))
    if (auto written = encode_tree(*tree); written && *parse_tree(*written) != *tree) std::abort();
  if (auto commit = parse_commit(text))
    if (auto written = encode_commit(*commit)) {
      auto again = parse_commit(*written);
      if (!again || again->tree != commit->tree || again->parents != commit->parents ||
          again->message != commit->message || again->extra_headers != commit->extra_headers)
        std::abort();
      // Cleaned once, nothing is left to clean.
      if (*encode_commit(*again) != *written) std::abort();
    }
  if (auto tag = parse_tag(text))
    if (auto written = encode_tag(*tag)) {
      auto again = parse_tag(*written);
      if (!again || again->name != tag->name || again->message != tag->message) std::abort();
    }
  std::string line = encode_signature(parse_signature(text));
  if (line.find('\n') != std::string::npos || encode_signature(parse_signature(line)) != line)
    std::abort();
  return 0;
}
