#pragma once
#include <optional>
#include <string_view>

#include "base/json.h"
#include "hub/xet/xet.h"

/// Inside the module: what stands in bodies and headers.
namespace cairn::api::cas {

/// One range, of 64-bit numbers: clients that do not know a file's size send ends up to 2^64 - 2.
/// Empty for no header. @return `invalid_argument`, word "InvalidRange".
[[nodiscard]] Result<std::optional<xet::Span>> parse_span(std::string_view header);

[[nodiscard]] json::value reconstruction_v1(const xet::Reconstruction& reconstruction);
[[nodiscard]] json::value reconstruction_v2(const xet::Reconstruction& reconstruction);

/// Lines of the answer to a shard, version 2.
[[nodiscard]] std::string progress_line(const xet::Progress& progress);
[[nodiscard]] std::string result_line(const xet::Progress& progress);
/// @param error  sent again only when another attempt can help.
[[nodiscard]] std::string error_line(const Error& error);

}  // namespace cairn::api::cas
