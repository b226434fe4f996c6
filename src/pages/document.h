#pragma once
#include "pages/visit.h"

namespace cairn::pages {

/// What the app's build gives: the shell and the policy of its scripts.
struct Shell {
  std::string before_head, before_body, after;  ///< Around the two markers.
  std::string policy;                           ///< The Content-Security-Policy.
  std::string open_policy;                      ///< Where cards may show pictures of other hosts.
  json::object preload;                         ///< By kind of page, lists of addresses.
};
/// Empty when the program was built without the app.
[[nodiscard]] std::optional<Shell> load_shell();

/// The whole answer: the document, its data alone, or a redirect, as the request accepts.
Task<http::Response> respond(Visit& visit, const std::optional<Shell>& shell);

constexpr std::string_view page_media_type = "application/vnd.cairn.page+json";
[[nodiscard]] bool wants_data(const http::Request& request);
/// A browser that opens an address, and no program.
[[nodiscard]] bool wants_document(const http::Request& request);

/// Everything the app is drawn from, as JSON text.
[[nodiscard]] std::string page_json(const Visit& visit, const json::object& hub,
                                    const json::value& viewer);
/// JSON text that can stand in a script element.
[[nodiscard]] std::string script_safe(std::string_view json);

}  // namespace cairn::pages
