#pragma once
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

/// README front matter: the YAML between two `---` lines at the top of a repository's README.md.
/// Everything here is pure and may be called from any thread; nothing throws, because a broken
/// card must never break the repository that holds it.
namespace cairn::card {

/// Longest front matter that is read. Data set cards with hundreds of configurations reach some
/// hundred KB.
constexpr std::size_t front_matter_bytes_max = 1024 * 1024;
/// Values after aliases are expanded; a card of the size above has well under 100 000.
constexpr std::size_t nodes_max = 200'000;
/// Bytes of text after aliases are expanded: one long text may be named by many aliases.
constexpr std::size_t text_bytes_max = 4 * front_matter_bytes_max;
/// Room for four levels of envelope below `json_depth_max`, so that what is stored reads back.
constexpr std::size_t depth_max = json_depth_max - 4;
constexpr std::size_t aliases_max = 1'000;
/// Tags per repository, bytes per tag or short field; what is beyond is left out of the index,
/// not of the card.
constexpr std::size_t tags_max = 500;
constexpr std::size_t field_bytes_max = 512;

enum class RepoKind { model, dataset, space, kernel };

/// What an author should know about a card, in the shape of `/api/validate-yaml`.
struct Problem {
  std::string message;
  int line = 0;        ///< Of the README, from 1; 0 when no line is meant.
  bool fatal = false;  ///< The front matter could not be read at all.
  bool operator==(const Problem&) const = default;
};

struct Card {
  json::value data;             ///< An object, or null: no front matter, or a broken one.
  std::size_t body_offset = 0;  ///< Where the text after the front matter begins.
  std::map<std::string, int, std::less<>> lines;  ///< Top-level key -> line of the README.
  std::vector<Problem> errors;
  std::vector<Problem> warnings;
};

/// Reads the front matter by YAML 1.2's core schema: `no`, `on` and dates stay text; `true`,
/// `null`, 7, 0x1F and 1e3 do not. Keys become text as written, `<<` merges, aliases are
/// expanded; a doubled key, an unknown tag and a breach of the limits above are errors.
/// @param readme  the whole file; need not be UTF-8 (then the card is broken). Not kept.
[[nodiscard]] Card parse_card(std::string_view readme);

/// Checks the fields this hub knows for their types, and adds what is wrong to `card.errors`
/// (wrong type) and `card.warnings` (a value nobody knows). Unknown fields are the author's own.
void check_fields(RepoKind kind, Card& card);

/// The card as the rest of the hub sees it: what lists filter by and pages show.
/// Values of a wrong type count as absent; an absent text is empty.
struct CardFields {
  std::vector<std::string> tags;  ///< As lists filter by them, without doubles; see README.md.
  std::string library_name;
  std::string pipeline_tag;
  std::string license;  ///< The first one where a list stands.
  std::vector<std::string> languages;
  std::vector<std::string> datasets;
  std::vector<std::string> models;  ///< Of a space.
  std::vector<std::string> base_models;
  std::string base_model_relation;  ///< finetune, adapter, quantized, merge; empty without a base.
  std::string pretty_name;
  std::string title, emoji, color_from, color_to, short_description;
  std::string sdk, sdk_version, app_file;
  int app_port = 0;  ///< 0 = not stated.
  /// What a space uses, as tags that lists filter by and nobody is shown; see uses_tag().
  std::vector<std::string> uses;
  bool pinned = false;
};

struct FileFacts;  // files.h

/// @param data   `Card::data`, or the same read back from storage.
/// @param body   the README after its front matter: papers are found in it.
/// @param files  what the files tell where the card does not; null when nothing is known.
[[nodiscard]] CardFields card_fields(RepoKind kind, const json::value& data, std::string_view body,
                                     const FileFacts* files = nullptr);

/// The hidden tag of spaces that use a repository: "uses:model:ada/bert", the name folded.
[[nodiscard]] std::string uses_tag(RepoKind used, std::string_view name);
/// Of spaces that use anything.
constexpr std::string_view uses_any_tag = "uses:any";

/// Ids of the arXiv papers a text names (`arxiv.org/abs/…`, `arxiv.org/pdf/…`, `arxiv:…`,
/// `/papers/…`), without version, in order of appearance, at most 32.
[[nodiscard]] std::vector<std::string> arxiv_ids(std::string_view text);

}  // namespace cairn::card
