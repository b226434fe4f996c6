#include "platform/git/attributes.h"

#include <map>

#include "base/text.h"

namespace cairn::git {
namespace {

constexpr std::string_view blank = " \t\r\n";

/// What a rule does to `filter`: nothing, or a value (empty = unset or unspecified).
using Effect = std::optional<std::optional<std::string>>;
using Macros = std::map<std::string, Effect, std::less<>>;

std::string_view take_word(std::string_view& text) {
  auto start = std::min(text.find_first_not_of(blank), text.size());
  auto end = std::min(text.find_first_of(blank, start), text.size());
  auto word = text.substr(start, end - start);
  text.remove_prefix(end);
  return word;
}

/// A pattern in quotes, with C's escapes, as git prints paths with odd characters.
std::optional<std::string> take_quoted(std::string_view& text) {
  std::string out;
  constexpr std::string_view letters = "abfnrtv\\\"", bytes = "\a\b\f\n\r\t\v\\\"";
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (text[at] == '"') {
      text.remove_prefix(at + 1);
      return out;
    }
    if (text[at] != '\\') {
      out += text[at];
      continue;
    }
    if (++at >= text.size()) return {};
    if (auto letter = letters.find(text[at]); letter != std::string_view::npos) {
      out += bytes[letter];
      continue;
    }
    auto octal = text.substr(at, 3);
    if (octal.size() < 3 || octal[0] > '3' ||
        octal.find_first_not_of("01234567") != std::string_view::npos)
      return {};
    out += static_cast<char>((octal[0] - '0') << 6 | (octal[1] - '0') << 3 | (octal[2] - '0'));
    at += 2;
  }
  return {};
}

bool is_attribute_name(std::string_view name) {
  if (name.empty() || name.front() == '-') return false;
  for (char c : name)
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
          c == '.' || c == '_'))
      return false;
  return true;
}

/// What the attributes of one line do, the last one counting. git drops a line with an invalid
/// name as a whole: `valid` is then false.
Effect read_effect(std::string_view rest, const Macros& macros, bool& valid) {
  Effect out;
  valid = true;
  for (auto word = take_word(rest); !word.empty(); word = take_word(rest)) {
    bool off = word.front() == '-' || word.front() == '!';
    if (off) word.remove_prefix(1);
    auto equals = word.find('=');
    auto name = word.substr(0, equals);
    if (!is_attribute_name(name)) valid = false;
    bool has_value = !off && equals != std::string_view::npos;
    if (name == "filter")
      out = has_value ? std::optional(std::string(word.substr(equals + 1))) : std::nullopt;
    else if (auto macro = macros.find(name); macro != macros.end() && !off && !has_value)
      if (macro->second) out = macro->second;
  }
  return out;
}

/// Lines git reads: without those over its limit, without comments.
std::vector<std::string_view> lines_of(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  std::vector<std::string_view> out;
  for (auto line : split(text, '\n')) {
    auto start = line.find_first_not_of(blank);
    if (line.size() >= glob_bytes_max || start == std::string_view::npos || line[start] == '#')
      continue;
    out.push_back(line.substr(start));
  }
  return out;
}

constexpr std::string_view macro_prefix = "[attr]";

}  // namespace

Result<> Attributes::add(std::string_view text, const RepoPath& folder) {
  auto too_large = [] {
    return fail(ErrorCode::too_large, "AttributesTooLarge",
                "The .gitattributes files have over 10 000 rules or 1 MiB. Shorten them.");
  };
  if (text.size() > attributes_bytes_max) return too_large();
  auto lines = lines_of(text);
  if (lines.size() > attributes_rules_max - rules_.size()) return too_large();
  Macros macros;
  bool valid = true;
  // git allows macros in the root's file only.
  for (auto line : lines)
    if (folder.is_root() && line.starts_with(macro_prefix)) {
      line.remove_prefix(macro_prefix.size());
      auto name = std::string(take_word(line));
      Effect effect = read_effect(line, macros, valid);
      if (valid && is_attribute_name(name)) macros[name] = effect;
    }
  for (auto line : lines) {
    if (line.starts_with(macro_prefix)) continue;
    std::optional<std::string> pattern;
    if (line.starts_with('"')) pattern = take_quoted(line);
    if (!pattern) pattern = std::string(take_word(line));
    Effect effect = read_effect(line, macros, valid);
    // "!" has no meaning here; git warns and ignores the line.
    if (!valid || !effect || pattern->starts_with('!')) continue;
    Glob glob(*pattern);
    if (glob.folders_only()) continue;  // Attributes belong to files.
    rules_.push_back({std::move(glob), folder.is_root() ? "" : folder.text() + "/", *effect});
  }
  return {};
}

std::optional<std::string_view> Attributes::filter(const RepoPath& path) const {
  std::string_view text = path.text();
  for (auto rule = rules_.rbegin(); rule != rules_.rend(); ++rule)
    if (text.starts_with(rule->folder) &&
        rule->glob.matches(text.substr(rule->folder.size()), false))
      return rule->filter ? std::optional<std::string_view>(*rule->filter) : std::nullopt;
  return {};
}

}  // namespace cairn::git
