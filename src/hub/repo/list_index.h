#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "hub/repo/list_tags.h"
#include "hub/repo/repos.h"

/// What lists filter, sort and count by, in memory: every living repository, its tags and figures.
/// SQL decides (lists.h keeps this in step with it, and rows are read from it); this only says
/// quickly which rows to read, under any combination of filters.
namespace cairn::repo {

/// Where a page begins: the last one's sort value and number. Sort::id has a text.
struct Place {
  std::int64_t value = 0;
  std::string key;
  RepoId id;
};

/// Which private repositories count. Both lists sorted.
struct Viewer {
  bool everything = false;
  std::vector<std::int64_t> owners;
  std::vector<std::int64_t> repos;
};

/// Of one repository.
struct IndexRow {
  RepoId id;
  RepoKind kind = RepoKind::model;
  OwnerId owner;
  Visibility visibility = Visibility::public_;
  Gating gating = Gating::none;
  std::string key;  ///< Folded "owner/name".
  std::int64_t created_at = 0, updated_at = 0;
  std::int64_t downloads = 0, likes = 0, likes_30d = 0, trending_score = 0;
  std::int64_t parameters = -1;     ///< -1: not known.
  std::vector<std::string> tags;    ///< As they are shown, in the card's order.
  std::vector<std::string> hidden;  ///< card::uses_tag()
  std::string library_name, pipeline_tag, sdk;
};

/// Thread-safe: readers share, a change waits for them (they take well under a millisecond per
/// 100 000 repositories).
///
/// Cost: a list looks at the candidates of its rarest condition (a tag, an owner, three letters of
/// a search word), and at all of the kind when there is none. About 400 bytes per repository.
class ListIndex {
 public:
  ListIndex();
  ~ListIndex();
  ListIndex(const ListIndex&) = delete;
  ListIndex& operator=(const ListIndex&) = delete;

  /// Makes the index say of `ids` what `rows` say; those without a row are no more.
  /// @param mark  grows with the time at which the rows were read: what a later reading said stays.
  /// @return those that stayed as a later reading left them.
  std::vector<RepoId> replace(std::span<const RepoId> ids, std::vector<IndexRow> rows,
                              std::uint64_t mark);
  /// Only the figures; nothing when the repository is not known.
  void set_figures(const IndexRow& row, std::uint64_t mark);

  /// `query.limit + 1` places, so that the caller sees whether more follow.
  [[nodiscard]] std::vector<Place> select(const ListQuery& query,
                                          const std::optional<OwnerId>& author,
                                          const Viewer& viewer,
                                          const std::optional<Place>& after) const;
  /// What items of lists show of cards, one for each of `ids`; empty when one is not known.
  [[nodiscard]] std::vector<card::CardFields> cards(RepoKind kind,
                                                    std::span<const RepoId> ids) const;

  struct Found {
    std::vector<RepoId> best;
    std::int64_t total = 0;
  };
  /// For "search as you type": the name itself first, then names that begin so, then the rest, each
  /// by what is used and liked most.
  [[nodiscard]] Found suggest(const ListQuery& query, const std::optional<OwnerId>& author,
                              const Viewer& viewer) const;

  /// How many repositories the query has, and how many of them each tag; at most `per_type` of a
  /// type, most frequent first. Empty `types`: all.
  [[nodiscard]] Facets facets(const ListQuery& query, const std::optional<OwnerId>& author,
                              const Viewer& viewer, std::span<const std::string> types,
                              std::size_t per_type) const;

  [[nodiscard]] std::size_t size() const;

 private:
  class Shelf;
  mutable std::shared_mutex mutex_;
  std::array<std::unique_ptr<Shelf>, 4> shelves_;  ///< By kind.
  std::unordered_map<std::int64_t, RepoKind> kinds_;
  /// Those taken out, and by which reading: an older one does not bring them back. Forgotten when
  /// there are many; rows are read before anything is shown, so that costs a short page at worst.
  std::unordered_map<std::int64_t, std::uint64_t> gone_;
};

}  // namespace cairn::repo
