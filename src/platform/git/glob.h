#pragma once
#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace cairn::git {

/// Longer patterns match nothing: git, too, ignores attribute lines past 2048 bytes.
constexpr std::size_t glob_bytes_max = 2048;

/// One pattern of a `.gitattributes` or `.gitignore` (gitignore(5), "PATTERN FORMAT"): `*`, `?`,
/// `[…]`, `\`, `**`, and '/' that ties it to its folder. Compiled once; matching takes at most
/// pattern x path steps whatever the two say. Immutable: any thread may match.
class Glob {
 public:
  /// A pattern that git would never match (an open bracket, over-long) compiles to one that
  /// matches nothing.
  explicit Glob(std::string_view pattern);

  /// @param path  relative to the folder of the file the pattern stands in; no '/' at either end.
  [[nodiscard]] bool matches(std::string_view path, bool is_folder) const;

  /// Written with a '/' at the end: matches folders only.
  [[nodiscard]] bool folders_only() const { return folders_only_; }

 private:
  struct AnyOne {};
  struct AnyMany {};
  using Token = std::variant<char, AnyOne, AnyMany, std::bitset<256>>;
  struct Segment {
    bool any_folders = false;  // "**"
    std::vector<Token> tokens = {};
  };
  std::string_view take_prefix(std::string_view pattern);
  void compile(std::string_view pattern);
  static bool matches_one(const Token& token, char c);
  static bool matches_segment(const Segment& segment, std::string_view text);

  bool never_ = false;
  bool folders_only_ = false;
  bool anchored_ = false;  // A '/' somewhere: the whole path counts, not the name alone.
  std::string prefix_;     // Compared as it is, before the segments.
  std::vector<Segment> segments_;
};

}  // namespace cairn::git
