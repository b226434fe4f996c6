#include "hub/repo/list_shelf.h"

#include <algorithm>

#include "base/names.h"

namespace cairn::repo {
namespace {

std::uint32_t letters_at(std::string_view text, std::size_t at) {
  auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i]));
  };
  return byte(at) << 16 | byte(at + 1) << 8 | byte(at + 2);
}

/// Every run of three bytes, once.
std::vector<std::uint32_t> all_letters(std::string_view text) {
  std::vector<std::uint32_t> out;
  for (std::size_t at = 0; at + 3 <= text.size(); ++at) out.push_back(letters_at(text, at));
  std::ranges::sort(out);
  out.erase(std::ranges::unique(out).begin(), out.end());
  return out;
}

/// Keys are ASCII, so the first bit is never set and numbers sort as the texts do.
std::int64_t start_of_key(std::string_view key) {
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < 8; ++i)
    out = out << 8 | (i < key.size() ? static_cast<unsigned char>(key[i]) & 0x7fu : 0u);
  return static_cast<std::int64_t>(out);
}

void drop(std::vector<std::uint32_t>& posting, std::uint32_t slot) {
  auto at = std::ranges::find(posting, slot);
  if (at == posting.end()) return;
  *at = posting.back();
  posting.pop_back();
}

template <class Map, class Key>
void drop_from(Map& map, const Key& key, std::uint32_t slot) {
  auto at = map.find(key);
  if (at == map.end()) return;
  drop(at->second, slot);
  if (at->second.empty()) map.erase(at);
}

template <class Map, class Key>
const std::vector<std::uint32_t>* posting_in(const Map& map, const Key& key) {
  auto at = map.find(key);
  return at == map.end() ? nullptr : &at->second;
}

/// Keeps the best few of many without sorting them all: when the buffer is full, it is cut to the
/// best, and what is worse than those is not taken any more.
template <class Item, class Better>
class Best {
 public:
  Best(std::size_t keep, Better better) : keep_(keep), better_(better) { items_.reserve(full()); }
  void offer(const Item& item) {
    if (cut_ && !better_(item, items_[keep_ - 1])) return;
    items_.push_back(item);
    if (items_.size() < full()) return;
    shorten();
    cut_ = true;
  }
  std::vector<Item> take() && {
    if (items_.size() > keep_) shorten();
    std::ranges::sort(items_, better_);
    return std::move(items_);
  }

 private:
  [[nodiscard]] std::size_t full() const { return 2 * keep_ + 256; }
  void shorten() {
    auto last = items_.begin() + static_cast<std::ptrdiff_t>(keep_ - 1);
    std::nth_element(items_.begin(), last, items_.end(), better_);
    items_.resize(keep_);
  }
  std::size_t keep_;
  Better better_;
  std::vector<Item> items_;
  bool cut_ = false;
};

struct Candidate {
  std::int64_t value;
  std::uint32_t slot;
};

}  // namespace

// ---- Changing ----------------------------------------------------------------------------------

std::optional<std::uint64_t> ListIndex::Shelf::mark_of(RepoId id) const {
  auto at = slot_of_.find(id.value);
  if (at == slot_of_.end()) return std::nullopt;
  return marks_[at->second];
}

ListIndex::Shelf::Slot ListIndex::Shelf::take_slot() {
  if (!free_.empty()) {
    Slot slot = free_.back();
    free_.pop_back();
    return slot;
  }
  auto slot = static_cast<Slot>(ids_.size());
  flags_.push_back(0);
  for (auto* column : {&ids_, &owners_, &parameters_, &key_starts_}) column->push_back(0);
  for (auto& column : figures_) column.push_back(0);
  keys_.emplace_back();
  tags_of_.emplace_back();
  shown_.push_back(0);
  for (auto& column : words_) column.push_back(none);
  marks_.push_back(0);
  return slot;
}

ListIndex::Shelf::TagId ListIndex::Shelf::intern(const std::string& text) {
  auto [at, fresh] = tag_ids_.try_emplace(text, 0);
  if (!fresh) return at->second;
  if (free_tags_.empty()) {
    free_tags_.push_back(static_cast<TagId>(tags_.size()));
    tags_.emplace_back();
  }
  at->second = free_tags_.back();
  free_tags_.pop_back();
  tags_[at->second] = Tag{.text = text, .type = tag_type(kind_, text), .slots = {}};
  return at->second;
}

