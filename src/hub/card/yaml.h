#pragma once
#include <map>
#include <string>
#include <string_view>

#include "base/json.h"

namespace cairn::card {

struct YamlError {
  std::string message;
  int line = 0;  ///< Of the text, from 1.
};

struct YamlDocument {
  json::value root;                               ///< Null for an empty text.
  std::map<std::string, int, std::less<>> lines;  ///< Keys of the root mapping -> line, from 1.
};

/// One YAML document as JSON, within the limits of card.h.
[[nodiscard]] std::expected<YamlDocument, YamlError> parse_yaml(std::string_view text);

}  // namespace cairn::card
