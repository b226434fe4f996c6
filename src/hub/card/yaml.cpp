#include "hub/card/yaml.h"

#include <optional>
#include <vector>

#include <yaml.h>

#include "hub/card/card.h"
#include "hub/card/yaml_scalar.h"

namespace cairn::card {
namespace {

constexpr std::string_view core_tag_prefix = "tag:yaml.org,2002:";

/// An anchor's value and what each further use of it costs.
struct Anchored {
  json::value value;
  std::size_t nodes = 0;
  std::size_t text_bytes = 0;
  std::size_t depth = 0;
};

/// A collection that is being filled.
struct Open {
  json::value value;
  std::string anchor;
  std::optional<std::string> key;  ///< Of a mapping: read, and its value not yet.
  bool merging = false;            ///< That key is a plain `<<`.
  json::array merges;              ///< What `<<` named, to be merged when the mapping ends.
  std::size_t nodes_before = 0, text_bytes_before = 0;
  std::size_t depth = 1;  ///< Levels in here, this one included.
};

std::string_view view(const yaml_char_t* text) {
  return text ? std::string_view(reinterpret_cast<const char*>(text)) : std::string_view();
}

/// Turns events into one JSON value. No recursion: depth is a number here, not our stack.
class Builder {
 public:
  /// Takes one event. @return the message of what is wrong with it.
  std::optional<std::string> take(const yaml_event_t& event) {
    line_ = static_cast<int>(event.start_mark.line) + 1;
    switch (event.type) {
      case YAML_DOCUMENT_START_EVENT:
        if (documents_++ > 0) return "The front matter holds more than one YAML document.";
        return {};
      case YAML_SCALAR_EVENT:
        return scalar(event);
      case YAML_SEQUENCE_START_EVENT:
        return open(json::array(), view(event.data.sequence_start.anchor),
                    view(event.data.sequence_start.tag), "seq");
      case YAML_MAPPING_START_EVENT:
        return open(json::object(), view(event.data.mapping_start.anchor),
                    view(event.data.mapping_start.tag), "map");
      case YAML_SEQUENCE_END_EVENT:
      case YAML_MAPPING_END_EVENT:
        return close();
      case YAML_ALIAS_EVENT:
        return alias(view(event.data.alias.anchor));
      default:
        return {};
    }
  }

  int line() const { return line_; }
  YamlDocument finish() && { return {std::move(root_), std::move(lines_)}; }

 private:
  bool expects_key() const {
    return !stack_.empty() && stack_.back().value.is_object() && !stack_.back().key;
  }

  std::optional<std::string> count(std::size_t nodes, std::size_t text_bytes) {
    nodes_ += nodes;
    text_bytes_ += text_bytes;
    if (nodes_ > nodes_max)
      return "The front matter holds more than " + std::to_string(nodes_max) + " values.";
    if (text_bytes_ > text_bytes_max)
      return "The front matter is longer than " + std::to_string(text_bytes_max) +
             " bytes once its aliases are expanded.";
    return {};
  }

  std::optional<std::string> scalar(const yaml_event_t& event) {
    const auto& in = event.data.scalar;
    std::string_view text(reinterpret_cast<const char*>(in.value), in.length);
    if (auto wrong = count(1, text.size())) return wrong;
    // A NUL can only come from the escape "\0"; PostgreSQL cannot store it.
    if (text.find('\0') != text.npos) return "A text in the front matter holds a NUL character.";
    bool plain = in.style == YAML_PLAIN_SCALAR_STYLE;
    if (expects_key()) {
      if (in.anchor) remember(view(in.anchor), json::string(text), {1, text.size(), 0});
      return take_key(text, plain);
    }
    auto value = typed(text, view(in.tag), plain);
    if (!value) return value.error();
    if (in.anchor) remember(view(in.anchor), *value, {1, text.size(), 0});
    return put(std::move(*value), 0);
  }

  static std::expected<json::value, std::string> typed(std::string_view text, std::string_view tag,
                                                       bool plain) {
    if (tag.empty()) return plain ? resolve_plain(text) : json::value(json::string(text));
    if (tag == "!") return json::string(text);
    std::string_view name =
        tag.starts_with(core_tag_prefix) ? tag.substr(core_tag_prefix.size()) : std::string_view();
    if (name == "str" || name == "timestamp") return json::string(text);
    json::value value = resolve_plain(text);
    if ((name == "int" && value.is_number() && !value.is_double()) ||
        (name == "float" && value.is_number()) || (name == "bool" && value.is_bool()) ||
        (name == "null" && value.is_null()))
      return value;
    return std::unexpected("The tag \"" + std::string(truncated(tag)) +
                           "\" is not supported here. Write the value without it.");
  }

  std::optional<std::string> take_key(std::string_view text, bool plain) {
    Open& mapping = stack_.back();
    mapping.merging = plain && text == "<<";
    if (!mapping.merging && mapping.value.get_object().contains(text))
      return "The key \"" + std::string(truncated(text)) + "\" is there twice. Keep one of them.";
    if (stack_.size() == 1) lines_.emplace(text, line_);
    mapping.key = std::string(text);
    return {};
  }

