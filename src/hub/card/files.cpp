#include "hub/card/files.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "hub/card/tasks.h"
#include "hub/card/yaml.h"

namespace cairn::card {
namespace {

// What is distilled from a configuration goes into every answer about the repository.
constexpr std::size_t distilled_bytes_max = 128u << 10;
constexpr std::size_t eval_entries_max = 1'000;

const json::object* object_of(const json::value& value) {
  return value.if_object();
}

std::string text_at(const json::object& object, std::string_view key) {
  auto* value = object.if_contains(key);
  auto* text = value ? value->if_string() : nullptr;
  return text ? std::string(truncate_utf8(std::string_view(*text), field_bytes_max))
              : std::string();
}

/// A copy of these members, those that are there and not too long.
void copy_members(const json::object& from, std::initializer_list<std::string_view> keys,
                  json::object& to) {
  for (auto key : keys)
    if (auto* value = from.if_contains(key); value && !value->is_null())
      if (json::serialize(*value).size() <= distilled_bytes_max) to[key] = *value;
}

json::value distill(const FileContents& files) {
  json::object out;
  if (auto* config = object_of(files.config)) {
    copy_members(*config, {"architectures", "model_type", "auto_map"}, out);
    if (auto* quantization = config->if_contains("quantization_config"))
      if (auto* object = quantization->if_object()) {
        json::object kept;
        copy_members(
            *object,
            {"quant_method", "bits", "load_in_4bit", "load_in_8bit", "modules_to_not_convert"},
            kept);
        out["quantization_config"] = std::move(kept);
      }
    copy_members(*config, {"sklearn"}, out);
  }
  if (auto* index = object_of(files.model_index))
    if (auto name = text_at(*index, "_class_name"); !name.empty())
      out["diffusers"] = json::object{{"_class_name", name}};
  if (auto* adapter = object_of(files.adapter_config)) {
    json::object kept;
    copy_members(*adapter, {"base_model_name_or_path", "task_type", "peft_type"}, kept);
    if (!kept.empty()) out["peft"] = std::move(kept);
  }
  if (auto* tokenizer = object_of(files.tokenizer_config)) {
    json::object kept;
    copy_members(*tokenizer,
                 {"bos_token", "eos_token", "pad_token", "unk_token", "sep_token", "cls_token",
                  "mask_token", "chat_template", "use_default_system_prompt"},
                 kept);
    if (!kept.empty()) out["tokenizer_config"] = std::move(kept);
  }
  if (out.empty() || json::serialize(out).size() > 4 * distilled_bytes_max) return nullptr;
  return out;
}

/// Of the names: is there one that…
class Names {
 public:
  explicit Names(const std::vector<std::string>& names) : names_(names) {
    for (const auto& name : names) root_.insert(name);
  }
  [[nodiscard]] bool has(std::string_view name) const { return root_.contains(name); }
  [[nodiscard]] bool ends(std::string_view suffix) const {
    return std::ranges::any_of(names_, [&](const auto& n) { return n.ends_with(suffix); });
  }
  [[nodiscard]] bool begins(std::string_view prefix) const {
    return std::ranges::any_of(names_, [&](const auto& n) {
      return std::string_view(n).substr(n.rfind('/') + 1).starts_with(prefix);
    });
  }
  [[nodiscard]] const std::vector<std::string>& all() const { return names_; }

