#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hub/history/history.h"
#include "hub/history/lru.h"
#include "hub/history/sheet_page.h"

namespace cairn::history {

/// Where decoded pages come from: the cache, or the database. Thread-safe; `load` blocks.
class Pages {
 public:
  Pages(db::Database& database, std::size_t cache_bytes)
      : database_(database), cache_(cache_bytes) {}
  virtual ~Pages() = default;

  /// @return `corrupt`, word "SheetMissing" when the page is not stored.
  [[nodiscard]] Result<std::shared_ptr<const Page>> load(const SheetId& id);
  [[nodiscard]] std::shared_ptr<const Page> cached(const SheetId& id);
  void remember(const EncodedPage& page);

 private:
  db::Database& database_;
  Lru<SheetId, std::shared_ptr<const Page>> cache_;
};

using PageLoader = std::function<Result<std::shared_ptr<const Page>>(const SheetId&)>;

/// The entry of one folder by name. @return empty when there is none.
[[nodiscard]] Result<std::optional<SheetEntry>> find_in_folder(const PageLoader& load,
                                                               const SheetId& folder,
                                                               std::string_view name);
/// All entries of one folder, in order. @param pages  when given, receives the ids of its pages.
[[nodiscard]] Result<std::vector<SheetEntry>> read_folder(const PageLoader& load,
                                                          const SheetId& folder,
                                                          std::vector<SheetId>* pages = nullptr);
/// @return `not_found`, word "EntryNotFound". The root is a folder with an empty path.
[[nodiscard]] Result<SheetEntry> find_path(const PageLoader& load, const CommitInfo& commit,
                                           std::string_view path);
[[nodiscard]] Result<TreePage> list_tree(const PageLoader& load, const CommitInfo& commit,
                                         const TreeQuery& query);
/// Calls `visit` for every file below `folder` once per distinct page: pages seen before (in
/// `seen`) are passed over.
Result<> walk_pages(const PageLoader& load, const SheetId& folder,
                    const std::function<bool(const SheetId&)>& first_time,
                    const std::function<Result<>(const SheetEntry&)>& visit);

}  // namespace cairn::history
