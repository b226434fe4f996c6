#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "hub/history/sheet.h"

namespace cairn::history {

/// Entries of a folder in git's order: a folder sorts as if its name ended in "/". By that order a
/// depth-first walk is sorted by full path.
struct LeafPage {
  std::vector<SheetEntry> entries;  ///< `path` holds the name.
};

struct IndexPage {
  struct Child {
    std::string first_key;  ///< sort_key of its first entry.
    SheetId page;
    std::uint64_t entries = 0;
  };
  std::vector<Child> children;
};

using Page = std::variant<LeafPage, IndexPage>;

/// The name as git sorts it.
[[nodiscard]] inline std::string sort_key(const SheetEntry& entry) {
  return entry.is_folder() ? entry.path + "/" : entry.path;
}

[[nodiscard]] std::string encode_page(const Page& page);
/// @return `corrupt` for bytes that encode_page did not make.
[[nodiscard]] Result<Page> decode_page(std::string_view bytes);

struct EncodedPage {
  SheetId id;
  std::string bytes;
};

/// Cuts a folder's entries (in order) into pages and, above one page, an index over them. Where
/// pages end depends on the names around there only, so that an edit changes one page and the
/// index. @return the pages, the folder's own page (its SheetId) last.
[[nodiscard]] std::vector<EncodedPage> paginate(const std::vector<SheetEntry>& entries);

}  // namespace cairn::history
