#include <set>

#include "base/bytes.h"
#include "hub/card/weights.h"

namespace cairn::card {
namespace {

constexpr std::size_t dimensions_max = 64;

Failure invalid(std::string_view why) {
  return fail(ErrorCode::unprocessable, "InvalidWeights",
              "The file's header is not one of a safetensors file: " + std::string(why) + ".");
}

/// The number of elements. @return empty when it is none, or larger than any file.
std::optional<std::int64_t> elements_of(const json::value* shape) {
  auto* list = shape ? shape->if_array() : nullptr;
  if (!list || list->size() > dimensions_max) return std::nullopt;
  std::int64_t out = 1;
  for (const auto& dimension : *list) {
    json::error_code failed;
    auto n = dimension.to_number<std::int64_t>(failed);
    if (failed || n < 0 || __builtin_mul_overflow(out, n, &out)) return std::nullopt;
  }
  return out;
}

}  // namespace

Result<std::uint64_t> safetensors_header_bytes(std::string_view first, std::uint64_t file_bytes) {
  if (first.size() < 8) return invalid("it is too short");
  std::uint64_t length = 0;
  for (int i = 7; i >= 0; --i)
    length = (length << 8) | static_cast<unsigned char>(first[static_cast<std::size_t>(i)]);
  if (length < 2 || length > safetensors_header_bytes_max) return invalid("its length is absurd");
  if (length + 8 > file_bytes) return invalid("it is longer than the file");
  return length;
}

Result<json::object> parse_safetensors_header(std::string_view text) {
  auto parsed = parse_json(text);
  if (!parsed || !parsed->is_object()) return invalid("it is no JSON object");
  if (parsed->get_object().size() > tensors_max) return invalid("it has too many tensors");
  return std::move(parsed->get_object());
}

Result<> count_tensors(const json::object& header, TensorCounts& into) {
  for (const auto& [name, value] : header) {
    if (name == "__metadata__") continue;
    auto* tensor = value.if_object();
    auto* dtype = tensor ? tensor->if_contains("dtype") : nullptr;
    auto elements = tensor ? elements_of(tensor->if_contains("shape")) : std::nullopt;
    if (!dtype || !dtype->is_string() || dtype->get_string().size() > 32 || !elements)
      return invalid("a tensor has no type or shape");
    if (__builtin_add_overflow(into.total, *elements, &into.total))
      return invalid("it has more elements than any file");
    into.by_dtype[std::string(dtype->get_string())] += *elements;
    if (into.by_dtype.size() > 64) return invalid("it has too many types");
  }
  return {};
}

Result<std::vector<std::string>> shards_of(const json::value& index) {
  auto* object = index.if_object();
  auto* map = object ? object->if_contains("weight_map") : nullptr;
  if (!map || !map->is_object()) return invalid("the index has no weight_map");
  std::set<std::string> names;
  for (const auto& [tensor, file] : map->get_object()) {
    if (!file.is_string()) return invalid("the index names a file that is no text");
    std::string name(file.get_string());
    if (name.empty() || name.size() > 255 || name.contains('/'))
      return invalid("the index names a file in another folder");
    names.insert(std::move(name));
    if (names.size() > shards_max) return invalid("the index names too many files");
  }
  return std::vector<std::string>(names.begin(), names.end());
}

}  // namespace cairn::card
