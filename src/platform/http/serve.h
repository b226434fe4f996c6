#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "platform/http/request.h"
#include "platform/http/response.h"

namespace cairn::http {

/// Bytes [first, first + count) of a representation.
struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
  auto operator<=>(const ByteRange&) const = default;
};

/// More ranges than this in one request are answered with the whole: nobody needs them, and small
/// overlapping ranges are a known way to make servers work (RFC 9110, section 14.2).
constexpr std::size_t ranges_max = 16;

/// The Range header, as far as it can be followed.
struct Ranges {
  enum class Kind {
    none,  ///< Absent, malformed, another unit, or too many: send the whole.
    some,
    unsatisfiable,  ///< Well-formed, but nothing of it lies within the size: 416.
  };
  Kind kind = Kind::none;
  std::vector<ByteRange> list = {};  ///< Within the size, not empty, in the client's order.
};
/// RFC 9110, section 14.1.2.
[[nodiscard]] Ranges parse_ranges(std::string_view header, std::uint64_t size_bytes);

/// What is known about the bytes to serve.
struct Representation {
  std::uint64_t size_bytes = 0;
  std::string etag = {};  ///< With its quotes, `W/` if weak; empty: none.
  std::string content_type = "application/octet-stream";
  std::optional<Time> last_modified = {};
  Headers headers = {};  ///< Sent with 200, 206, 304 and 416.
};

/// Bytes that have no descriptor (S3): gives a piece of at least 1 and at most `count` bytes.
using ReadAt = std::function<Task<Result<std::string>>(std::uint64_t offset, std::uint64_t count)>;
/// A descriptor (FileSlice from its offset on, count = size), text, or a function.
using ByteSource = std::variant<FileSlice, SharedText, std::string, ReadAt>;

/// Answers GET or HEAD of `source`: If-None-Match and If-Modified-Since (304), If-Match (412),
/// Range with If-Range (206, multipart/byteranges for several), 416 with Content-Range,
/// Accept-Ranges. Never compressed: the ETag names exactly these bytes.
[[nodiscard]] Response serve(const Request& request, const Representation& what, ByteSource source);

/// True when the If-None-Match header names `etag` (weak comparison) or is `*`: for answering 304
/// before the bytes are even opened.
[[nodiscard]] bool not_modified(const Request& request, std::string_view etag);

}  // namespace cairn::http
