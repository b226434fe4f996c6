#include "platform/git/tree_delta.h"

#include "platform/git/oid.h"
#include "platform/git/pack_entry.h"

namespace cairn::git {
namespace {

constexpr std::size_t copy_bytes_max = 0xffffff;
constexpr std::size_t insert_bytes_max = 0x7f;

void append_size(std::string& out, std::uint64_t n) {
  while (n >= 0x80) {
    out += static_cast<char>(0x80 | (n & 0x7f));
    n >>= 7;
  }
  out += static_cast<char>(n);
}

/// Takes a size from the front.
std::optional<std::uint64_t> take_size(std::string_view& in) {
  std::uint64_t n = 0;
  for (unsigned shift = 0; shift < 64 && !in.empty(); shift += 7) {
    auto byte = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    n |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return n;
  }
  return std::nullopt;
}

/// The first entry of a tree's content, whole; everything that is left when it is broken.
std::string_view entry_at(std::string_view content) {
  auto end = content.find('\0');
  if (end == content.npos) return content;
  return content.substr(0, end + 1 + oid_bytes);
}

/// As git sorts it: a folder as if its name ended in '/'.
int compare_entries(std::string_view a, std::string_view b) {
  auto name = [](std::string_view e) {
    auto space = e.find(' ');
    return space == e.npos ? std::string_view() : e.substr(space + 1, e.find('\0') - space - 1);
  };
  auto x = name(a), y = name(b);
  auto common = std::min(x.size(), y.size());
  if (int order = x.substr(0, common).compare(y.substr(0, common)); order != 0) return order;
  auto next = [&](std::string_view n, std::string_view e) {
    if (n.size() > common) return static_cast<unsigned char>(n[common]);
    return static_cast<unsigned char>(e.starts_with('4') ? '/' : '\0');
  };
  return static_cast<int>(next(x, a)) - static_cast<int>(next(y, b));
}

class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  void copy(std::size_t offset, std::size_t bytes) {
    if (copied_ > 0 && from_ + copied_ == offset) {
      copied_ += bytes;
      return;
    }
    flush_copy();
    flush_insert();
    from_ = offset;
    copied_ = bytes;
  }
  void insert(std::string_view bytes) {
    flush_copy();
    inserted_ += bytes;
  }
  void finish() {
    flush_copy();
    flush_insert();
  }

 private:
  void flush_copy() {
    while (copied_ > 0) {
      auto bytes = std::min(copied_, copy_bytes_max);
      unsigned command = 0x80;
      std::string arguments;
      for (unsigned i = 0; i < 4; ++i)
        if (auto byte = (from_ >> (8 * i)) & 0xff) {
          command |= 1u << i;
          arguments += static_cast<char>(byte);
        }
      for (unsigned i = 0; i < 3; ++i)
        if (auto byte = (bytes >> (8 * i)) & 0xff) {
          command |= 0x10u << i;
          arguments += static_cast<char>(byte);
        }
      out_ += static_cast<char>(command);
      out_ += arguments;
      from_ += bytes;
      copied_ -= bytes;
    }
  }
  void flush_insert() {
    for (std::string_view left = inserted_; !left.empty();) {
      auto part = left.substr(0, insert_bytes_max);
      out_ += static_cast<char>(part.size());
      out_ += part;
      left.remove_prefix(part.size());
    }
    inserted_.clear();
  }

  std::string& out_;
  std::size_t from_ = 0, copied_ = 0;
  std::string inserted_;
};

}  // namespace

std::optional<std::string> tree_delta(std::string_view before, std::string_view after) {
  if (before.size() > UINT32_MAX) return std::nullopt;  // An offset has four bytes.
  std::string out;
  append_size(out, before.size());
  append_size(out, after.size());
  Writer writer(out);
  std::size_t a = 0;
  for (std::size_t b = 0; b < after.size();) {
    auto wanted = entry_at(after.substr(b));
    while (a < before.size()) {
      auto there = entry_at(before.substr(a));
      if (there == wanted || compare_entries(there, wanted) > 0) break;
      a += there.size();
    }
    auto there = entry_at(before.substr(a));
    if (!there.empty() && there == wanted) {
      writer.copy(a, there.size());
      a += there.size();
    } else {
      writer.insert(wanted);
    }
    b += wanted.size();
    if (out.size() > after.size() / 4) return std::nullopt;
  }
  writer.finish();
  if (out.size() > after.size() / 4) return std::nullopt;
  return out;
}

std::optional<std::uint64_t> delta_result_bytes(std::string_view delta) {
  if (!take_size(delta)) return std::nullopt;
  return take_size(delta);
}

Result<std::string> apply_delta(std::string_view before, std::string_view delta) {
  auto from = take_size(delta);
  auto to = from ? take_size(delta) : std::nullopt;
  if (!to || *from != before.size()) return corrupt_pack("has a delta that does not fit its base");
  // Every byte of a delta makes at most 16 MiB.
  if (*to / copy_bytes_max > delta.size()) return corrupt_pack("has a delta of an absurd size");
  std::string out;
  out.reserve(*to);
  while (!delta.empty()) {
    auto command = static_cast<unsigned char>(delta.front());
    delta.remove_prefix(1);
    if (command == 0) return corrupt_pack("has a delta with an unknown command");
    if ((command & 0x80) == 0) {
      if (delta.size() < command || out.size() + command > *to)
        return corrupt_pack("has a delta that ends early");
      out += delta.substr(0, command);
      delta.remove_prefix(command);
      continue;
    }
    std::size_t offset = 0, bytes = 0;
    for (unsigned i = 0; i < 7; ++i) {
      if ((command & (1u << i)) == 0) continue;
      if (delta.empty()) return corrupt_pack("has a delta that ends early");
      std::size_t byte = static_cast<unsigned char>(delta.front());
      delta.remove_prefix(1);
      if (i < 4)
        offset |= byte << (8 * i);
      else
        bytes |= byte << (8 * (i - 4));
    }
    if (bytes == 0) bytes = 0x10000;
    if (offset > before.size() || bytes > before.size() - offset || out.size() + bytes > *to)
      return corrupt_pack("has a delta that reaches beyond its base");
    out += before.substr(offset, bytes);
  }
  if (out.size() != *to) return corrupt_pack("has a delta of another size than it says");
  return out;
}

}  // namespace cairn::git
