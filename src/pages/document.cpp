#include "pages/document.h"

#include <algorithm>

#include "base/text.h"
#include "pages/assets.h"

namespace cairn::pages {
namespace {

using render::escape_html;

constexpr std::string_view head_marker = "<!--cairn:head-->", body_marker = "<!--cairn:body-->";

/// What a script may be is the build's list of hashes.
/// @param others  " https:" where cards may show pictures of other hosts, else empty.
std::string policy_of(const json::object& manifest, const std::string& others) {
  std::string scripts;
  if (auto* hashes = manifest.if_contains("script_hashes"); hashes && hashes->is_array())
    for (const auto& hash : hashes->get_array())
      scripts += " '" + std::string(hash.as_string()) + "'";
  return "default-src 'none'; script-src 'self'" + scripts +
         " 'wasm-unsafe-eval'; worker-src 'self' blob:; style-src 'self'; style-src-attr "
         "'unsafe-inline'; img-src 'self' data: blob:" +
         others + "; media-src 'self' blob:" + others +
         "; font-src 'self'; connect-src 'self'; frame-src 'self'; form-action 'self'; "
         "base-uri 'none'; frame-ancestors 'none'";
}

json::value text_or_null(std::string_view text) {
  return text.empty() ? json::value(nullptr)
                      : json::value(json::string_view(text.data(), text.size()));
}

void append_json(std::string& out, std::string_view key, const json::value& value) {
  out += ",\"" + std::string(key) + "\":" + json::serialize(value);
}

std::string meta(std::string_view key, std::string_view name, std::string_view content) {
  return "<meta " + std::string(key) + "=\"" + std::string(name) + "\" content=\"" +
         escape_html(content) + "\">\n";
}

std::string full_title(const Visit& visit) {
  auto hub = visit.services.settings.current()->name;
  return visit.page.title.empty() ? hub : visit.page.title + " · " + hub;
}

std::string head_of(const Visit& visit, const Shell& shell, std::string_view data) {
  const auto& page = visit.page;
  const auto& url = visit.services.public_url;
  std::string title = full_title(visit);
  std::string out = "<title>" + escape_html(title) + "</title>\n";
  if (!page.description.empty()) out += meta("name", "description", page.description);
  if (!page.canonical.empty())
    out += "<link rel=\"canonical\" href=\"" + escape_html(url + page.canonical) + "\">\n";
  if (!page.listed) out += meta("name", "robots", "noindex");
  out += meta("property", "og:title", title) + meta("property", "og:type", "website") +
         meta("property", "og:site_name", visit.services.settings.current()->name);
  if (!page.description.empty()) out += meta("property", "og:description", page.description);
  if (!page.canonical.empty()) out += meta("property", "og:url", url + page.canonical);
  auto* kind = page.page.if_contains("kind");
  auto* files = kind ? shell.preload.if_contains(kind->as_string()) : nullptr;
  if (files && files->is_array())
    for (const auto& file : files->get_array()) {
      std::string_view path(file.as_string());
      if (path.ends_with(".js"))
        out += "<link rel=\"modulepreload\" href=\"" + escape_html(path) + "\">\n";
    }
  // In the head, so that no id of a card comes before it.
  out += "<script type=\"application/json\" id=\"cairn-page\">";
  out += data;
  return out + "</script>";
}

std::string plain_document(const Visit& visit) {
  return "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" +
         escape_html(full_title(visit)) +
         "</title></head><body>\n<p>This program was built without the pages of the hub: "
         "scripts/build-web makes them, then build again. The API works.</p>\n<main id=\"first\">" +
         visit.page.first + "</main></body></html>\n";
}

}  // namespace

std::optional<Shell> load_shell() {
  auto* text = find_asset("/shell.html");
  auto* list = find_asset("/manifest.json");
  if (!text || !list) return std::nullopt;
  auto manifest = parse_json(list->plain);
  auto head = text->plain.find(head_marker), body = text->plain.find(body_marker);
  if (!manifest || !manifest->is_object() || head == text->plain.npos || body == text->plain.npos ||
      body < head)
    return std::nullopt;
  Shell out;
  out.before_head = text->plain.substr(0, head);
  out.before_body = text->plain.substr(head + head_marker.size(), body - head - head_marker.size());
  out.after = text->plain.substr(body + body_marker.size());
  out.policy = policy_of(manifest->get_object(), "");
  out.open_policy = policy_of(manifest->get_object(), " https:");
  if (auto* pages = manifest->get_object().if_contains("pages"); pages && pages->is_object())
    out.preload = pages->get_object();
  return out;
}

bool wants_data(const http::Request& request) {
  return request.headers().joined("Accept").find(page_media_type) != std::string::npos;
}

bool wants_document(const http::Request& request) {
  return request.headers().joined("Accept").find("text/html") != std::string::npos;
}

std::string page_json(const Visit& visit, const json::object& hub, const json::value& viewer) {
  const auto& page = visit.page;
  std::string out = "{\"status\":" + std::to_string(page.status);
  append_json(out, "title", text_or_null(full_title(visit)));
  if (!page.description.empty()) append_json(out, "description", text_or_null(page.description));
  if (!page.canonical.empty()) append_json(out, "canonical", text_or_null(page.canonical));
  append_json(out, "request_id", text_or_null(visit.request.id()));
  append_json(out, "hub", hub);
  append_json(out, "viewer", viewer);
  append_json(out, "page", page.page);
  out += ",\"answers\":{";
  bool first = true;
  for (const auto& [name, answer] : visit.answers()) {
    out += (first ? "" : ",") + json::serialize(json::string_view(name.data(), name.size()));
    // The body is the API's own text: neither read nor written again.
    out += ":{\"status\":" + std::to_string(answer.status) +
           ",\"body\":" + (answer.body.empty() ? "null" : answer.body);
    if (!answer.next.empty()) append_json(out, "next", text_or_null(answer.next));
    out += "}";
    first = false;
  }
  out += "},\"html\":{";
  first = true;
  for (const auto& [name, text] : page.html) {
    out += (first ? "\"" : ",\"") + name +
           "\":" + json::serialize(json::string_view(text.data(), text.size()));
    first = false;
  }
  out += "},\"contents\":{";
  first = true;
  for (const auto& [name, headings] : page.contents) {
    out += (first ? "\"" : ",\"") + name + "\":" + to_json_text(headings);
    first = false;
  }
  return out + "}}";
}

std::string script_safe(std::string_view json) {
  // "<" stands in strings alone, where this is the same character; nothing else ends a script.
  std::string out;
  out.reserve(json.size() + json.size() / 16);
  for (;;) {
    auto at = json.find('<');
    out += json.substr(0, at);
    if (at == json.npos) return out;
    out += "\\u003c";
    json.remove_prefix(at + 1);
  }
}

Task<http::Response> respond(Visit& visit, const std::optional<Shell>& shell) {
  http::Response out;
  bool data_alone = wants_data(visit.request);
  out.headers.add_token("Vary", "Accept");
  out.headers.add_token("Vary", "Cookie");
  out.headers.set("Cache-Control", visit.signed_in() ? "private, no-cache" : "no-cache");
  out.headers.set("X-Frame-Options", "DENY");
  if (visit.page.redirect) {
    out.status = 307;
    out.headers.set("Location", *visit.page.redirect);
    co_return out;
  }
  out.status = visit.page.status;
  auto [hub, viewer] = co_await hub_and_viewer(visit);
  if (data_alone) {
    out.headers.set("Content-Type", std::string(page_media_type));
    out.body = page_json(visit, hub, viewer);
    co_return out;
  }
  out.headers.set("Content-Type", "text/html; charset=utf-8");
  if (!shell) {
    out.headers.set("Content-Security-Policy",
                    "default-src 'none'; img-src 'self'; frame-ancestors 'none'");
    out.body = plain_document(visit);
    co_return out;
  }
  bool others =
      visit.services.settings.current()->external_images == settings::ExternalImages::allow;
  out.headers.set("Content-Security-Policy", others ? shell->open_policy : shell->policy);
  std::string data = script_safe(page_json(visit, hub, viewer));
  out.body = shell->before_head + head_of(visit, *shell, data) + shell->before_body +
             "<main id=\"first\">" + visit.page.first + "</main>" + shell->after;
  co_return out;
}

}  // namespace cairn::pages