 private:
  const std::vector<std::string>& names_;
  std::set<std::string_view> root_;
};

std::vector<std::string> format_tags(const Names& names) {
  struct Format {
    std::string_view tag, suffix;
  };
  constexpr Format formats[] = {{"safetensors", ".safetensors"},
                                {"gguf", ".gguf"},
                                {"onnx", ".onnx"},
                                {"tf", "tf_model.h5"},
                                {"jax", "flax_model.msgpack"},
                                {"rust", "rust_model.ot"},
                                {"coreml", ".mlmodel"},
                                {"tflite", ".tflite"},
                                {"keras", ".keras"},
                                {"joblib", ".joblib"},
                                {"nemo", ".nemo"}};
  std::vector<std::string> out;
  if (names.has("pytorch_model.bin") || names.has("pytorch_model.bin.index.json") ||
      names.ends(".pth") || names.ends(".pt"))
    out.emplace_back("pytorch");
  for (const auto& format : formats)
    if (names.ends(format.suffix)) out.emplace_back(format.tag);
  if (names.has("openvino_model.xml")) out.emplace_back("openvino");
  if (names.begins("events.out.tfevents")) out.emplace_back("tensorboard");
  return out;
}

std::string library_of(const FileContents& files, const Names& names) {
  auto* config = object_of(files.config);
  if (names.has("modules.json") && names.has("config_sentence_transformers.json"))
    return "sentence-transformers";
  if (names.has("config_setfit.json")) return "setfit";
  if (auto* index = object_of(files.model_index))
    if (!text_at(*index, "_class_name").empty()) return "diffusers";
  if (auto* adapter = object_of(files.adapter_config))
    return adapter->contains("peft_type") ? "peft" : "adapter-transformers";
  if (names.has("open_clip_config.json")) return "open_clip";
  if (config && config->contains("pretrained_cfg") && config->contains("architecture"))
    return "timm";
  if (config && config->contains("sklearn")) return "sklearn";
  if (config && (config->contains("architectures") || config->contains("model_type")))
    return "transformers";
  if (names.ends(".keras") || names.has("keras_metadata.pb")) return "keras";
  if (names.ends(".nemo")) return "nemo";
  if (names.has("meta.json") && names.ends(".whl")) return "spacy";
  return {};
}

std::string mask_token_of(const json::value& tokenizer_config) {
  auto* tokenizer = object_of(tokenizer_config);
  auto* token = tokenizer ? tokenizer->if_contains("mask_token") : nullptr;
  if (!token) return {};
  if (auto* object = token->if_object()) return text_at(*object, "content");
  return text_at(*tokenizer, "mask_token");
}

/// `.eval_results/*.yaml`: lists of entries, as the published form has them.
json::value eval_results_of(const FileContents& files) {
  json::array out;
  for (const auto& [name, text] : files.eval_results) {
    auto document = parse_yaml(text);
    auto* list = document ? document->root.if_array() : nullptr;
    // One that is broken would make older clients fail on the whole answer.
    if (!list) continue;
    for (const auto& entry : *list) {
      auto* object = entry.if_object();
      auto* dataset = object ? object->if_contains("dataset") : nullptr;
      auto* about = dataset ? dataset->if_object() : nullptr;
      if (!about || text_at(*about, "id").empty() || text_at(*about, "task_id").empty() ||
          !object->contains("value") || out.size() >= eval_entries_max)
        continue;
      json::object data;
      copy_members(*object, {"dataset", "value", "verifyToken", "date", "source", "notes"}, data);
      out.push_back(
          json::object{{"filename", name}, {"verified", false}, {"data", std::move(data)}});
    }
  }
  if (out.empty()) return nullptr;
  return out;
}

FileFacts model_facts(const FileContents& files) {
  FileFacts out;
  Names names(files.names);
  out.config = distill(files);
  out.library_name = library_of(files, names);
  out.tags = format_tags(names);
  auto* config = object_of(files.config);
  if (config) {
    if (auto type = text_at(*config, "model_type"); !type.empty()) out.tags.push_back(type);
    if (config->contains("auto_map")) out.tags.emplace_back("custom_code");
    if (auto* quantization = config->if_contains("quantization_config"))
      if (auto* object = quantization->if_object()) {
        if (auto method = text_at(*object, "quant_method"); !method.empty())
          out.tags.push_back(method);
        out.base_model_relation = "quantized";
      }
  }
  if (names.ends(".gguf")) out.base_model_relation = "quantized";
  if (out.library_name == "transformers" && config) {
    if (auto info = transformers_info_of(*config)) {
      out.pipeline_tag = info->pipeline_tag;
      out.transformers_info = to_json(*info);
    }
  }
  if (out.library_name == "diffusers")
    out.pipeline_tag = diffusers_task(text_at(files.model_index.get_object(), "_class_name"));
  if (out.library_name == "sentence-transformers") out.pipeline_tag = "sentence-similarity";
  if (out.library_name == "timm") out.pipeline_tag = "image-classification";
  if (auto* adapter = object_of(files.adapter_config)) {
    out.base_model = text_at(*adapter, "base_model_name_or_path");
    // A path on somebody's disk names no repository.
    if (std::ranges::count(out.base_model, '/') > 1 || out.base_model.starts_with('/') ||
        out.base_model.starts_with('.'))
      out.base_model.clear();
    out.base_model_relation = "adapter";
    if (text_at(*adapter, "task_type") == "CAUSAL_LM") out.pipeline_tag = "text-generation";
  }
  if (out.pipeline_tag == "text-generation")
    if (auto* tokenizer = object_of(files.tokenizer_config);
        tokenizer && tokenizer->contains("chat_template"))
      out.tags.emplace_back("conversational");
  out.mask_token = mask_token_of(files.tokenizer_config);
  out.eval_results = eval_results_of(files);
  return out;
}

/// Formats and modalities of a data set, by what most of its files are called.
FileFacts dataset_facts(const FileContents& files) {
  struct Kind {
    std::string_view suffix, format, modality;
  };
  constexpr Kind kinds[] = {{".parquet", "parquet", "tabular"},
                            {".csv", "csv", "tabular"},
                            {".tsv", "csv", "tabular"},
                            {".jsonl", "json", "text"},
                            {".json", "json", "text"},
                            {".txt", "text", "text"},
                            {".arrow", "arrow", "tabular"},
                            {".tar", "webdataset", ""},
                            {".png", "imagefolder", "image"},
                            {".jpg", "imagefolder", "image"},
                            {".jpeg", "imagefolder", "image"},
                            {".webp", "imagefolder", "image"},
                            {".wav", "audiofolder", "audio"},
                            {".mp3", "audiofolder", "audio"},
                            {".flac", "audiofolder", "audio"},
                            {".ogg", "audiofolder", "audio"},
                            {".mp4", "videofolder", "video"},
                            {".webm", "videofolder", "video"},
                            {".pdf", "pdffolder", "document"},
                            {".nii", "", "3d"},
                            {".glb", "", "3d"},
                            {".ply", "", "3d"}};
  std::map<std::string, int> formats;
  std::set<std::string> modalities;
  for (const auto& name : files.names) {
    auto lower = to_lower_ascii(name);
    if (!lower.contains('/') && (lower == "dataset_infos.json" || lower == "readme.md" ||
                                 lower == "dataset_info.json" || lower == "state.json"))
      continue;
    for (std::string_view packed : {".gz", ".zst", ".bz2", ".xz"})
      if (lower.ends_with(packed)) lower.resize(lower.size() - packed.size());
    for (const auto& kind : kinds) {
      if (!lower.ends_with(kind.suffix)) continue;
      if (!kind.format.empty()) ++formats[std::string(kind.format)];
      if (!kind.modality.empty()) modalities.emplace(kind.modality);
      break;
    }
  }
  FileFacts out;
  auto most = std::ranges::max_element(formats, {}, [](const auto& f) { return f.second; });
  if (most != formats.end()) out.tags.push_back("format:" + most->first);
  for (const auto& modality : modalities) out.tags.push_back("modality:" + modality);
  if (most != formats.end()) out.tags.emplace_back("library:datasets");
  return out;
}

std::vector<std::string> texts_at(const json::object& object, std::string_view key) {
  std::vector<std::string> out;
  auto* value = object.if_contains(key);
  if (auto* list = value ? value->if_array() : nullptr)
    for (const auto& item : *list)
      if (auto* text = item.if_string(); text && out.size() < tags_max) out.emplace_back(*text);
  return out;
}

json::value value_at(const json::object& object, std::string_view key) {
  auto* value = object.if_contains(key);
  return value ? *value : json::value();
}

}  // namespace

json::value to_json(const FileFacts& facts) {
  json::object out;
  auto put = [&](const char* key, const std::string& text) {
    if (!text.empty()) out[key] = text;
  };
  put("library_name", facts.library_name);
  put("pipeline_tag", facts.pipeline_tag);
  put("mask_token", facts.mask_token);
  put("base_model", facts.base_model);
  put("base_model_relation", facts.base_model_relation);
  put("weights", facts.weights);
  put("description", facts.description);
  if (facts.main_bytes) out["main_bytes"] = *facts.main_bytes;
  if (!facts.tags.empty()) out["tags"] = json::value_from(facts.tags);
  for (auto [key, value] :
       {std::pair("config", &facts.config),
        std::pair("transformers_info", &facts.transformers_info),
        std::pair("safetensors", &facts.safetensors), std::pair("gguf", &facts.gguf),
        std::pair("eval_results", &facts.eval_results)})
    if (!value->is_null()) out[key] = *value;
  if (facts.parameters) out["parameters"] = *facts.parameters;
  return out;
}

FileFacts read_file_facts(const json::value& stored) {
  FileFacts out;
  auto* object = stored.if_object();
  if (!object) return out;
  out.library_name = text_at(*object, "library_name");
  out.pipeline_tag = text_at(*object, "pipeline_tag");
  out.mask_token = text_at(*object, "mask_token");
  out.base_model = text_at(*object, "base_model");
  out.base_model_relation = text_at(*object, "base_model_relation");
  out.weights = text_at(*object, "weights");
  out.description = text_at(*object, "description");
  if (auto* n = object->if_contains("main_bytes"); n && n->is_int64())
    out.main_bytes = n->get_int64();
  out.tags = texts_at(*object, "tags");
  out.config = value_at(*object, "config");
  out.transformers_info = value_at(*object, "transformers_info");
  out.safetensors = value_at(*object, "safetensors");
  out.gguf = value_at(*object, "gguf");
  out.eval_results = value_at(*object, "eval_results");
  if (auto* n = object->if_contains("parameters"); n && n->is_int64())
    out.parameters = n->get_int64();
  return out;
}

FileFacts facts_of(RepoKind kind, const FileContents& files) {
  switch (kind) {
    case RepoKind::model:
      return model_facts(files);
    case RepoKind::dataset:
      return dataset_facts(files);
    case RepoKind::space:
    case RepoKind::kernel:
      return {};
  }
  return {};
}

std::string description_of(std::string_view body) {
  if (!is_valid_utf8(body)) return {};
  return std::string(trim(truncate_utf8(trim(body), field_bytes_max)));
}

void add_safetensors(FileFacts& facts, const TensorCounts& counts) {
  json::object parameters;
  for (const auto& [dtype, count] : counts.by_dtype) parameters[dtype] = count;
  facts.safetensors = json::object{{"parameters", std::move(parameters)}, {"total", counts.total}};
  facts.parameters = counts.total;
}

}  // namespace cairn::card
