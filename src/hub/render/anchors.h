#pragma once
#include <map>
#include <string>
#include <string_view>

namespace cairn::render {

/// The ids of one document: each is there once, whatever the document says.
class Anchors {
 public:
  /// Of a heading, from its words in any script: "Über uns!" is "über-uns", "数据" stays.
  std::string for_heading(std::string_view text);
  /// Of an element that brings one. @return empty for what no page may have.
  std::string for_id(std::string_view id);

 private:
  std::string unique(std::string id);
  std::map<std::string, int> used_;
};

}  // namespace cairn::render
