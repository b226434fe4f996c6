#include "hub/count/downloads.h"

#include <algorithm>

#include "base/text.h"

namespace cairn::count {
namespace {

// What the public hub's documentation names, and the first file that each well-known loader reads.
constexpr std::string_view query_names[] = {"config.json",
                                            "config.yaml",
                                            "hyperparams.yaml",
                                            "params.json",
                                            "meta.yaml",
                                            "model_index.json",
                                            "adapter_config.json",
                                            "modules.json",
                                            "mlc-chat-config.json",
                                            "open_clip_config.json",
                                            "preprocessor_config.json",
                                            "tokenizer.json",
                                            "model_config.json"};
constexpr std::string_view weight_suffixes[] = {
    ".safetensors", ".bin",     ".gguf",   ".ggml", ".onnx",   ".pt",  ".pth",  ".ckpt",    ".h5",
    ".keras",       ".msgpack", ".tflite", ".npz",  ".joblib", ".pkl", ".nemo", ".mlmodel", ".pb"};

}  // namespace

bool is_query_file(RepoKind kind, std::string_view path, bool is_large) {
  if (kind != RepoKind::model || is_large) return true;
  std::string name = to_lower_ascii(path.substr(path.rfind('/') + 1));
  if (std::ranges::find(query_names, name) != std::end(query_names)) return true;
  return std::ranges::any_of(weight_suffixes,
                             [&](std::string_view suffix) { return name.ends_with(suffix); });
}

void Downloads::note(RepoId repo, std::string_view who, Time now) {
  std::lock_guard lock(mutex_);
  if (seen_.size() >= seen_max) {
    std::erase_if(seen_, [&](const auto& entry) { return now - entry.second >= once_within; });
    if (seen_.size() >= seen_max) seen_.clear();
  }
  auto [at, fresh] = seen_.try_emplace(std::to_string(repo.value) + " " + std::string(who), now);
  if (!fresh && now - at->second < once_within) return;
  at->second = now;
  ++counts_[repo.value];
}

std::vector<std::pair<RepoId, std::int64_t>> Downloads::take() {
  std::unordered_map<std::int64_t, std::int64_t> counts;
  {
    std::lock_guard lock(mutex_);
    counts.swap(counts_);
  }
  std::vector<std::pair<RepoId, std::int64_t>> out;
  out.reserve(counts.size());
  for (const auto& [repo, count] : counts) out.emplace_back(RepoId{repo}, count);
  std::ranges::sort(out);  // One order of locks for all who write several.
  return out;
}

void Downloads::put_back(const std::vector<std::pair<RepoId, std::int64_t>>& counts) {
  std::lock_guard lock(mutex_);
  for (const auto& [repo, count] : counts) counts_[repo.value] += count;
}

}  // namespace cairn::count
