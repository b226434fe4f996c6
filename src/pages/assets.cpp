#include "pages/assets.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <mutex>

#include "base/text.h"
#include "pages/assets_table.h"

namespace cairn::pages {
namespace {

struct MediaType {
  std::string_view suffix, type;
};
constexpr MediaType media_types[] = {{".js", "text/javascript; charset=utf-8"},
                                     {".mjs", "text/javascript; charset=utf-8"},
                                     {".css", "text/css; charset=utf-8"},
                                     {".html", "text/html; charset=utf-8"},
                                     {".json", "application/json"},
                                     {".svg", "image/svg+xml"},
                                     {".png", "image/png"},
                                     {".ico", "image/x-icon"},
                                     {".woff2", "font/woff2"},
                                     {".wasm", "application/wasm"},
                                     {".txt", "text/plain; charset=utf-8"}};

std::string_view type_of(std::string_view path) {
  for (const auto& media : media_types)
    if (path.ends_with(media.suffix)) return media.type;
  return "application/octet-stream";
}

using Assets = std::map<std::string, Asset, std::less<>>;

const Assets& assets() {
  static const Assets all = [] {
    Assets out;
    for (const auto& file : embedded_files()) {
      std::string path = file.path;
      std::string_view bytes(file.begin, static_cast<std::size_t>(file.end - file.begin));
      if (path.ends_with(".br"))
        out[path.substr(0, path.size() - 3)].brotli = bytes;
      else if (path.ends_with(".gz"))
        out[path.substr(0, path.size() - 3)].gzip = bytes;
      else
        out[path].plain = bytes;
    }
    return out;
  }();
  return all;
}

/// Bytes of the program as a body: copied once, when first asked for.
http::SharedText shared(std::string_view bytes) {
  static std::mutex mutex;
  static std::map<const char*, http::SharedText> known;
  std::lock_guard lock(mutex);
  auto& text = known[bytes.data()];
  if (!text) text = std::make_shared<const std::string>(bytes);
  return text;
}

/// The quality of one coding, -1 when it is not named.
double quality_of(std::string_view accept, std::string_view coding) {
  for (auto item : split(accept, ',')) {
    auto semicolon = std::min(item.find(';'), item.size());
    if (to_lower_ascii(trim(item.substr(0, semicolon))) != coding) continue;
    auto at = item.find("q=", semicolon);
    if (at == item.npos) return 1;
    auto text = trim(item.substr(at + 2));
    double value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && value >= 0 && value <= 1 ? value : 0;
  }
  return -1;
}

http::Response send(const http::Request& request, std::string_view path, const Asset& asset) {
  http::Response out;
  out.headers.set("Content-Type", std::string(type_of(path)));
  // Names hold a hash of the bytes; what has none is asked for again.
  bool hashed = path.find("/immutable/") != path.npos;
  out.headers.set("Cache-Control", hashed ? "public, max-age=31536000, immutable" : "no-cache");
  // A document of the app's own, shown in a frame: it may run scripts, and reach nothing.
  if (path.ends_with(".html"))
    out.headers.set("Content-Security-Policy",
                    "sandbox allow-scripts; default-src 'none'; script-src 'self'; style-src "
                    "'unsafe-inline'; img-src data:; font-src data:; frame-ancestors 'self'");
  auto encoding = choose_asset_encoding(request.headers().joined("Accept-Encoding"), asset);
  if (!asset.brotli.empty() || !asset.gzip.empty())
    out.headers.add_token("Vary", "Accept-Encoding");
  if (!encoding.empty()) out.headers.set("Content-Encoding", std::string(encoding));
  out.body = shared(encoding == "br"     ? asset.brotli
                    : encoding == "gzip" ? asset.gzip
                                         : asset.plain);
  return out;
}

}  // namespace

const Asset* find_asset(std::string_view path) {
  auto found = assets().find(path);
  return found == assets().end() || !found->second.plain.data() ? nullptr : &found->second;
}

std::string_view choose_asset_encoding(std::string_view accept, const Asset& asset) {
  double any = quality_of(accept, "*");
  auto quality = [&](std::string_view coding, std::string_view bytes) {
    if (bytes.empty()) return 0.0;
    double named = quality_of(accept, coding);
    return named < 0 ? std::max(any, 0.0) : named;
  };
  double brotli = quality("br", asset.brotli), gzip = quality("gzip", asset.gzip);
  if (brotli <= 0 && gzip <= 0) return "";
  return brotli >= gzip ? "br" : "gzip";
}

void add_asset_route(http::Router& router) {
  auto handler = [](http::Request& request) -> Task<Result<http::Response>> {
    auto* asset = find_asset(request.path());
    if (!asset)
      co_return fail(ErrorCode::not_found, "NotFound",
                     "Nothing is at this address. Check the spelling of the path.");
    co_return send(request, request.path(), *asset);
  };
  router.add({.method = http::Method::get,
              .pattern = "/-/{path...}",
              .operation = "page.asset",
              .summary = "A file of the pages' program.",
              .access = "everyone",
              .handler = handler,
              .last_resort = true,  // After the pages there.
              .open_to_strangers = true});
}

}  // namespace cairn::pages
