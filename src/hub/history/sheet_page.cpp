#include "hub/history/sheet_page.h"

#include "base/hash.h"

namespace cairn::history {
namespace {

// Layout, all numbers LEB128 ("varint"):
//   leaf   "L" count { flags mode name oid[20] last_commit[20] size
//                      [folder: sheet[32] files] [large: sha256[32] pointer_size] }
//   index  "I" count { first_key page[32] entries }
constexpr std::uint64_t flag_sheet = 1, flag_large = 2;

void put_number(std::string& out, std::uint64_t v) {
  for (; v >= 0x80; v >>= 7) out += static_cast<char>(v | 0x80);
  out += static_cast<char>(v);
}

void put_text(std::string& out, std::string_view text) {
  put_number(out, text.size());
  out += text;
}

struct Reader {
  std::string_view rest;
  bool broken = false;

  std::uint64_t number() {
    std::uint64_t v = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (rest.empty()) break;
      auto c = static_cast<unsigned char>(rest.front());
      rest.remove_prefix(1);
      v |= static_cast<std::uint64_t>(c & 0x7f) << shift;
      if (!(c & 0x80)) return v;
    }
    broken = true;
    return 0;
  }
  std::string_view bytes(std::uint64_t count) {
    if (count > rest.size()) {
      broken = true;
      return {};
    }
    auto out = rest.substr(0, count);
    rest.remove_prefix(count);
    return out;
  }
  template <class D>
  D digest() {
    auto raw = bytes(D{}.view().size());
    return broken ? D{} : D::from_bytes(raw);
  }
};

// A page ends after a name whose hash says so, from this many entries on: about 128 on average.
constexpr std::size_t page_entries_min = 64;

bool ends_page(std::string_view name) {
  std::uint32_t h = 2166136261u;  // FNV-1a
  for (unsigned char c : name) h = (h ^ c) * 16777619u;
  return (h >> 8) % 64 == 0;
}

EncodedPage encoded(const Page& page) {
  std::string bytes = encode_page(page);
  SheetId id = sha256(bytes);
  return {id, std::move(bytes)};
}

}  // namespace

std::string encode_page(const Page& page) {
  std::string out;
  if (auto* leaf = std::get_if<LeafPage>(&page)) {
    out += 'L';
    put_number(out, leaf->entries.size());
    for (const auto& e : leaf->entries) {
      put_number(out, (e.sheet ? flag_sheet : 0) | (e.lfs ? flag_large : 0));
      put_number(out, static_cast<std::uint64_t>(e.mode));
      put_text(out, e.path);
      out += e.oid.view();
      out += e.last_commit.view();
      put_number(out, e.size_bytes);
      if (e.sheet) {
        out += e.sheet->view();
        put_number(out, e.files);
      }
      if (e.lfs) {
        out += e.lfs->view();
        put_number(out, e.pointer_size_bytes);
      }
    }
  } else {
    const auto& index = std::get<IndexPage>(page);
    out += 'I';
    put_number(out, index.children.size());
    for (const auto& child : index.children) {
      put_text(out, child.first_key);
      out += child.page.view();
      put_number(out, child.entries);
    }
  }
  return out;
}

Result<Page> decode_page(std::string_view bytes) {
  Reader in{bytes};
  auto wrong = [] {
    return fail(ErrorCode::corrupt, "SheetCorrupt", "A stored folder listing does not read.");
  };
  auto kind = in.bytes(1);
  std::uint64_t count = in.number();
  if (in.broken || count > bytes.size()) return wrong();
  Page page;
  if (kind == "L") {
    LeafPage leaf;
    leaf.entries.reserve(count);
    for (std::uint64_t i = 0; i < count && !in.broken; ++i) {
      SheetEntry e;
      std::uint64_t flags = in.number();
      e.mode = static_cast<git::FileMode>(in.number());
      e.path = in.bytes(in.number());
      e.oid = in.digest<git::Oid>();
      e.last_commit = in.digest<git::Oid>();
      e.size_bytes = in.number();
      if (flags & flag_sheet) {
        e.sheet = in.digest<SheetId>();
        e.files = in.number();
      }
      if (flags & flag_large) {
        e.lfs = in.digest<Sha256Digest>();
        e.pointer_size_bytes = in.number();
      }
      leaf.entries.push_back(std::move(e));
    }
    page = std::move(leaf);
  } else if (kind == "I") {
    IndexPage index;
    index.children.reserve(count);
    for (std::uint64_t i = 0; i < count && !in.broken; ++i) {
      IndexPage::Child child;
      child.first_key = in.bytes(in.number());
      child.page = in.digest<SheetId>();
      child.entries = in.number();
      index.children.push_back(std::move(child));
    }
    page = std::move(index);
  } else {
    return wrong();
  }
  if (in.broken || !in.rest.empty()) return wrong();
  return page;
}

std::vector<EncodedPage> paginate(const std::vector<SheetEntry>& entries) {
  std::vector<EncodedPage> out;
  IndexPage index;
  LeafPage leaf;
  auto close = [&] {
    IndexPage::Child child{
        leaf.entries.empty() ? "" : sort_key(leaf.entries.front()), {}, leaf.entries.size()};
    out.push_back(encoded(leaf));
    child.page = out.back().id;
    index.children.push_back(std::move(child));
    leaf.entries.clear();
  };
  for (const auto& e : entries) {
    leaf.entries.push_back(e);
    std::size_t n = leaf.entries.size();
    if (n == sheet_page_entries_max || (n >= page_entries_min && ends_page(e.path))) close();
  }
  if (!leaf.entries.empty() || out.empty()) close();
  if (index.children.size() > 1) out.push_back(encoded(index));
  return out;
}

}  // namespace cairn::history
