#pragma once
#include <array>
#include <deque>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "hub/repo/list_index.h"

namespace cairn::repo {

/// One kind's part of the index: columns by slot, so that a scan reads only what it asks for.
class ListIndex::Shelf {
 public:
  explicit Shelf(RepoKind kind) : kind_(kind) {}

  [[nodiscard]] std::optional<std::uint64_t> mark_of(RepoId id) const;
  void put(const IndexRow& row, std::uint64_t mark);
  void remove(RepoId id);
  void set_figures(const IndexRow& row, std::uint64_t mark);
  [[nodiscard]] std::size_t size() const { return slot_of_.size(); }
  [[nodiscard]] std::optional<card::CardFields> fields_of(RepoId id) const;

  [[nodiscard]] std::vector<Place> select(const ListQuery&, const std::optional<OwnerId>&,
                                          const Viewer&, const std::optional<Place>& after) const;
  [[nodiscard]] Found suggest(const ListQuery&, const std::optional<OwnerId>&, const Viewer&) const;
  [[nodiscard]] Facets facets(const ListQuery&, const std::optional<OwnerId>&, const Viewer&,
                              std::span<const std::string> types, std::size_t per_type) const;

 private:
  using Slot = std::uint32_t;
  using TagId = std::uint32_t;
  using Posting = std::vector<Slot>;  ///< In no order.
  struct Tag {
    std::string text;
    TagType type = TagType::other;
    Posting slots;
  };
  /// A query as this shelf knows it.
  struct Conditions {
    std::vector<TagId> tags;
    std::vector<TagId> any_of;
    std::vector<std::string> words;
    const Posting* candidates = nullptr;  ///< Of the rarest condition; null = every slot.
    bool nothing = false;
  };

  [[nodiscard]] Conditions prepare(const ListQuery&, const std::optional<OwnerId>&) const;
  [[nodiscard]] bool fits(Slot, const Conditions&, const ListQuery&,
                          const std::optional<OwnerId>&) const;
  template <class Visit>
  void each_match(const ListQuery&, const std::optional<OwnerId>&, const Viewer&,
                  Visit visit) const;
  [[nodiscard]] bool visible(Slot, const Viewer&) const;
  [[nodiscard]] std::int64_t value_of(Slot, Sort) const;

  Slot take_slot();
  TagId intern(const std::string& text);
  void set_tags(Slot, const IndexRow&);
  void set_key(Slot, const std::string& key);
  void set_owner(Slot, OwnerId owner);
  void write_figures(Slot, const IndexRow&);

  const RepoKind kind_;
  std::unordered_map<std::int64_t, Slot> slot_of_;
  std::vector<Slot> free_;

  // ---- Columns ----
  static constexpr std::uint8_t living = 1, is_private = 2, is_gated = 4;
  std::vector<std::uint8_t> flags_;
  std::vector<std::int64_t> ids_, owners_, parameters_;
  std::array<std::vector<std::int64_t>, 6> figures_;  ///< By Sort: created … trending, likes_30d.
  std::vector<std::int64_t> key_starts_;              ///< The key's first 8 bytes, big-endian.
  std::vector<std::string> keys_;
  /// Those that are shown, in order; then hidden ones and the words below where they are no tags.
  std::vector<std::vector<TagId>> tags_of_;
  std::vector<std::uint16_t> shown_;  ///< How many of them are shown; at most card::tags_max.
  static constexpr TagId none = 0xffffffff;
  std::array<std::vector<TagId>, 3> words_;  ///< Library, pipeline tag, SDK.
  std::vector<std::uint64_t> marks_;

  // ---- Postings ----
  std::unordered_map<std::string, TagId> tag_ids_;
  std::deque<Tag> tags_;
  std::vector<TagId> free_tags_;
  std::unordered_map<std::int64_t, Posting> of_owner_;
  std::unordered_map<std::uint32_t, Posting> of_letters_;  ///< Three bytes of a key.
};

}  // namespace cairn::repo
