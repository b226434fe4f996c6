#include <algorithm>
#include <array>
#include <span>

#include "hub/card/card.h"

namespace cairn::card {
namespace {

// The shapes a field may have; a rule names a set of them.
enum Shape : unsigned {
  text = 1,
  text_list = 2,
  boolean = 4,
  number = 8,
  mapping = 16,
  mapping_list = 32,
  list = 64,
};

enum Kinds : unsigned { in_model = 1, in_dataset = 2, in_space = 4, in_kernel = 8, in_all = 15 };

unsigned kind_bit(RepoKind kind) {
  return 1u << static_cast<unsigned>(kind);
}

struct FieldRule {
  std::string_view name;
  unsigned kinds;
  unsigned shapes;
  std::span<const std::string_view> known = {};  ///< Other values get a warning.
};

constexpr std::array<std::string_view, 4> relations{"adapter", "finetune", "merge", "quantized"};
constexpr std::array<std::string_view, 4> sdks{"docker", "gradio", "static", "streamlit"};
constexpr std::array<std::string_view, 8> colors{"blue", "gray",   "green", "indigo",
                                                 "pink", "purple", "red",   "yellow"};

// The metadata that the public hub's documentation describes for cards, and what this hub reads.
constexpr FieldRule rules[] = {
    {"license", in_all, text | text_list},
    {"license_name", in_all, text},
    {"license_link", in_all, text},
    {"language", in_all, text | text_list},
    {"tags", in_all, text_list},
    {"thumbnail", in_all, text},
    {"extra_gated_prompt", in_all, text},
    {"extra_gated_heading", in_all, text},
    {"extra_gated_description", in_all, text},
    {"extra_gated_button_content", in_all, text},
    {"extra_gated_fields", in_all, mapping},
    {"datasets", in_model | in_space, text | text_list},

    {"library_name", in_model, text},
    {"pipeline_tag", in_model, text},
    {"mask_token", in_model, text},
    {"base_model", in_model, text | text_list},
    {"base_model_relation", in_model, text, relations},
    {"new_version", in_model, text},
    {"metrics", in_model, text | text_list},
    {"model_name", in_model, text},
    {"model-index", in_model, mapping_list},
    {"widget", in_model, list | boolean},
    {"inference", in_model, boolean | text | mapping},
    {"co2_eq_emissions", in_model, number | mapping},

    {"pretty_name", in_dataset, text},
    {"annotations_creators", in_dataset, text | text_list},
    {"language_creators", in_dataset, text | text_list},
    {"language_details", in_dataset, text | text_list},
    {"language_bcp47", in_dataset, text | text_list},
    {"multilinguality", in_dataset, text | text_list},
    {"size_categories", in_dataset, text | text_list},
    {"source_datasets", in_dataset, text | text_list},
    {"task_categories", in_dataset, text | text_list},
    {"task_ids", in_dataset, text | text_list},
    {"paperswithcode_id", in_dataset, text},
    {"configs", in_dataset, mapping_list},
    {"dataset_info", in_dataset, mapping | mapping_list},
    {"train-eval-index", in_dataset, mapping_list},
    {"viewer", in_dataset, boolean},

    {"title", in_space, text},
    {"emoji", in_space, text},
    {"colorFrom", in_space, text, colors},
    {"colorTo", in_space, text, colors},
    {"short_description", in_space, text},
    {"sdk", in_space, text, sdks},
    {"sdk_version", in_space, text | number},
    {"python_version", in_space, text | number},
    {"app_file", in_space, text},
    {"app_port", in_space, number},
    {"app_build_command", in_space, text},
    {"base_path", in_space, text},
    {"fullWidth", in_space, boolean},
    {"header", in_space, text},
    {"pinned", in_space, boolean},
    {"models", in_space, text | text_list},
    {"hf_oauth", in_space, boolean},
    {"hf_oauth_scopes", in_space, text_list},
    {"hf_oauth_expiration_minutes", in_space, number},
    {"disable_embedding", in_space, boolean},
    {"custom_headers", in_space, mapping},
    {"preload_from_hub", in_space, text_list},
    {"suggested_hardware", in_space, text},
    {"suggested_storage", in_space, text},
    {"startup_duration_timeout", in_space, text},
};

bool all_of(const json::array& items, bool (*fits)(const json::value&)) {
  return std::ranges::all_of(items, fits);
}

bool matches(const json::value& value, unsigned shapes) {
  if (value.is_string()) return (shapes & text) != 0;
  if (value.is_bool()) return (shapes & boolean) != 0;
  if (value.is_number()) return (shapes & number) != 0;
  if (value.is_object()) return (shapes & mapping) != 0;
  const auto& items = value.get_array();
  if ((shapes & list) != 0) return true;
  return ((shapes & text_list) != 0 &&
          all_of(items, [](const json::value& item) { return item.is_string(); })) ||
         ((shapes & mapping_list) != 0 &&
          all_of(items, [](const json::value& item) { return item.is_object(); }));
}

std::string describe(unsigned shapes) {
  constexpr std::pair<Shape, std::string_view> words[] = {
      {text, "a text"},     {text_list, "a list of texts"}, {boolean, "true or false"},
      {number, "a number"}, {mapping, "a mapping"},         {mapping_list, "a list of mappings"},
      {list, "a list"}};
  std::string out;
  for (auto [shape, word] : words) {
    if ((shapes & shape) == 0) continue;
    if (!out.empty()) out += " or ";
    out += word;
  }
  return out;
}

std::string joined(std::span<const std::string_view> words) {
  std::string out;
  for (std::string_view word : words) {
    if (!out.empty()) out += ", ";
    out += word;
  }
  return out;
}

}  // namespace

void check_fields(RepoKind kind, Card& card) {
  auto* data = card.data.if_object();
  if (!data) return;
  for (const FieldRule& rule : rules) {
    auto* value = data->if_contains(rule.name);
    // An empty value (`license:`) is how templates leave a field out.
    if ((rule.kinds & kind_bit(kind)) == 0 || !value || value->is_null()) continue;
    auto line = card.lines.find(rule.name);
    int line_number = line == card.lines.end() ? 0 : line->second;
    std::string name = "\"" + std::string(rule.name) + "\"";
    if (!matches(*value, rule.shapes)) {
      card.errors.push_back({name + " must be " + describe(rule.shapes) + ".", line_number, false});
      continue;
    }
    auto* word = value->if_string();
    if (!rule.known.empty() && word &&
        std::ranges::find(rule.known, std::string_view(*word)) == rule.known.end())
      card.warnings.push_back(
          {name + " is usually one of " + joined(rule.known) + ".", line_number, false});
  }
}

}  // namespace cairn::card
