#include "base/json.h"

namespace cairn {

Result<json::value> parse_json(std::string_view text) {
  json::parse_options options;
  options.max_depth = json_depth_max;
  json::error_code failed;
  json::stream_parser parser({}, options);
  std::size_t used = parser.write_some(text.data(), text.size(), failed);
  if (!failed && used < text.size()) {
    // Only white space may follow the value.
    auto rest = text.find_first_not_of(" \t\r\n", used);
    if (rest != std::string_view::npos) {
      failed = json::error::extra_data;
      used = rest;
    }
  }
  if (!failed) parser.finish(failed);
  if (failed)
    return fail(ErrorCode::invalid_argument, "InvalidJson",
                "The text is not valid JSON at byte " + std::to_string(used) + ": " +
                    failed.message() + ".");
  return parser.release();
}

}  // namespace cairn
