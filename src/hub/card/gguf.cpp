#include <bit>
#include <cstring>

#include "base/text.h"
#include "hub/card/weights.h"

namespace cairn::card {
namespace {

// https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
enum class Type : std::uint32_t {
  u8,
  i8,
  u16,
  i16,
  u32,
  i32,
  f32,
  boolean,
  text,
  array,
  u64,
  i64,
  f64
};
constexpr std::uint64_t pairs_max = 100'000;
constexpr std::uint64_t key_bytes_max = 65'535;
constexpr std::uint64_t text_kept_max = 256u << 10;  ///< Chat templates have some ten KB.
constexpr std::uint32_t dimensions_max = 8;
constexpr int array_depth_max = 4;
constexpr std::size_t tokens_kept_max = 1'000'000;
constexpr std::uint64_t chunk_bytes = 1u << 20;

Failure invalid(std::string_view why) {
  return fail(ErrorCode::unprocessable, "InvalidWeights",
              "The file's header is not one of a GGUF file: " + std::string(why) + ".");
}

/// Bytes of the header in order, fetched in chunks and dropped when passed.
class Cursor {
 public:
  explicit Cursor(const ReadBytes& read) : read_(read) {}

  Result<std::string_view> take(std::uint64_t count) {
    CAIRN_CHECK(want(count));
    auto out = std::string_view(buffer_).substr(at_, count);
    at_ += count;
    return out;
  }
  /// Passes bytes without keeping them.
  Result<> skip(std::uint64_t count) {
    while (count > 0) {
      auto step = std::min(count, chunk_bytes);
      CAIRN_TRY(passed, take(step));
      count -= passed.size();
    }
    return {};
  }
  template <class T>
  Result<T> number() {
    CAIRN_TRY(bytes, take(sizeof(T)));
    T out;
    std::memcpy(&out, bytes.data(), sizeof(T));  // The format and this program: little endian.
    static_assert(std::endian::native == std::endian::little);
    return out;
  }

 private:
  Result<> want(std::uint64_t count) {
    if (count > gguf_header_bytes_max) return invalid("a length is absurd");
    while (buffer_.size() - at_ < count) {
      buffer_.erase(0, at_);
      at_ = 0;
      if (fetched_ >= gguf_header_bytes_max) return invalid("it is too long");
      CAIRN_TRY(more, read_(fetched_, std::max(chunk_bytes, count - buffer_.size())));
      if (more.empty()) return invalid("it ends early");
      fetched_ += more.size();
      buffer_ += more;
    }
    return {};
  }

