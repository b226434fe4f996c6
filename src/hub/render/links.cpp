#include "hub/render/links.h"

#include <vector>

#include "base/text.h"
#include "hub/render/document.h"

namespace cairn::render {
namespace {

constexpr std::size_t link_bytes_max = 4096;

/// As browsers do: spaces and controls around it do not count, nor tabs and line ends within.
std::string cleaned(std::string_view text) {
  auto blank = [](char c) { return static_cast<unsigned char>(c) <= 0x20; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  std::string out;
  for (char c : text)
    if (c != '\t' && c != '\n' && c != '\r') out += c;
  return out;
}

/// "https" of "https:…", lower case; empty when it has none.
std::string scheme_of(std::string_view url) {
  auto colon = url.find(':');
  if (colon == url.npos) return {};
  auto scheme = url.substr(0, colon);
  // A colon after the first slash belongs to a path.
  if (scheme.find_first_of("/?#") != scheme.npos) return {};
  return to_lower_ascii(scheme);
}

/// Percent-encodes what may not stand in a URL, and leaves its escapes alone.
std::string sound(std::string_view text) {
  std::string out;
  constexpr std::string_view hex = "0123456789ABCDEF";
  for (char c : text) {
    auto u = static_cast<unsigned char>(c);
    bool bad = u <= 0x20 || u == 0x7f || u >= 0x80 || c == '"' || c == '<' || c == '>' ||
               c == '\\' || c == '^' || c == '`' || c == '{' || c == '|' || c == '}';
    if (bad) {
      out += '%';
      out += hex[u >> 4];
      out += hex[u & 15];
    } else {
      out += c;
    }
  }
  return out;
}

/// "a/../b/./c" below `folder`; what climbs out of the repository stays at its root.
std::string joined(std::string_view folder, std::string_view path) {
  std::vector<std::string> parts;
  auto add = [&](std::string_view part) {
    if (part.empty() || part == ".") return;
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
    } else {
      parts.push_back(sound(part));
    }
  };
  for (auto part : split(folder, '/')) add(percent_encode(part));
  for (auto part : split(path, '/')) add(part == "%2e" ? "." : part == "%2e%2e" ? ".." : part);
  std::string out;
  for (const auto& part : parts) out += "/" + part;
  return out;
}

Link relative(std::string_view url, std::string_view folder, Use use) {
  auto hash = std::min(url.find('#'), url.size());
  std::string_view fragment = url.substr(std::min(hash + 1, url.size()));
  auto path = url.substr(0, hash);
  auto question = std::min(path.find('?'), path.size());
  std::string_view query = path.substr(question);
  path = path.substr(0, question);
  std::string file = joined(folder, path);
  bool is_folder = file.empty() || path.ends_with('/') || path.ends_with("..") || path == ".";
  char letter = use == Use::media ? 'r' : is_folder ? 't' : 'b';
  Link out{Link::Kind::here, std::string{mark, letter} + file, std::string(fragment)};
  if (use == Use::media || query == "?raw=true" || query == "?download=true")
    out.url += sound(query);
  if (!fragment.empty()) out.url += "#" + sound(fragment);
  return out;
}

/// An address as `escape_html` left it, which has no other entities.
std::string unescaped(std::string_view text) {
  std::string out;
  for (; !text.empty(); text.remove_prefix(1)) {
    if (text.starts_with("&amp;")) {
      text.remove_prefix(4);
      out += '&';
    } else if (text.starts_with("&#39;")) {
      text.remove_prefix(4);
      out += '\'';
    } else {
      out += text.front();
    }
  }
  return out;
}

}  // namespace

std::string_view host_of(std::string_view url) {
  auto slashes = url.find("//");
  if (slashes == url.npos) return {};
  url.remove_prefix(slashes + 2);
  url = url.substr(0, url.find_first_of("/?#\\"));
  if (auto at = url.rfind('@'); at != url.npos) url.remove_prefix(at + 1);
  return url.substr(0, url.find(':'));
}

std::optional<Link> read_link(std::string_view text, std::string_view folder, Use use) {
  if (text.size() > link_bytes_max) return std::nullopt;
  std::string url = cleaned(text);
  if (url.empty()) return std::nullopt;
  if (url.front() == '#') {
    if (use == Use::media) return std::nullopt;
    return Link{Link::Kind::fragment, "#" + sound(url.substr(1)), url.substr(1)};
  }
  // A backslash is a slash to browsers: "/\host" leaves this hub.
  auto slash = [&](std::size_t i) { return i < url.size() && (url[i] == '/' || url[i] == '\\'); };
  if (slash(0) && slash(1)) url = "https://" + url.substr(2);
  std::string scheme = scheme_of(url);
  if (scheme == "http" || scheme == "https") {
    auto rest = url.substr(scheme.size() + 1);
    rest.erase(0, rest.find_first_not_of("/\\"));
    url = scheme + "://" + sound(rest);
    auto hash = url.find('#');
    if (host_of(url).empty()) return std::nullopt;
    return Link{Link::Kind::elsewhere, url, hash == url.npos ? "" : url.substr(hash + 1)};
  }
  if (scheme == "mailto" && use == Use::link)
    return Link{Link::Kind::mail, scheme + ":" + sound(url.substr(scheme.size() + 1)), {}};
  if (!scheme.empty()) return std::nullopt;
  if (slash(0)) {
    auto hash = url.find('#');
    return Link{Link::Kind::here, "/" + sound(url.substr(1)),
                hash == url.npos ? "" : url.substr(hash + 1)};
  }
  return relative(url, folder, use);
}

std::string place_links(std::string_view html, const Places& places) {
  std::string out;
  out.reserve(html.size() + html.size() / 8);
  for (;;) {
    auto at = html.find(mark);
    out += html.substr(0, at);
    if (at == html.npos || at + 1 == html.size()) return out;
    char letter = html[at + 1];
    if (letter == 'p') {
      html.remove_prefix(at + 2);
      auto end = std::min(html.find('"'), html.size());
      if (places.picture) out += places.picture(unescaped(html.substr(0, end)));
      html.remove_prefix(end);
      continue;
    }
    out += letter == 'r' ? places.resolve : letter == 't' ? places.tree : places.blob;
    html.remove_prefix(at + 2);
  }
}

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 16);
  for (char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace cairn::render