void ListIndex::Shelf::set_tags(Slot slot, const IndexRow& row) {
  std::vector<TagId> now;
  now.reserve(row.tags.size() + row.hidden.size());
  auto add = [&](const std::string& text) {
    if (text.empty()) return none;
    TagId tag = intern(text);
    if (std::ranges::find(now, tag) == now.end()) now.push_back(tag);
    return tag;
  };
  std::ranges::for_each(row.tags, add);
  shown_[slot] = static_cast<std::uint16_t>(now.size());
  std::ranges::for_each(row.hidden, add);
  words_[0][slot] = add(row.library_name);
  words_[1][slot] = add(row.pipeline_tag);
  words_[2][slot] = add(row.sdk);

  auto before = std::move(tags_of_[slot]);
  tags_of_[slot] = now;
  std::ranges::sort(now);
  std::ranges::sort(before);
  for (TagId tag : now)
    if (!std::ranges::binary_search(before, tag)) tags_[tag].slots.push_back(slot);
  for (TagId tag : before) {
    if (std::ranges::binary_search(now, tag)) continue;
    drop(tags_[tag].slots, slot);
    if (!tags_[tag].slots.empty()) continue;
    tag_ids_.erase(tags_[tag].text);  // Nobody's any more: its number is free.
    free_tags_.push_back(tag);
  }
}

std::optional<card::CardFields> ListIndex::Shelf::fields_of(RepoId id) const {
  auto at = slot_of_.find(id.value);
  if (at == slot_of_.end()) return std::nullopt;
  Slot slot = at->second;
  card::CardFields out;
  out.tags.reserve(shown_[slot]);
  for (std::size_t i = 0; i < shown_[slot]; ++i) out.tags.push_back(tags_[tags_of_[slot][i]].text);
  auto word = [&](std::size_t which) {
    TagId tag = words_[which][slot];
    return tag == none ? std::string() : tags_[tag].text;
  };
  out.library_name = word(0);
  out.pipeline_tag = word(1);
  out.sdk = word(2);
  return out;
}

void ListIndex::Shelf::set_key(Slot slot, const std::string& key) {
  if (keys_[slot] == key) return;
  for (auto letters : all_letters(keys_[slot])) drop_from(of_letters_, letters, slot);
  for (auto letters : all_letters(key)) of_letters_[letters].push_back(slot);
  keys_[slot] = key;
  key_starts_[slot] = start_of_key(key);
}

void ListIndex::Shelf::set_owner(Slot slot, OwnerId owner) {
  if (owners_[slot] == owner.value) return;
  drop_from(of_owner_, owners_[slot], slot);
  if (owner.value) of_owner_[owner.value].push_back(slot);
  owners_[slot] = owner.value;
}

void ListIndex::Shelf::write_figures(Slot slot, const IndexRow& row) {
  const std::int64_t values[] = {row.created_at, row.updated_at,     row.downloads,
                                 row.likes,      row.trending_score, row.likes_30d};
  for (std::size_t i = 0; i < figures_.size(); ++i) figures_[i][slot] = values[i];
}

void ListIndex::Shelf::put(const IndexRow& row, std::uint64_t mark) {
  auto [at, fresh] = slot_of_.try_emplace(row.id.value, 0);
  if (fresh) at->second = take_slot();
  Slot slot = at->second;
  flags_[slot] = living;
  if (row.visibility == Visibility::private_) flags_[slot] |= is_private;
  if (row.gating != Gating::none) flags_[slot] |= is_gated;
  ids_[slot] = row.id.value;
  parameters_[slot] = row.parameters;
  marks_[slot] = mark;
  write_figures(slot, row);
  set_owner(slot, row.owner);
  set_key(slot, row.key);
  set_tags(slot, row);
}

void ListIndex::Shelf::remove(RepoId id) {
  auto at = slot_of_.find(id.value);
  if (at == slot_of_.end()) return;
  Slot slot = at->second;
  slot_of_.erase(at);
  set_owner(slot, OwnerId{0});
  set_key(slot, "");
  set_tags(slot, IndexRow{});
  flags_[slot] = 0;
  ids_[slot] = 0;
  free_.push_back(slot);
}

void ListIndex::Shelf::set_figures(const IndexRow& row, std::uint64_t mark) {
  auto at = slot_of_.find(row.id.value);
  if (at == slot_of_.end()) return;
  write_figures(at->second, row);
  marks_[at->second] = std::max(marks_[at->second], mark);
}