  std::optional<std::string> open(json::value empty, std::string_view anchor, std::string_view tag,
                                  std::string_view core_name) {
    if (!tag.empty() && tag != "!" &&
        (!tag.starts_with(core_tag_prefix) || tag.substr(core_tag_prefix.size()) != core_name))
      return "The tag \"" + std::string(truncated(tag)) +
             "\" is not supported here. Write the value without it.";
    if (expects_key()) return "A key is a list or a mapping. Keys must be plain text.";
    if (stack_.size() >= depth_max) return too_deep();
    if (auto wrong = count(1, 0)) return wrong;
    Open next;
    next.value = std::move(empty);
    next.anchor = std::string(anchor);
    next.nodes_before = nodes_ - 1;
    next.text_bytes_before = text_bytes_;
    stack_.push_back(std::move(next));
    return {};
  }

  std::optional<std::string> close() {
    Open done = std::move(stack_.back());
    stack_.pop_back();
    for (auto& merge : done.merges)
      for (auto& [key, value] : merge.get_object())
        if (!done.value.get_object().contains(key)) done.value.get_object()[key] = value;
    if (!done.anchor.empty())
      remember(done.anchor, done.value,
               {nodes_ - done.nodes_before, text_bytes_ - done.text_bytes_before, done.depth});
    return put(std::move(done.value), done.depth);
  }

  std::optional<std::string> alias(std::string_view name) {
    if (++aliases_ > aliases_max)
      return "The front matter uses more than " + std::to_string(aliases_max) + " aliases.";
    auto found = anchors_.find(name);
    // Also when the anchor stands on a collection that contains this alias: it would be endless.
    if (found == anchors_.end())
      return "The alias \"*" + std::string(truncated(name)) + "\" names nothing above it.";
    const Anchored& target = found->second;
    if (auto wrong = count(target.nodes, target.text_bytes)) return wrong;
    if (expects_key()) {
      if (!target.value.is_string()) return "A key is not plain text. Keys must be plain text.";
      std::string key(target.value.get_string());
      return take_key(key, false);
    }
    if (stack_.size() + target.depth > depth_max) return too_deep();
    return put(target.value, target.depth);
  }

  struct Cost {
    std::size_t nodes, text_bytes, depth;
  };
  void remember(std::string_view anchor, const json::value& value, Cost cost) {
    anchors_.insert_or_assign(std::string(anchor),
                              Anchored{value, cost.nodes, cost.text_bytes, cost.depth});
  }

  std::optional<std::string> put(json::value value, std::size_t depth) {
    if (stack_.empty()) {
      root_ = std::move(value);
      return {};
    }
    Open& parent = stack_.back();
    parent.depth = std::max(parent.depth, depth + 1);
    if (auto* array = parent.value.if_array()) {
      array->push_back(std::move(value));
      return {};
    }
    std::string key = std::move(*parent.key);
    parent.key.reset();
    if (!parent.merging) {
      parent.value.get_object()[key] = std::move(value);
      return {};
    }
    return put_merge(parent, std::move(value));
  }

  static std::optional<std::string> put_merge(Open& parent, json::value value) {
    if (value.is_object()) {
      parent.merges.push_back(std::move(value));
      return {};
    }
    if (auto* list = value.if_array()) {
      for (auto& item : *list) {
        if (!item.is_object()) return "\"<<\" must name a mapping or a list of mappings.";
        parent.merges.push_back(std::move(item));
      }
      return {};
    }
    return "\"<<\" must name a mapping or a list of mappings.";
  }

  static std::string too_deep() {
    return "The front matter is nested deeper than " + std::to_string(depth_max) + " levels.";
  }
  static std::string_view truncated(std::string_view text) { return text.substr(0, 80); }

  json::value root_;
  std::map<std::string, int, std::less<>> lines_;
  std::vector<Open> stack_;
  std::map<std::string, Anchored, std::less<>> anchors_;
  std::size_t nodes_ = 0, text_bytes_ = 0, aliases_ = 0, documents_ = 0;
  int line_ = 1;
};

/// libyaml's parser and its events, freed on every way out.
struct Parser {
  yaml_parser_t it{};
  bool ready = yaml_parser_initialize(&it) == 1;
  Parser() = default;
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;
  ~Parser() {
    if (ready) yaml_parser_delete(&it);
  }
};

struct Event {
  yaml_event_t it{};
  Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { yaml_event_delete(&it); }
};

YamlError syntax_error(const yaml_parser_t& parser) {
  std::string message = "The YAML cannot be read: ";
  message += parser.problem ? parser.problem : "out of memory";
  if (parser.context) message += std::string(", ") + parser.context;
  // Reader errors (a byte that is no UTF-8) come without a line.
  bool marked = parser.error == YAML_SCANNER_ERROR || parser.error == YAML_PARSER_ERROR;
  return {message + ".", marked ? static_cast<int>(parser.problem_mark.line) + 1 : 0};
}

}  // namespace

std::expected<YamlDocument, YamlError> parse_yaml(std::string_view text) {
  Parser parser;
  if (!parser.ready) return std::unexpected(YamlError{"Out of memory.", 0});
  yaml_parser_set_encoding(&parser.it, YAML_UTF8_ENCODING);
  yaml_parser_set_input_string(&parser.it, reinterpret_cast<const unsigned char*>(text.data()),
                               text.size());
  Builder builder;
  for (;;) {
    Event event;
    if (!yaml_parser_parse(&parser.it, &event.it)) return std::unexpected(syntax_error(parser.it));
    if (event.it.type == YAML_STREAM_END_EVENT) return std::move(builder).finish();
    if (auto wrong = builder.take(event.it))
      return std::unexpected(YamlError{std::move(*wrong), builder.line()});
  }
}

}  // namespace cairn::card
