#pragma once
#include <string>
#include <string_view>

#include <gumbo.h>

namespace cairn::render {

/// A parsed fragment. Its memory is its own: gumbo's way to free a tree recurses as deep as
/// strangers nest.
class HtmlTree {
 public:
  /// @param html  is pointed into, and must outlive this.
  explicit HtmlTree(std::string_view html);
  ~HtmlTree();
  HtmlTree(const HtmlTree&) = delete;
  HtmlTree& operator=(const HtmlTree&) = delete;

  /// Its children are the fragment.
  [[nodiscard]] const GumboNode& root() const { return *root_; }

 private:
  /// Stands before each block of memory.
  struct Block {
    Block* before;
    Block* after;
  };
  static void* allocate(void* self, size_t size);
  static void release(void* self, void* memory);

  Block blocks_{&blocks_, &blocks_};
  const GumboNode* root_ = nullptr;
};

/// "img", lower case; empty for tags that neither gumbo nor we know.
[[nodiscard]] std::string_view tag_of(const GumboNode& node);
/// An attribute's value; null data when there is none.
[[nodiscard]] std::string_view attribute(const GumboNode& node, const char* name);
/// All text below, in order, whatever it stands in but scripts and styles.
[[nodiscard]] std::string text_of(const GumboNode& node, std::size_t bytes_max);

}  // namespace cairn::render