  const ReadBytes& read_;
  std::string buffer_;
  std::size_t at_ = 0;
  std::uint64_t fetched_ = 0;
};

Result<std::string> read_text(Cursor& in, std::uint64_t bytes_max) {
  CAIRN_TRY(length, in.number<std::uint64_t>());
  if (length > bytes_max) {
    CAIRN_CHECK(in.skip(length));
    return std::string{};
  }
  CAIRN_TRY(bytes, in.take(length));
  return std::string(bytes);
}

std::uint64_t width(Type type) {
  switch (type) {
    case Type::u8:
    case Type::i8:
    case Type::boolean:
      return 1;
    case Type::u16:
    case Type::i16:
      return 2;
    case Type::u32:
    case Type::i32:
    case Type::f32:
      return 4;
    case Type::u64:
    case Type::i64:
    case Type::f64:
      return 8;
    case Type::text:
    case Type::array:
      return 0;
  }
  return 0;
}

/// What of a header is kept.
struct Kept {
  std::map<std::string, json::value> values;
  std::vector<std::string> tokens;
};

Result<> skip_array(Cursor& in, int depth, std::vector<std::string>* tokens) {
  if (depth > array_depth_max) return invalid("arrays are nested too deep");
  CAIRN_TRY(raw, in.number<std::uint32_t>());
  CAIRN_TRY(count, in.number<std::uint64_t>());
  if (raw > static_cast<std::uint32_t>(Type::f64)) return invalid("a type is unknown");
  auto type = static_cast<Type>(raw);
  if (count > gguf_header_bytes_max) return invalid("an array is absurdly long");
  if (auto bytes = width(type)) return in.skip(bytes * count);
  for (std::uint64_t i = 0; i < count; ++i) {
    if (type == Type::array) {
      CAIRN_CHECK(skip_array(in, depth + 1, nullptr));
      continue;
    }
    CAIRN_TRY(text, read_text(in, tokens ? 64 : 0));
    if (tokens && tokens->size() < tokens_kept_max) tokens->push_back(std::move(text));
  }
  return {};
}

Result<std::optional<json::value>> read_value(Cursor& in, Type type, const std::string& key,
                                              Kept& kept) {
  using Value = std::optional<json::value>;
  auto number = [&]<class T>() -> Result<Value> {
    CAIRN_TRY(n, in.number<T>());
    return Value(json::value(n));
  };
  switch (type) {
    case Type::u8:
      return number.template operator()<std::uint8_t>();
    case Type::i8:
      return number.template operator()<std::int8_t>();
    case Type::u16:
      return number.template operator()<std::uint16_t>();
    case Type::i16:
      return number.template operator()<std::int16_t>();
    case Type::u32:
      return number.template operator()<std::uint32_t>();
    case Type::i32:
      return number.template operator()<std::int32_t>();
    case Type::u64:
      return number.template operator()<std::uint64_t>();
    case Type::i64:
      return number.template operator()<std::int64_t>();
    case Type::f32:
      return number.template operator()<float>();
    case Type::f64:
      return number.template operator()<double>();
    case Type::boolean: {
      CAIRN_TRY(b, in.number<std::uint8_t>());
      return Value(json::value(b != 0));
    }
    case Type::text: {
      CAIRN_TRY(text, read_text(in, text_kept_max));
      if (!is_valid_utf8(text) || text.contains('\0')) return Value{};
      return Value(json::value(text));
    }
    case Type::array: {
      bool wanted = key == "tokenizer.ggml.tokens" && kept.tokens.empty();
      CAIRN_CHECK(skip_array(in, 1, wanted ? &kept.tokens : nullptr));
      return Value{};
    }
  }
  return invalid("a type is unknown");
}

Result<std::int64_t> count_elements(Cursor& in, std::uint64_t tensors) {
  std::int64_t total = 0;
  for (std::uint64_t i = 0; i < tensors; ++i) {
    CAIRN_CHECK(read_text(in, 0));
    CAIRN_TRY(dimensions, in.number<std::uint32_t>());
    if (dimensions > dimensions_max) return invalid("a tensor has too many dimensions");
    std::int64_t elements = 1;
    for (std::uint32_t d = 0; d < dimensions; ++d) {
      CAIRN_TRY(n, in.number<std::uint64_t>());
      if (n > INT64_MAX ||
          __builtin_mul_overflow(elements, static_cast<std::int64_t>(n), &elements))
        return invalid("a tensor is larger than any file");
    }
    CAIRN_CHECK(in.skip(4 + 8));  // Its type and offset.
    if (__builtin_add_overflow(total, elements, &total))
      return invalid("it has more elements than any file");
  }
  return total;
}

void put(json::object& out, const char* name, const Kept& kept, const std::string& key) {
  if (auto found = kept.values.find(key); found != kept.values.end()) out[name] = found->second;
}

void put_token(json::object& out, const char* name, const Kept& kept, const std::string& key) {
  auto found = kept.values.find(key);
  if (found == kept.values.end()) return;
  json::error_code failed;
  auto id = found->second.to_number<std::uint64_t>(failed);
  if (!failed && id < kept.tokens.size() && is_valid_utf8(kept.tokens[id]))
    out[name] = kept.tokens[id];
}

}  // namespace

Result<json::object> read_gguf(const ReadBytes& read) {
  Cursor in(read);
  CAIRN_TRY(magic, in.take(4));
  if (magic != "GGUF") return invalid("it does not begin with GGUF");
  CAIRN_TRY(version, in.number<std::uint32_t>());
  if (version != 2 && version != 3) return invalid("its version is unknown");
  CAIRN_TRY(tensors, in.number<std::uint64_t>());
  CAIRN_TRY(pairs, in.number<std::uint64_t>());
  if (tensors > tensors_max || pairs > pairs_max) return invalid("its counts are absurd");
  Kept kept;
  for (std::uint64_t i = 0; i < pairs; ++i) {
    CAIRN_TRY(key, read_text(in, key_bytes_max));
    CAIRN_TRY(raw, in.number<std::uint32_t>());
    if (raw > static_cast<std::uint32_t>(Type::f64)) return invalid("a type is unknown");
    CAIRN_TRY(value, read_value(in, static_cast<Type>(raw), key, kept));
    bool wanted = key.starts_with("general.") || key.starts_with("tokenizer.") ||
                  key.ends_with(".context_length") || key.starts_with("quantize.") ||
                  key.ends_with(".attention.causal");
    if (value && wanted && kept.values.size() < 1000) kept.values[key] = std::move(*value);
  }
  CAIRN_TRY(total, count_elements(in, tensors));
  json::object out{{"total", total}};
  put(out, "architecture", kept, "general.architecture");
  std::string architecture;
  if (auto* text = out.if_contains("architecture"); text && text->is_string())
    architecture = std::string(text->get_string());
  put(out, "context_length", kept, architecture + ".context_length");
  put(out, "causal", kept, architecture + ".attention.causal");
  put(out, "chat_template", kept, "tokenizer.chat_template");
  put(out, "quantize_imatrix_file", kept, "quantize.imatrix.file");
  put_token(out, "bos_token", kept, "tokenizer.ggml.bos_token_id");
  put_token(out, "eos_token", kept, "tokenizer.ggml.eos_token_id");
  return out;
}

}  // namespace cairn::card
