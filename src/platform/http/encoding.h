#pragma once
#include <string>
#include <string_view>

#include "platform/http/request.h"
#include "platform/http/response.h"

/// Inside the module: compression of text in memory.
namespace cairn::http {

enum class Encoding { identity, gzip, zstd };

/// The best that an Accept-Encoding header allows (RFC 9110, section 12.5.3); zstd before gzip when
/// the client likes them alike. Empty or absent: identity.
[[nodiscard]] Encoding choose_encoding(std::string_view accept_encoding);

/// JSON, text and the like, which shrink; images and archives do not.
[[nodiscard]] bool is_compressible(std::string_view content_type);

/// Below this, headers and a packet cost more than is saved.
constexpr std::size_t compress_bytes_min = 1024;

[[nodiscard]] std::string gzip(std::string_view text);
[[nodiscard]] std::string zstd(std::string_view text);

/// Compresses the body in place when request and response allow it, with Content-Encoding and Vary.
/// Left alone: other than text in memory, small ones, ranges, and all with an ETag or
/// Accept-Ranges (those name exact bytes).
void compress(const Request& request, Response& response);

}  // namespace cairn::http
