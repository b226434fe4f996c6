#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace cairn::card {

/// How transformers loads a model, by its configuration.
struct TransformersInfo {
  std::string auto_model;
  std::string custom_class;  ///< "modeling_x.XForCausalLM", for code in the repository.
  std::string pipeline_tag;
  std::string processor;
};

/// @return empty for a configuration that names no class.
[[nodiscard]] std::optional<TransformersInfo> transformers_info_of(const json::object& config);
/// The members that `TransformersInfo` of the client knows, empty ones left out.
[[nodiscard]] json::object to_json(const TransformersInfo& info);

/// The task of a diffusers pipeline by its class, "StableDiffusionPipeline"; empty when unknown.
[[nodiscard]] std::string diffusers_task(std::string_view class_name);

}  // namespace cairn::card
