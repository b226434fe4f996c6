#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hub/account/types.h"

/// What a tag is about, and its name for people. Cards say tags without their kind ("en",
/// "pytorch"), so well-known words are told apart by tables; the rest is `other`.
namespace cairn::repo {

enum class TagType {
  pipeline_tag,
  library,
  language,
  license,
  dataset,
  base_model,
  arxiv,
  doi,
  region,
  task_categories,
  task_ids,
  size_categories,
  modality,
  format,
  multilinguality,
  language_creators,
  annotations_creators,
  source_datasets,
  benchmark,
  sdk,
  other,
  hidden,  ///< For filters alone: card::uses_tag().
};
/// The wire's word, "pipeline_tag".
[[nodiscard]] std::string_view to_string(TagType type);

[[nodiscard]] TagType tag_type(RepoKind kind, std::string_view tag);
/// "English" for "en" and "language:en", "mit" for "license:mit"; else the tag without its prefix.
[[nodiscard]] std::string tag_label(RepoKind kind, std::string_view tag);

/// Every task that a model can have, as the public hub names them.
struct MlTask {
  std::string_view id;
  std::string_view label;
  std::string_view group;  ///< "nlp", "cv", "audio", "multimodal", "tabular", "rl", "other".
};
[[nodiscard]] std::span<const MlTask> ml_tasks();

/// Tags of models that a local application can run; empty for applications nobody knows.
[[nodiscard]] std::span<const std::string_view> tags_of_app(std::string_view app);

// ---- Counts by tag -----------------------------------------------------------------------------

struct TagCount {
  std::string tag;
  std::int64_t count = 0;
  bool operator==(const TagCount&) const = default;
};
struct Facet {
  TagType type = TagType::other;
  std::int64_t distinct = 0;   ///< Tags of this type, listed or not.
  std::vector<TagCount> tags;  ///< Most frequent first.
};
struct Facets {
  std::int64_t total = 0;  ///< Repositories.
  std::vector<Facet> by_type;
};

}  // namespace cairn::repo
