#include "hub/lfs/pointer.h"

#include <charconv>

namespace cairn::lfs {
namespace {

constexpr std::string_view version_line = "version https://git-lfs.github.com/spec/v1\n";
constexpr std::string_view oid_start = "oid sha256:";
constexpr std::string_view size_start = "size ";

bool take(std::string_view& text, std::string_view expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(expected.size());
  return true;
}

Failure not_a_pointer() {
  return fail(ErrorCode::invalid_argument, "NotAPointer",
              "The text is not a Git LFS pointer, version 1, in its canonical form.");
}

}  // namespace

Result<Pointer> parse_pointer(std::string_view text) {
  if (text.size() > pointer_bytes_max || !take(text, version_line) || !take(text, oid_start))
    return not_a_pointer();
  auto digest = Sha256Digest::parse(text.substr(0, 64));
  if (!digest) return not_a_pointer();
  text.remove_prefix(64);
  if (!take(text, "\n") || !take(text, size_start)) return not_a_pointer();
  std::uint64_t size = 0;
  auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), size);
  // from_chars takes leading zeros, which git-lfs never writes.
  bool canonical = text.starts_with('0') ? end == text.data() + 1 : true;
  if (failed != std::errc{} || !canonical ||
      std::string_view(end, text.data() + text.size()) != "\n")
    return not_a_pointer();
  return Pointer{*digest, size};
}

std::string to_text(const Pointer& pointer) {
  std::string out(version_line);
  out += oid_start;
  out += pointer.sha256.hex();
  out += "\n";
  out += size_start;
  out += std::to_string(pointer.size_bytes);
  out += "\n";
  return out;
}

}  // namespace cairn::lfs
