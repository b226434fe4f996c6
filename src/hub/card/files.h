#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "hub/card/card.h"

/// What the files of a repository tell besides its card: which library loads it and for which task,
/// how many parameters it has, what kind of data it holds. Pure, like the rest of this module: who
/// calls brings names and contents.
namespace cairn::card {

/// A JSON file that is read for this; configurations with long label lists reach some hundred KB.
constexpr std::size_t config_bytes_max = 2u << 20;
/// A tokenizer's, with its added tokens and chat templates.
constexpr std::size_t tokenizer_config_bytes_max = 8u << 20;
/// Names looked at: what a repository is shows in its first files.
constexpr std::size_t file_names_max = 5'000;

struct FileFacts {
  std::string library_name;
  std::string pipeline_tag;
  std::string mask_token;
  std::string base_model;           ///< Of an adapter, as its configuration names it.
  std::string base_model_relation;  ///< "adapter", "quantized"; empty when nothing tells.
  std::vector<std::string> tags;    ///< Formats, model type, modalities…
  json::value config;               ///< Distilled; null without one.
  json::value transformers_info;    ///< {auto_model, custom_class?, pipeline_tag?, processor?}.
  json::value safetensors;          ///< {parameters: {dtype: count}, total}.
  json::value gguf;                 ///< {total, architecture?, context_length?, …}.
  json::value eval_results;         ///< A list; null when there is none.
  std::string description;          ///< Of a data set: how its card's text begins.
  std::optional<std::int64_t> main_bytes;  ///< Of a data set: all files of the default branch.
  std::optional<std::int64_t> parameters;
  /// Names the very files that `safetensors` and `gguf` were read from: while it stays the same,
  /// they need not be read again.
  std::string weights;
};

[[nodiscard]] json::value to_json(const FileFacts& facts);
/// Members that are missing or wrong are as if unknown: an older or newer program wrote them.
[[nodiscard]] FileFacts read_file_facts(const json::value& stored);

/// What is known of the files, from the names at the root on.
struct FileContents {
  std::vector<std::string> names;  ///< Paths, at most `file_names_max`.
  json::value config, tokenizer_config, model_index, adapter_config;  ///< Null when not there.
  /// Of `.eval_results/`: name and text, in order.
  std::vector<std::pair<std::string, std::string>> eval_results;
};

/// All but weights' headers.
[[nodiscard]] FileFacts facts_of(RepoKind kind, const FileContents& files);

/// How a text begins, for `FileFacts::description`: headings, HTML and links are left as they are.
[[nodiscard]] std::string description_of(std::string_view body);

/// Counts of one or more safetensors headers together, and of a gguf header, into the facts.
struct TensorCounts {
  std::map<std::string, std::int64_t> by_dtype;
  std::int64_t total = 0;
};
void add_safetensors(FileFacts& facts, const TensorCounts& counts);

}  // namespace cairn::card
