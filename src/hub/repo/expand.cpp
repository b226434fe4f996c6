#include "hub/repo/expand.h"

#include <algorithm>

namespace cairn::repo {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::string_view model_properties[] = {"author"sv,
                                                 "baseModels"sv,
                                                 "cardData"sv,
                                                 "childrenModelCount"sv,
                                                 "config"sv,
                                                 "createdAt"sv,
                                                 "disabled"sv,
                                                 "downloads"sv,
                                                 "downloadsAllTime"sv,
                                                 "evalResults"sv,
                                                 "gated"sv,
                                                 "gguf"sv,
                                                 "inference"sv,
                                                 "inferenceProviderMapping"sv,
                                                 "lastModified"sv,
                                                 "library_name"sv,
                                                 "likes"sv,
                                                 "mask_token"sv,
                                                 "model-index"sv,
                                                 "pipeline_tag"sv,
                                                 "private"sv,
                                                 "resourceGroup"sv,
                                                 "safetensors"sv,
                                                 "sha"sv,
                                                 "siblings"sv,
                                                 "spaces"sv,
                                                 "tags"sv,
                                                 "transformersInfo"sv,
                                                 "trendingScore"sv,
                                                 "usedStorage"sv,
                                                 "widgetData"sv,
                                                 "gitalyUid"sv,
                                                 "xetEnabled"sv};
constexpr std::string_view dataset_properties[] = {"author"sv,
                                                   "cardData"sv,
                                                   "citation"sv,
                                                   "createdAt"sv,
                                                   "description"sv,
                                                   "disabled"sv,
                                                   "downloads"sv,
                                                   "downloadsAllTime"sv,
                                                   "gated"sv,
                                                   "lastModified"sv,
                                                   "likes"sv,
                                                   "mainSize"sv,
                                                   "paperswithcode_id"sv,
                                                   "private"sv,
                                                   "resourceGroup"sv,
                                                   "sha"sv,
                                                   "siblings"sv,
                                                   "tags"sv,
                                                   "trendingScore"sv,
                                                   "usedStorage"sv,
                                                   "gitalyUid"sv,
                                                   "xetEnabled"sv};
constexpr std::string_view space_properties[] = {
    "author"sv,        "cardData"sv, "createdAt"sv,     "datasets"sv,    "disabled"sv,
    "lastModified"sv,  "likes"sv,    "models"sv,        "private"sv,     "region"sv,
    "resourceGroup"sv, "runtime"sv,  "sdk"sv,           "sha"sv,         "siblings"sv,
    "subdomain"sv,     "tags"sv,     "trendingScore"sv, "usedStorage"sv, "gitalyUid"sv,
    "xetEnabled"sv};

}  // namespace

std::span<const std::string_view> expandable(RepoKind kind) {
  switch (kind) {
    case RepoKind::model:
      return model_properties;
    case RepoKind::dataset:
      return dataset_properties;
    case RepoKind::space:
      return space_properties;
    case RepoKind::kernel:
      return {};
  }
  return {};
}

Result<Expand> parse_expand(RepoKind kind, const std::vector<std::string>& values) {
  auto allowed = expandable(kind);
  Expand out;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::ranges::find(allowed, values[i]) != allowed.end()) {
      out.insert(values[i]);
      continue;
    }
    if (allowed.empty())
      return fail(ErrorCode::invalid_argument, "InvalidExpand",
                  "Kernels have no properties to expand. Leave `expand` out.");
    // Clients read the allowed values out of this text: nothing else may be in double quotes.
    std::string text = "✖ Invalid option: expected one of ";
    for (std::size_t k = 0; k < allowed.size(); ++k) {
      if (k) text += "|";
      text += "\"" + std::string(allowed[k]) + "\"";
    }
    text += "\n  → at expand[" + std::to_string(i) + "]";
    return fail(ErrorCode::invalid_argument, "InvalidExpand", std::move(text));
  }
  return out;
}

}  // namespace cairn::repo