// ---- Asking ------------------------------------------------------------------------------------

ListIndex::Shelf::Conditions ListIndex::Shelf::prepare(const ListQuery& query,
                                                       const std::optional<OwnerId>& author) const {
  Conditions out;
  out.nothing = query.nothing;
  auto narrow = [&](const Posting* posting) {
    if (!posting)
      out.nothing = true;
    else if (!out.candidates || posting->size() < out.candidates->size())
      out.candidates = posting;
  };
  if (author) narrow(posting_in(of_owner_, author->value));
  for (const auto& text : query.tags) {
    auto at = tag_ids_.find(text);
    if (at == tag_ids_.end()) {
      out.nothing = true;
      continue;
    }
    out.tags.push_back(at->second);
    narrow(&tags_[at->second].slots);
  }
  for (const auto& text : query.any_tags)
    if (auto at = tag_ids_.find(text); at != tag_ids_.end()) out.any_of.push_back(at->second);
  if (!query.any_tags.empty() && out.any_of.empty()) out.nothing = true;
  if (out.any_of.size() == 1) narrow(&tags_[out.any_of[0]].slots);
  for (const auto& word : query.search) {
    out.words.push_back(name_key(word));
    for (auto letters : all_letters(out.words.back())) narrow(posting_in(of_letters_, letters));
  }
  return out;
}

bool ListIndex::Shelf::visible(Slot slot, const Viewer& viewer) const {
  return !(flags_[slot] & is_private) || viewer.everything ||
         std::ranges::binary_search(viewer.owners, owners_[slot]) ||
         std::ranges::binary_search(viewer.repos, ids_[slot]);
}

bool ListIndex::Shelf::fits(Slot slot, const Conditions& conditions, const ListQuery& query,
                            const std::optional<OwnerId>& author) const {
  if (author && owners_[slot] != author->value) return false;
  if (query.gated && *query.gated != bool(flags_[slot] & is_gated)) return false;
  if (query.parameters_min || query.parameters_max) {
    auto parameters = parameters_[slot];
    if (parameters < 0 || parameters < query.parameters_min.value_or(0) ||
        parameters > query.parameters_max.value_or(INT64_MAX))
      return false;
  }
  auto has = [&](TagId tag) {
    return std::ranges::find(tags_of_[slot], tag) != tags_of_[slot].end();
  };
  if (!std::ranges::all_of(conditions.tags, has)) return false;
  if (!conditions.any_of.empty() && !std::ranges::any_of(conditions.any_of, has)) return false;
  return std::ranges::all_of(conditions.words,
                             [&](const std::string& word) { return keys_[slot].contains(word); });
}

/// What is private is passed over before anything else is asked of it, so that how long a list
/// takes depends on what it may show.
template <class Visit>
void ListIndex::Shelf::each_match(const ListQuery& query, const std::optional<OwnerId>& author,
                                  const Viewer& viewer, Visit visit) const {
  auto conditions = prepare(query, author);
  if (conditions.nothing) return;
  auto consider = [&](Slot slot) {
    if ((flags_[slot] & living) && visible(slot, viewer) && fits(slot, conditions, query, author))
      visit(slot);
  };
  if (conditions.candidates)
    std::ranges::for_each(*conditions.candidates, consider);
  else
    for (Slot slot = 0; slot < flags_.size(); ++slot) consider(slot);
}

std::int64_t ListIndex::Shelf::value_of(Slot slot, Sort sort) const {
  switch (sort) {
    case Sort::created:
      return figures_[0][slot];
    case Sort::updated:
      return figures_[1][slot];
    case Sort::downloads:
      return figures_[2][slot];
    case Sort::likes:
      return figures_[3][slot];
    case Sort::trending:
      return figures_[4][slot];
    case Sort::likes_30d:
      return figures_[5][slot];
    case Sort::parameters:
      return parameters_[slot];
    case Sort::id:
      return key_starts_[slot];
  }
  return 0;
}

