#include "pages/address.h"

namespace cairn::pages {

std::string segment(std::string_view text) {
  constexpr std::string_view hex = "0123456789ABCDEF", marks = "-_.!~*'()";
  std::string out;
  for (char c : text) {
    auto u = static_cast<unsigned char>(c);
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 marks.find(c) != marks.npos;
    if (plain) {
      out += c;
    } else {
      out += '%';
      out += hex[u >> 4];
      out += hex[u & 15];
    }
  }
  return out;
}

std::string encoded_path(std::string_view path) {
  std::string out;
  for (std::size_t at = 0;;) {
    auto end = std::min(path.find('/', at), path.size());
    out += segment(path.substr(at, end - at));
    if (end == path.size()) return out;
    out += '/';
    at = end + 1;
  }
}

std::string repo_address(RepoKind kind, std::string_view name) {
  return "/" + std::string(repo::url_prefix(kind)) + std::string(name);
}

std::string address_in(RepoKind kind, std::string_view name, std::string_view verb,
                       std::string_view revision, std::string_view path) {
  std::string out = repo_address(kind, name) + "/" + std::string(verb) + "/" + segment(revision);
  return path.empty() ? out : out + "/" + encoded_path(path);
}

bool is_local(std::string_view address) {
  // "//host" and "/\host" are other hosts to a browser.
  return address.starts_with('/') && !address.starts_with("//") && !address.starts_with("/\\");
}

std::string login_address(std::string_view next) {
  return next == "/" ? "/login" : "/login?next=" + segment(next);
}

}  // namespace cairn::pages
