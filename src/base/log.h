#pragma once
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <boost/json.hpp>

#include "base/result.h"

/// One line per event: a constant name, then fields. Never a token, a password or a signed URL.
namespace cairn::log {

enum class Level { debug, info, warning, error };
enum class Format { text, json_lines };

struct Field {
  std::string_view key;
  boost::json::value value;

  Field(std::string_view k, std::string_view v) : key(k), value(boost::json::string_view(v)) {}
  Field(std::string_view k, const char* v) : Field(k, std::string_view(v)) {}
  Field(std::string_view k, const std::string& v) : Field(k, std::string_view(v)) {}
  Field(std::string_view k, bool v) : key(k), value(v) {}
  Field(std::string_view k, double v) : key(k), value(v) {}
  template <class T>
    requires(std::is_integral_v<T> && !std::is_same_v<T, bool>)
  Field(std::string_view k, T v) : key(k), value(static_cast<std::int64_t>(v)) {}
};
using Fields = std::initializer_list<Field>;

/// Called once, before threads start. Lines go to standard error.
void configure(Level least, Format format);
[[nodiscard]] bool enabled(Level level);
[[nodiscard]] Result<Level> parse_level(std::string_view text);

/// May be called from any thread; a line is written whole.
void write(Level level, std::string_view event, Fields fields, const Error* error = nullptr);
inline void debug(std::string_view event, Fields fields = {}) {
  if (enabled(Level::debug)) write(Level::debug, event, fields);
}
inline void info(std::string_view event, Fields fields = {}) {
  write(Level::info, event, fields);
}
inline void warning(std::string_view event, Fields fields = {}) {
  write(Level::warning, event, fields);
}
inline void error(std::string_view event, Fields fields = {}) {
  write(Level::error, event, fields);
}
/// With the error's code, word, message and fields.
inline void error(std::string_view event, const Error& e, Fields fields = {}) {
  write(Level::error, event, fields, &e);
}

}  // namespace cairn::log
