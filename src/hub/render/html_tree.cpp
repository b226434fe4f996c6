#include "hub/render/html_tree.h"

#include <cstdlib>
#include <new>
#include <vector>

#include "base/text.h"

namespace cairn::render {

HtmlTree::HtmlTree(std::string_view html) {
  GumboOptions options = kGumboDefaultOptions;
  options.allocator = allocate;
  options.deallocator = release;
  options.userdata = this;
  options.max_errors = 0;
  options.fragment_context = GUMBO_TAG_DIV;
  root_ = gumbo_parse_with_options(&options, html.data(), html.size())->root;
}

HtmlTree::~HtmlTree() {
  for (Block* block = blocks_.after; block != &blocks_;) {
    Block* next = block->after;
    std::free(block);
    block = next;
  }
}

void* HtmlTree::allocate(void* self, size_t size) {
  auto& blocks = static_cast<HtmlTree*>(self)->blocks_;
  static_assert(sizeof(Block) % alignof(std::max_align_t) == 0);
  auto* block = static_cast<Block*>(std::malloc(sizeof(Block) + size));
  if (!block) std::abort();  // gumbo checks nothing; this is the child process.
  block->before = &blocks;
  block->after = blocks.after;
  blocks.after->before = block;
  blocks.after = block;
  return block + 1;
}

void HtmlTree::release(void*, void* memory) {
  if (!memory) return;
  Block* block = static_cast<Block*>(memory) - 1;
  block->before->after = block->after;
  block->after->before = block->before;
  std::free(block);
}

std::string_view tag_of(const GumboNode& node) {
  if (node.type != GUMBO_NODE_ELEMENT) return {};
  const auto& element = node.v.element;
  if (element.tag != GUMBO_TAG_UNKNOWN) return gumbo_normalized_tagname(element.tag);
  GumboStringPiece start = element.original_tag;
  if (!start.data) return {};
  gumbo_tag_from_original_text(&start);
  std::string name = to_lower_ascii({start.data, start.length});
  for (std::string_view newer : {"picture", "x-equation"})
    if (name == newer) return newer;
  return {};
}

std::string_view attribute(const GumboNode& node, const char* name) {
  if (node.type != GUMBO_NODE_ELEMENT) return {};
  auto* found = gumbo_get_attribute(&node.v.element.attributes, name);
  return found ? std::string_view(found->value) : std::string_view();
}

std::string text_of(const GumboNode& top, std::size_t bytes_max) {
  std::string out;
  std::vector<const GumboNode*> unread = {&top};
  while (!unread.empty() && out.size() < bytes_max) {
    const GumboNode& node = *unread.back();
    unread.pop_back();
    switch (node.type) {
      case GUMBO_NODE_TEXT:
      case GUMBO_NODE_WHITESPACE:
      case GUMBO_NODE_CDATA:
        out += node.v.text.text;
        break;
      case GUMBO_NODE_ELEMENT: {
        auto tag = node.v.element.tag;
        if (tag == GUMBO_TAG_SCRIPT || tag == GUMBO_TAG_STYLE) break;
        if (tag == GUMBO_TAG_BR) out += ' ';
        const auto& children = node.v.element.children;
        for (unsigned i = children.length; i-- > 0;)
          unread.push_back(static_cast<const GumboNode*>(children.data[i]));
        break;
      }
      default:
        break;
    }
  }
  return std::string(truncate_utf8(out, bytes_max));
}

}  // namespace cairn::render
