#include <algorithm>
#include <initializer_list>
#include <set>

#include "base/text.h"
#include "hub/card/card.h"
#include "hub/card/files.h"

namespace cairn::card {
namespace {

std::string short_text(std::string_view value) {
  return std::string(truncate_utf8(trim(value), field_bytes_max));
}

std::string text_of(const json::object& data, std::string_view key) {
  auto* value = data.if_contains(key);
  if (!value) return {};
  if (auto* text = value->if_string()) return short_text(*text);
  // `sdk_version: 4.0` is a number to YAML and a text to its author.
  if (value->is_number()) return json::serialize(*value);
  return {};
}

/// A text, or the texts of a list.
std::vector<std::string> texts_of(const json::object& data, std::string_view key) {
  std::vector<std::string> out;
  auto* value = data.if_contains(key);
  if (!value) return out;
  auto add = [&](const json::value& item) {
    auto* text = item.if_string();
    if (text && out.size() < tags_max && !trim(*text).empty()) out.push_back(short_text(*text));
  };
  if (auto* list = value->if_array())
    std::ranges::for_each(*list, add);
  else
    add(*value);
  return out;
}

/// Keeps the first of equal tags, up to the limit.
class Tags {
 public:
  void add(std::string tag) {
    if (!tag.empty() && out_.size() < tags_max && seen_.insert(tag).second)
      out_.push_back(std::move(tag));
  }
  void add_all(const std::vector<std::string>& values, std::string_view prefix = {}) {
    for (const auto& value : values) add(std::string(prefix) + value);
  }
  std::vector<std::string> take() && { return std::move(out_); }

 private:
  std::vector<std::string> out_;
  std::set<std::string> seen_;
};

/// How a model relates to its base: as its card says, else what the public hub's documentation
/// infers: several bases are a merge, a PEFT model is an adapter, all else was trained further.
std::string relation_of(const json::object& data, const CardFields& fields,
                        const FileFacts& files) {
  if (fields.base_models.empty()) return {};
  std::string stated = text_of(data, "base_model_relation");
  for (std::string_view known : {"finetune", "adapter", "quantized", "merge"})
    if (stated == known) return stated;
  if (fields.base_models.size() > 1) return "merge";
  if (!files.base_model_relation.empty()) return files.base_model_relation;
  return fields.library_name == "peft" ? "adapter" : "finetune";
}

void read_model(const json::object& data, const FileFacts& files, CardFields& fields, Tags& tags) {
  fields.library_name = text_of(data, "library_name");
  if (fields.library_name.empty()) fields.library_name = files.library_name;
  fields.pipeline_tag = text_of(data, "pipeline_tag");
  if (fields.pipeline_tag.empty()) fields.pipeline_tag = files.pipeline_tag;
  fields.base_models = texts_of(data, "base_model");
  if (fields.base_models.empty() && !files.base_model.empty())
    fields.base_models = {files.base_model};
  fields.base_model_relation = relation_of(data, fields, files);
  fields.datasets = texts_of(data, "datasets");
  tags.add(fields.library_name);
  tags.add_all(files.tags);
  tags.add_all(texts_of(data, "tags"));
  tags.add(fields.pipeline_tag);
  tags.add_all(fields.languages);
  tags.add_all(fields.datasets, "dataset:");
  tags.add_all(fields.base_models, "base_model:");
  tags.add_all(fields.base_models, "base_model:" + fields.base_model_relation + ":");
}

void read_dataset(const json::object& data, const FileFacts& files, CardFields& fields,
                  Tags& tags) {
  fields.pretty_name = text_of(data, "pretty_name");
  for (std::string_view key : {"task_categories", "task_ids", "annotations_creators",
                               "language_creators", "multilinguality", "source_datasets"})
    tags.add_all(texts_of(data, key), std::string(key) + ":");
  tags.add_all(fields.languages, "language:");
  tags.add_all(texts_of(data, "size_categories"), "size_categories:");
  tags.add_all(texts_of(data, "tags"));
  tags.add_all(files.tags);
}

void read_space(const json::object& data, CardFields& fields, Tags& tags) {
  fields.title = text_of(data, "title");
  fields.emoji = text_of(data, "emoji");
  fields.color_from = text_of(data, "colorFrom");
  fields.color_to = text_of(data, "colorTo");
  fields.short_description = text_of(data, "short_description");
  fields.sdk = text_of(data, "sdk");
  fields.sdk_version = text_of(data, "sdk_version");
  fields.app_file = text_of(data, "app_file");
  if (auto* port = data.if_contains("app_port"); port && port->is_int64())
    if (auto number = port->get_int64(); number > 0 && number < 65536)
      fields.app_port = static_cast<int>(number);
  if (auto* pinned = data.if_contains("pinned"); pinned && pinned->is_bool())
    fields.pinned = pinned->get_bool();
  fields.models = texts_of(data, "models");
  fields.datasets = texts_of(data, "datasets");
  Tags uses;
  for (const auto& name : fields.models) uses.add(uses_tag(RepoKind::model, name));
  for (const auto& name : fields.datasets) uses.add(uses_tag(RepoKind::dataset, name));
  fields.uses = std::move(uses).take();
  if (!fields.uses.empty()) fields.uses.emplace_back(uses_any_tag);
  tags.add(fields.sdk);
  tags.add_all(texts_of(data, "tags"));
}

}  // namespace

std::string uses_tag(RepoKind used, std::string_view name) {
  return std::string(used == RepoKind::dataset ? "uses:dataset:" : "uses:model:") +
         to_lower_ascii(name);
}

CardFields card_fields(RepoKind kind, const json::value& data, std::string_view body,
                       const FileFacts* known_files) {
  static const FileFacts no_files;
  const FileFacts& files = known_files ? *known_files : no_files;
  static const json::object empty;
  const json::object& object = data.is_object() ? data.get_object() : empty;
  CardFields fields;
  Tags tags;
  fields.languages = texts_of(object, "language");
  auto licenses = texts_of(object, "license");
  if (!licenses.empty()) fields.license = licenses.front();
  switch (kind) {
    case RepoKind::model:
      read_model(object, files, fields, tags);
      break;
    case RepoKind::dataset:
      read_dataset(object, files, fields, tags);
      break;
    case RepoKind::space:
      read_space(object, fields, tags);
      break;
    case RepoKind::kernel:
      tags.add_all(texts_of(object, "tags"));
      break;
  }
  tags.add_all(arxiv_ids(body), "arxiv:");
  tags.add_all(licenses, "license:");
  // Production tags every repository with where it lies; clients and filters expect the tag.
  tags.add("region:us");
  fields.tags = std::move(tags).take();
  return fields;
}

}  // namespace cairn::card
