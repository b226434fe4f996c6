#pragma once
#include <string>
#include <string_view>

#include "platform/http/http.h"

namespace cairn::pages {

/// A file of the app's build, which lies in the program itself.
struct Asset {
  std::string_view plain, gzip, brotli;  ///< The compressed ones may be empty.
};
/// @param path  as in the address, "/-/app/…". Null when there is none.
[[nodiscard]] const Asset* find_asset(std::string_view path);

/// The route of the app's files: everything under "/-/" but the pages there.
void add_asset_route(http::Router& router);

/// How an answer is best encoded for a client: "br", "gzip" or "" (RFC 9110, section 12.5.3).
[[nodiscard]] std::string_view choose_asset_encoding(std::string_view accept_encoding,
                                                     const Asset& asset);

}  // namespace cairn::pages
