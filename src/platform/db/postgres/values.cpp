#include "platform/db/postgres/values.h"

#include <charconv>

#include "base/text.h"

namespace cairn::db::postgres {
namespace {

constexpr Oid oid_bool = 16, oid_int2 = 21, oid_int4 = 23, oid_oid = 26, oid_float4 = 700,
              oid_numeric = 1700, oid_xid8 = 5069;

int digit(char c) {
  return c <= '9' ? c - '0' : c - 'a' + 10;
}

/// "\x00ff": what the server sends with bytea_output = hex.
std::string from_hex(std::string_view text) {
  if (!text.starts_with("\\x")) return std::string(text);
  text.remove_prefix(2);
  std::string out(text.size() / 2, '\0');
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<char>(digit(text[2 * i]) * 16 + digit(text[2 * i + 1]));
  return out;
}

double to_double(std::string_view text) {
  double out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

std::string to_text(double value) {
  char buffer[32];
  auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  return std::string(buffer, end);
}

}  // namespace

Parameters::Parameters(const std::vector<Value>& values) {
  numbers_.reserve(values.size());  // Pointers into it must stay.
  for (const Value& value : values) {
    const std::string* bytes = nullptr;
    int format = 0;
    if (auto* number = std::get_if<std::int64_t>(&value)) {
      bytes = &numbers_.emplace_back(std::to_string(*number));
    } else if (auto* real = std::get_if<double>(&value)) {
      bytes = &numbers_.emplace_back(to_text(*real));
    } else if (auto* text = std::get_if<std::string>(&value)) {
      bytes = text;
      format = 1;  // As text it would end at the first zero byte; so the server refuses it.
    } else if (auto* blob = std::get_if<Blob>(&value)) {
      bytes = &blob->bytes;
      format = 1;
    }
    pointers_.push_back(bytes ? bytes->c_str() : nullptr);
    lengths_.push_back(bytes ? static_cast<int>(bytes->size()) : 0);
    formats_.push_back(format);
  }
}

std::vector<Oid> types_of(const std::vector<Value>& values, Oid null_type) {
  // In the order of the alternatives of Value.
  const Oid types[] = {null_type, oid_int8, oid_float8, oid_text, oid_bytea};
  std::vector<Oid> out;
  for (const Value& value : values) out.push_back(types[value.index()]);
  return out;
}

Value read_field(const PGresult* result, int row, int column) {
  if (PQgetisnull(result, row, column)) return {};
  std::string_view text(PQgetvalue(result, row, column),
                        static_cast<std::size_t>(PQgetlength(result, row, column)));
  switch (PQftype(result, column)) {
    case oid_bool:
      return std::int64_t{text == "t"};
    case oid_int2:
    case oid_int4:
    case oid_int8:
    case oid_oid:
    case oid_xid8:
      return parse_int(text).value_or(0);
    case oid_float4:
    case oid_float8:
      return to_double(text);
    case oid_numeric:
      if (auto whole = parse_int(text)) return *whole;
      return to_double(text);
    case oid_bytea:
      return Blob{from_hex(text)};
    default:
      return std::string(text);
  }
}

}  // namespace cairn::db::postgres
