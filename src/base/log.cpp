#include "base/log.h"

#include <atomic>
#include <charconv>
#include <cmath>

#include <unistd.h>

#include "base/clock.h"

namespace cairn::log {
namespace {

std::atomic<Level> least_level{Level::info};
std::atomic<Format> line_format{Format::text};

std::string_view name(Level level) {
  switch (level) {
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warning:
      return "warning";
    case Level::error:
      return "error";
  }
  return "info";
}

/// JSON's own writer prints 0.12 as 1.2E-1; people and simple tools read logs.
std::string decimal(double number) {
  if (!std::isfinite(number)) return "null";
  char text[512];  // The longest double has 309 digits before the point.
  auto end = std::to_chars(text, text + sizeof text, number, std::chars_format::fixed).ptr;
  return {text, end};
}

std::string json_of(const boost::json::object& fields) {
  std::string out;
  for (const auto& [key, value] : fields) {
    out += out.empty() ? '{' : ',';
    out += boost::json::serialize(boost::json::string(key)) + ":";
    out += value.is_double() ? decimal(value.get_double()) : boost::json::serialize(value);
  }
  return out + "}";
}

/// Text that a terminal cannot be steered with: control characters become \uXXXX by JSON's rules.
std::string plain(const boost::json::value& value) {
  if (auto* s = value.if_string()) {
    bool simple = !s->empty();
    for (unsigned char c : *s) simple = simple && c > 0x20 && c != 0x7f && c != '"' && c != '=';
    if (simple) return std::string(*s);
  }
  if (value.is_double()) return decimal(value.get_double());
  return boost::json::serialize(value);
}

}  // namespace

void configure(Level least, Format format) {
  least_level = least;
  line_format = format;
}

bool enabled(Level level) {
  return level >= least_level.load(std::memory_order_relaxed);
}

Result<Level> parse_level(std::string_view text) {
  for (Level level : {Level::debug, Level::info, Level::warning, Level::error})
    if (text == name(level)) return level;
  return fail(ErrorCode::invalid_argument, "InvalidLogLevel",
              "A log level is one of debug, info, warning, error.");
}

void write(Level level, std::string_view event, Fields fields, const Error* error) {
  if (!enabled(level)) return;
  std::string now = to_rfc3339(SystemClock().now());
  std::string line;
  if (line_format == Format::json_lines) {
    boost::json::object out;
    out["time"] = now;
    out["level"] = boost::json::string_view(name(level));
    out["event"] = boost::json::string_view(event);
    for (const auto& f : fields) out[boost::json::string_view(f.key)] = f.value;
    if (error) {
      out["code"] = boost::json::string_view(to_string(error->code));
      out["word"] = error->word;
      out["message"] = error->message;
      for (const auto& [key, value] : error->fields) out[key] = value;
    }
    line = json_of(out);
  } else {
    line = now.substr(11, 12) + " " + std::string(name(level)) + " " + std::string(event);
    auto add = [&](std::string_view key, const boost::json::value& value) {
      line += " " + std::string(key) + "=" + plain(value);
    };
    for (const auto& f : fields) add(f.key, f.value);
    if (error) {
      add("code", boost::json::string_view(to_string(error->code)));
      add("word", boost::json::string(error->word));
      add("message", boost::json::string(error->message));
      for (const auto& [key, value] : error->fields) add(key, boost::json::string(value));
    }
  }
  line += '\n';
  // One write, so that lines of several threads do not mix; a log that cannot be written to must
  // not stop the hub.
  [[maybe_unused]] auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace cairn::log
