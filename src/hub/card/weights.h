#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "hub/card/files.h"

/// The headers of weight files, read without their weights. Bytes come from strangers: every length
/// is checked against what is there and against the limits here, and nothing is allocated by them.
namespace cairn::card {

/// The client's limit, so that what it can read the hub can.
constexpr std::uint64_t safetensors_header_bytes_max = 25'000'000;
/// Vocabularies lie in front of the tensors; the largest known take some 20 MB.
constexpr std::uint64_t gguf_header_bytes_max = 96u << 20;
constexpr std::uint64_t tensors_max = 1'000'000;
/// Shards of one model; the largest published have some hundred.
constexpr std::size_t shards_max = 1'000;

/// The first 8 bytes of a safetensors file.
/// @return `unprocessable`, word "InvalidWeights", for a length that cannot be.
[[nodiscard]] Result<std::uint64_t> safetensors_header_bytes(std::string_view first_bytes,
                                                             std::uint64_t file_bytes);
/// The header text as JSON. @return "InvalidWeights".
[[nodiscard]] Result<json::object> parse_safetensors_header(std::string_view text);
/// Adds the tensors of one header. @return "InvalidWeights" for a shape that no file can have.
[[nodiscard]] Result<> count_tensors(const json::object& header, TensorCounts& into);

/// Names of the shards in `model.safetensors.index.json`, each once, in order, at most
/// `shards_max`; only plain names beside the index. @return "InvalidWeights".
[[nodiscard]] Result<std::vector<std::string>> shards_of(const json::value& index);

/// Bytes of a file from an offset on: as many as there are, at most `count`; empty at its end.
using ReadBytes = std::function<Result<std::string>(std::uint64_t offset, std::uint64_t count)>;

/// Reads the header of a GGUF file (versions 2 and 3).
/// @return {total, architecture, context_length?, chat_template?, bos_token?, eos_token?, …};
///         "InvalidWeights"; what `read` says.
[[nodiscard]] Result<json::object> read_gguf(const ReadBytes& read);

}  // namespace cairn::card
