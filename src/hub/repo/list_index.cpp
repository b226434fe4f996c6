#include "hub/repo/list_index.h"

#include <mutex>
#include <unordered_set>

#include "hub/repo/list_shelf.h"

namespace cairn::repo {
namespace {

constexpr std::size_t gone_max = 100'000;

}  // namespace

ListIndex::ListIndex() {
  for (std::size_t kind = 0; kind < shelves_.size(); ++kind)
    shelves_[kind] = std::make_unique<Shelf>(static_cast<RepoKind>(kind));
}
ListIndex::~ListIndex() = default;

std::vector<RepoId> ListIndex::replace(std::span<const RepoId> ids, std::vector<IndexRow> rows,
                                       std::uint64_t mark) {
  std::vector<RepoId> stayed;
  std::unique_lock lock(mutex_);
  auto shelf_of = [&](RepoId id) -> Shelf* {
    auto known = kinds_.find(id.value);
    return known == kinds_.end() ? nullptr
                                 : shelves_[static_cast<std::size_t>(known->second)].get();
  };
  std::unordered_set<std::int64_t> later, there;
  for (RepoId id : ids) {
    auto* shelf = shelf_of(id);
    auto gone = gone_.find(id.value);
    auto known = shelf ? shelf->mark_of(id).value_or(0) : gone == gone_.end() ? 0 : gone->second;
    if (known <= mark) continue;
    later.insert(id.value);
    stayed.push_back(id);
  }
  for (const auto& row : rows) {
    there.insert(row.id.value);
    if (later.contains(row.id.value)) continue;
    shelves_[static_cast<std::size_t>(row.kind)]->put(row, mark);
    kinds_[row.id.value] = row.kind;
    gone_.erase(row.id.value);
  }
  if (gone_.size() > gone_max) gone_.clear();
  for (RepoId id : ids) {
    if (there.contains(id.value) || later.contains(id.value)) continue;
    if (auto* shelf = shelf_of(id)) shelf->remove(id);
    kinds_.erase(id.value);
    gone_[id.value] = mark;
  }
  return stayed;
}

void ListIndex::set_figures(const IndexRow& row, std::uint64_t mark) {
  std::unique_lock lock(mutex_);
  if (kinds_.contains(row.id.value))
    shelves_[static_cast<std::size_t>(row.kind)]->set_figures(row, mark);
}

std::vector<Place> ListIndex::select(const ListQuery& query, const std::optional<OwnerId>& author,
                                     const Viewer& viewer,
                                     const std::optional<Place>& after) const {
  std::shared_lock lock(mutex_);
  return shelves_[static_cast<std::size_t>(query.kind)]->select(query, author, viewer, after);
}

std::vector<card::CardFields> ListIndex::cards(RepoKind kind, std::span<const RepoId> ids) const {
  std::shared_lock lock(mutex_);
  std::vector<card::CardFields> out;
  out.reserve(ids.size());
  for (RepoId id : ids) {
    auto card = shelves_[static_cast<std::size_t>(kind)]->fields_of(id);
    if (!card) return {};
    out.push_back(std::move(*card));
  }
  return out;
}

ListIndex::Found ListIndex::suggest(const ListQuery& query, const std::optional<OwnerId>& author,
                                    const Viewer& viewer) const {
  std::shared_lock lock(mutex_);
  return shelves_[static_cast<std::size_t>(query.kind)]->suggest(query, author, viewer);
}

Facets ListIndex::facets(const ListQuery& query, const std::optional<OwnerId>& author,
                         const Viewer& viewer, std::span<const std::string> types,
                         std::size_t per_type) const {
  std::shared_lock lock(mutex_);
  return shelves_[static_cast<std::size_t>(query.kind)]->facets(query, author, viewer, types,
                                                                per_type);
}

std::size_t ListIndex::size() const {
  std::shared_lock lock(mutex_);
  return kinds_.size();
}

}  // namespace cairn::repo
