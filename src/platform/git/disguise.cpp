#include "platform/git/disguise.h"

#include <string>

#include "base/text.h"
#include "platform/git/path.h"

namespace cairn::git {
namespace {

/// HFS+ drops these code points when it compares names (Apple TN1150; git's utf8.c has the list):
/// U+200C–200F, U+202A–202E, U+206A–206F, U+FEFF. All have three bytes in UTF-8.
bool is_hfs_ignored(std::string_view three) {
  auto byte = [&](int i) { return static_cast<unsigned char>(three[static_cast<std::size_t>(i)]); };
  unsigned point = (byte(0) & 0x0fu) << 12 | (byte(1) & 0x3fu) << 6 | (byte(2) & 0x3fu);
  return (byte(0) & 0xf0) == 0xe0 &&
         ((point >= 0x200c && point <= 0x200f) || (point >= 0x202a && point <= 0x202e) ||
          (point >= 0x206a && point <= 0x206f) || point == 0xfeff);
}

/// As HFS+ compares it, for ASCII names: lower case, without what it ignores.
std::string hfs_folded(std::string_view component) {
  std::string out;
  for (std::size_t i = 0; i < component.size();) {
    if (i + 3 <= component.size() && is_hfs_ignored(component.substr(i, 3))) {
      i += 3;
      continue;
    }
    out += component[i++];
  }
  return to_lower_ascii(out);
}

/// NTFS drops dots and spaces at the end of a name; what follows a ':' names a stream of it.
bool is_ntfs_tail(std::string_view rest) {
  auto end = rest.find_first_not_of(". ");
  return end == std::string_view::npos || rest[end] == ':' || rest[end] == '\\';
}

bool is_digit(char c, char first) {
  return c >= first && c <= '9';
}

/// NTFS's short name of a long one: six letters and "~1" to "~4"; then, when those are taken, up to
/// six of `hashed` (two letters and a hash) and "~" with digits, eight characters in all.
bool is_ntfs_short(std::string_view lower, std::string_view six, std::string_view hashed) {
  if (lower.size() < 8) return false;
  if (lower.starts_with(six) && lower[6] == '~' && lower[7] >= '1' && lower[7] <= '4')
    return is_ntfs_tail(lower.substr(8));
  std::size_t i = 0;
  while (i < 6 && lower[i] == hashed[i]) ++i;
  if (lower[i] != '~' || !is_digit(lower[i + 1], '1')) return false;
  for (i += 2; i < 8; ++i)
    if (!is_digit(lower[i], '0')) return false;
  return is_ntfs_tail(lower.substr(8));
}

/// The start of the hashed short name: a function of the long name that only NTFS computes.
std::string_view hashed_short_name(SpecialName name) {
  switch (name) {
    case SpecialName::gitmodules:
      return "gi7eba";
    case SpecialName::gitattributes:
      return "gi7d29";
    case SpecialName::gitignore:
      return "gi250a";
  }
  return {};
}

}  // namespace

std::string_view text_of(SpecialName name) {
  switch (name) {
    case SpecialName::gitmodules:
      return ".gitmodules";
    case SpecialName::gitattributes:
      return ".gitattributes";
    case SpecialName::gitignore:
      return ".gitignore";
  }
  return {};
}

bool is_disguised(std::string_view component, SpecialName name) {
  std::string_view text = text_of(name);
  if (hfs_folded(component) == text) return true;
  std::string lower = to_lower_ascii(component);
  if (lower.starts_with(text) && is_ntfs_tail(std::string_view(lower).substr(text.size())))
    return true;
  return is_ntfs_short(lower, text.substr(1, 6), hashed_short_name(name));
}

bool is_dot_git(std::string_view component) {
  std::string folded = hfs_folded(component);
  if (folded == ".git") return true;
  std::string lower = to_lower_ascii(component);
  std::string_view rest = lower;
  if (rest.starts_with(".git"))
    rest.remove_prefix(4);
  else if (rest.starts_with("git~1"))
    rest.remove_prefix(5);
  else
    return false;
  return is_ntfs_tail(rest);
}

}  // namespace cairn::git