std::vector<Place> ListIndex::Shelf::select(const ListQuery& query,
                                            const std::optional<OwnerId>& author,
                                            const Viewer& viewer,
                                            const std::optional<Place>& after) const {
  const bool by_text = query.sort == Sort::id;
  // -1, 0 or 1, as the sort value, then the number, say.
  auto compare = [&](std::int64_t value, std::string_view key, std::int64_t id,
                     const Candidate& b) {
    if (value != b.value) return value < b.value ? -1 : 1;
    if (by_text)
      if (auto order = key.compare(keys_[b.slot])) return order < 0 ? -1 : 1;
    if (id == ids_[b.slot]) return 0;
    return id < ids_[b.slot] ? -1 : 1;
  };
  auto better = [&](const Candidate& a, const Candidate& b) {
    int order = compare(a.value, keys_[a.slot], ids_[a.slot], b);
    return query.ascending ? order < 0 : order > 0;
  };
  auto start = after ? (by_text ? start_of_key(after->key) : after->value) : 0;
  Best<Candidate, decltype(better)> best(static_cast<std::size_t>(query.limit) + 1, better);
  each_match(query, author, viewer, [&](Slot slot) {
    Candidate candidate{value_of(slot, query.sort), slot};
    if (after) {
      int order = compare(start, after->key, after->id.value, candidate);
      if (query.ascending ? order >= 0 : order <= 0) return;
    }
    best.offer(candidate);
  });
  std::vector<Place> out;
  for (const auto& candidate : std::move(best).take())
    out.push_back({.value = by_text ? 0 : candidate.value,
                   .key = by_text ? keys_[candidate.slot] : std::string(),
                   .id = RepoId{ids_[candidate.slot]}});
  return out;
}

ListIndex::Found ListIndex::Shelf::suggest(const ListQuery& query,
                                           const std::optional<OwnerId>& author,
                                           const Viewer& viewer) const {
  Found out;
  std::string word = query.search.empty() ? std::string() : name_key(query.search.front());
  // The class of a match stands above every figure.
  constexpr std::int64_t one_class = 1ll << 56;
  auto rank = [&](Slot slot) {
    std::string_view key = keys_[slot];
    auto name = key.substr(key.find('/') + 1);
    std::int64_t matched = name == word || key == word ? 3
                           : name.starts_with(word)    ? 2
                           : key.starts_with(word)     ? 1
                                                       : 0;
    auto used = figures_[2][slot] + 100 * figures_[3][slot] + 10 * figures_[4][slot];
    return matched * one_class + std::clamp<std::int64_t>(used, 0, one_class - 1);
  };
  auto better = [&](const Candidate& a, const Candidate& b) {
    return a.value != b.value ? a.value > b.value : ids_[a.slot] > ids_[b.slot];
  };
  Best<Candidate, decltype(better)> best(static_cast<std::size_t>(query.limit), better);
  each_match(query, author, viewer, [&](Slot slot) {
    ++out.total;
    best.offer({rank(slot), slot});
  });
  for (const auto& candidate : std::move(best).take())
    out.best.push_back(RepoId{ids_[candidate.slot]});
  return out;
}

Facets ListIndex::Shelf::facets(const ListQuery& query, const std::optional<OwnerId>& author,
                                const Viewer& viewer, std::span<const std::string> types,
                                std::size_t per_type) const {
  Facets out;
  std::vector<std::uint32_t> counts(tags_.size());
  each_match(query, author, viewer, [&](Slot slot) {
    ++out.total;
    for (TagId tag : tags_of_[slot]) ++counts[tag];
  });
  std::map<TagType, std::vector<TagId>> found;
  for (TagId tag = 0; tag < counts.size(); ++tag) {
    if (!counts[tag] || tags_[tag].type == TagType::hidden) continue;
    if (types.empty() || std::ranges::find(types, to_string(tags_[tag].type)) != types.end())
      found[tags_[tag].type].push_back(tag);
  }
  auto better = [&](TagId a, TagId b) {
    return counts[a] != counts[b] ? counts[a] > counts[b] : tags_[a].text < tags_[b].text;
  };
  for (auto& [type, tags] : found) {
    auto end = tags.begin() + static_cast<std::ptrdiff_t>(std::min(per_type, tags.size()));
    std::partial_sort(tags.begin(), end, tags.end(), better);
    auto& list = out.by_type.emplace_back();
    list.type = type;
    list.distinct = static_cast<std::int64_t>(tags.size());
    for (auto tag = tags.begin(); tag != end; ++tag)
      list.tags.push_back({.tag = tags_[*tag].text, .count = counts[*tag]});
  }
  return out;
}

}  // namespace cairn::repo
