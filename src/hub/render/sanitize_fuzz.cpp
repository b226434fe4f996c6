#include <cstdint>
#include <cstdlib>

#include "base/text.h"
#include "hub/render/allow_list.h"
#include "hub/render/document.h"
#include "hub/render/html_tree.h"
#include "hub/render/sanitize.h"

// Any bytes as a card. What comes out is UTF-8, and read again by an HTML5 parser it has only
// elements and attributes that are allowed, no address but those that do no harm, and no scripts.
namespace {

using namespace cairn::render;

bool is_ours(std::string_view tag) {
  return fate_of(tag) == Fate::keep || tag == "a" || tag == "img" || tag == "video" ||
         tag == "audio" || tag == "table" || tag == "input";
}

void check_attribute(std::string_view name, std::string_view value) {
  if (name.starts_with("on") || name == "style" || name == "srcdoc" || name == "name") std::abort();
  if (name != "href" && name != "src") return;
  bool good = value.starts_with("http://") || value.starts_with("https://") ||
              value.starts_with("mailto:") || value.starts_with("/") || value.starts_with("#");
  if (!good || value.starts_with("//") || value.starts_with("/\\")) std::abort();
}

void check(const GumboNode& node) {
  if (node.type != GUMBO_NODE_ELEMENT) return;
  const auto& element = node.v.element;
  if (element.tag_namespace != GUMBO_NAMESPACE_HTML) std::abort();
  auto tag = tag_of(node);
  if (tag != "html" && !is_ours(tag)) std::abort();
  for (unsigned i = 0; i < element.attributes.length; ++i) {
    auto& found = *static_cast<const GumboAttribute*>(element.attributes.data[i]);
    check_attribute(found.name, found.value);
  }
  for (unsigned i = 0; i < element.children.length; ++i)
    check(*static_cast<const GumboNode*>(element.children.data[i]));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t input_bytes_max = 64 << 10;
  if (size > input_bytes_max) return 0;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  for (auto pictures : {Pictures::ask, Pictures::allow, Pictures::proxy}) {
    auto document = render_markdown(text, "docs/a", pictures);
    auto html =
        place_links(document.html,
                    {"/a/b/blob/main", "/a/b/tree/main", "/a/b/resolve/main",
                     [](std::string_view url) { return "/p?url=" + cairn::percent_encode(url); }});
    if (!cairn::is_valid_utf8(html) || !cairn::is_valid_utf8(document.summary)) std::abort();
    for (const auto& heading : document.headings)
      if (!cairn::is_valid_utf8(heading.id + heading.text)) std::abort();
    HtmlTree again(html);
    check(again.root());
  }
  return 0;
}
