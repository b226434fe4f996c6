#include "platform/git/glob.h"

namespace cairn::git {
namespace {

/// POSIX character classes, as git's wildmatch has them: ASCII, whatever the locale.
bool in_class(std::string_view name, unsigned char c) {
  bool lower = c >= 'a' && c <= 'z', upper = c >= 'A' && c <= 'Z', digit = c >= '0' && c <= '9';
  bool alnum = lower || upper || digit, graph = c > 0x20 && c < 0x7f;
  if (name == "alnum") return alnum;
  if (name == "alpha") return lower || upper;
  if (name == "blank") return c == ' ' || c == '\t';
  if (name == "cntrl") return c < 0x20 || c == 0x7f;
  if (name == "digit") return digit;
  if (name == "graph") return graph;
  if (name == "lower") return lower;
  if (name == "print") return graph || c == ' ';
  if (name == "punct") return graph && !alnum;
  if (name == "space") return c == ' ' || (c >= '\t' && c <= '\r');
  if (name == "upper") return upper;
  return digit || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');  // xdigit
}

bool is_class(std::string_view name) {
  for (std::string_view known : {"alnum", "alpha", "blank", "cntrl", "digit", "graph", "lower",
                                 "print", "punct", "space", "upper", "xdigit"})
    if (name == known) return true;
  return false;
}

/// Reads a bracket whose '[' is already taken; `p` then stands behind its ']'.
/// @return empty when git would match nothing with it.
std::optional<std::bitset<256>> read_bracket(std::string_view p, std::size_t& at) {
  std::bitset<256> set;
  bool negated = at < p.size() && (p[at] == '!' || p[at] == '^');
  if (negated) ++at;
  std::optional<unsigned char> previous;
  for (bool first = true;; first = false) {
    if (at >= p.size()) return {};
    auto c = static_cast<unsigned char>(p[at++]);
    if (c == ']' && !first) break;
    if (c == '[' && at < p.size() && p[at] == ':') {
      // ":]" must follow; otherwise the '[' stands for itself.
      auto end = p.find(']', at + 1);
      if (end == std::string_view::npos) return {};
      if (end > at + 1 && p[end - 1] == ':') {
        auto name = p.substr(at + 1, end - at - 2);
        if (!is_class(name)) return {};
        for (unsigned i = 0; i < 256; ++i)
          if (in_class(name, static_cast<unsigned char>(i))) set.set(i);
        at = end + 1;
        previous.reset();
        continue;
      }
    } else if (c == '-' && previous && at < p.size() && p[at] != ']') {
      auto last = static_cast<unsigned char>(p[at++]);
      if (last == '\\') {
        if (at >= p.size()) return {};
        last = static_cast<unsigned char>(p[at++]);
      }
      for (unsigned i = *previous; i <= last; ++i) set.set(i);
      previous.reset();
      continue;
    } else if (c == '\\') {
      if (at >= p.size()) return {};
      c = static_cast<unsigned char>(p[at++]);
    }
    set.set(c);
    previous = c;
  }
  if (negated) set.flip();
  set.reset('/');  // gitignore(5): nothing but '/' and "**" matches a '/'.
  return set;
}

}  // namespace

Glob::Glob(std::string_view pattern) {
  if (pattern.size() > glob_bytes_max) {
    never_ = true;
    return;
  }
  if (pattern.ends_with('/')) {
    folders_only_ = true;
    pattern.remove_suffix(1);
  }
  anchored_ = pattern.contains('/');
  if (pattern.starts_with('/')) pattern.remove_prefix(1);
  if (anchored_) pattern = take_prefix(pattern);
  if (pattern.empty())
    never_ = true;
  else
    compile(pattern);
}

// git compares what stands before the first wildcard by itself, and matches the rest as a pattern
// of its own. So "x/a**" matches "x/ab/c", although its "**" is no whole component: a client's git
// decides by that what goes to LFS, hence we do too.
std::string_view Glob::take_prefix(std::string_view pattern) {
  auto first = pattern.find_first_of("*?[\\");
  if (first == std::string_view::npos || first == 0 || pattern[first - 1] == '/') return pattern;
  auto end = std::min(pattern.find_first_not_of('*', first), pattern.size());
  auto rest = pattern.substr(end);
  bool whole = rest.empty() || rest.starts_with('/') || rest.starts_with("\\/");
  if (end - first < 2 || !whole) return pattern;
  prefix_ = pattern.substr(0, first);
  return pattern.substr(first);
}

void Glob::compile(std::string_view pattern) {
  segments_.emplace_back();
  std::size_t segment_start = 0;
  for (std::size_t at = 0; at < pattern.size() && !never_;) {
    auto& tokens = segments_.back().tokens;
    char c = pattern[at++];
    bool slash = c == '/' || (c == '\\' && at < pattern.size() && pattern[at] == '/');
    if (slash) {
      if (c == '\\') ++at;
      segments_.emplace_back();
      segment_start = at;
    } else if (c == '*') {
      std::size_t stars = at - 1;
      while (at < pattern.size() && pattern[at] == '*') ++at;
      bool whole = stars == segment_start && at - stars >= 2 &&
                   (at == pattern.size() || pattern[at] == '/' || pattern.substr(at, 2) == "\\/");
      if (whole) {
        segments_.back().any_folders = true;
        // Only before a '/' without a backslash does git let "**" stand for no folder at all.
        if (at < pattern.size() && pattern[at] == '\\')
          segments_.emplace_back().tokens.emplace_back(AnyMany{});
      } else {
        tokens.emplace_back(AnyMany{});
      }
    } else if (c == '?') {
      tokens.emplace_back(AnyOne{});
    } else if (c == '[') {
      auto set = read_bracket(pattern, at);
      never_ = !set;
      if (set) tokens.emplace_back(*set);
    } else if (c == '\\') {
      never_ = at >= pattern.size();
      if (!never_) tokens.emplace_back(pattern[at++]);
    } else {
      tokens.emplace_back(c);
    }
  }
}

bool Glob::matches_one(const Token& token, char c) {
  if (auto* literal = std::get_if<char>(&token)) return *literal == c;
  if (auto* set = std::get_if<std::bitset<256>>(&token))
    return set->test(static_cast<unsigned char>(c));
  return std::holds_alternative<AnyOne>(token);
}

// Only the last star has to try again: an earlier one can give nothing a later one could not. So
// this is tokens x text at worst, where plain recursion is exponential. The same holds for "**".
bool Glob::matches_segment(const Segment& segment, std::string_view text) {
  const auto& tokens = segment.tokens;
  constexpr std::size_t none = std::string_view::npos;
  std::size_t t = 0, c = 0, star = none, retry = 0;
  while (c < text.size()) {
    if (t < tokens.size() && std::holds_alternative<AnyMany>(tokens[t])) {
      star = t++;
      retry = c;
    } else if (t < tokens.size() && matches_one(tokens[t], text[c])) {
      ++t;
      ++c;
    } else if (star != none) {
      t = star + 1;
      c = ++retry;
    } else {
      return false;
    }
  }
  while (t < tokens.size() && std::holds_alternative<AnyMany>(tokens[t])) ++t;
  return t == tokens.size();
}

bool Glob::matches(std::string_view path, bool is_folder) const {
  if (never_ || (folders_only_ && !is_folder)) return false;
  if (!anchored_) {
    auto name = path.substr(path.rfind('/') + 1);
    return segments_.front().any_folders || matches_segment(segments_.front(), name);
  }
  if (!path.starts_with(prefix_)) return false;
  path.remove_prefix(prefix_.size());
  constexpr std::size_t none = std::string_view::npos;
  // `c` is where the next component begins; past the end when none is left.
  std::size_t s = 0, c = 0, star = none, retry = 0;
  auto after = [&](std::size_t at) {
    auto slash = path.find('/', at);
    return slash == none ? path.size() + 1 : slash + 1;
  };
  while (c <= path.size()) {
    if (s < segments_.size() && segments_[s].any_folders) {
      if (s + 1 == segments_.size()) return true;  // A "/**" at the end: anything below.
      star = s++;
      retry = c;
    } else if (s < segments_.size() &&
               matches_segment(segments_[s], path.substr(c, after(c) - 1 - c))) {
      ++s;
      c = after(c);
    } else if (star != none) {
      s = star + 1;
      c = retry = after(retry);
    } else {
      return false;
    }
  }
  return s == segments_.size();
}

}  // namespace cairn::git
