#include "pages/card.h"

#include "base/text.h"

namespace cairn::pages {
namespace {

constexpr std::string_view public_hub = "https://huggingface.co/";
constexpr std::size_t looked_up_max = 100;  // Names in one card; more links stay as they are.

struct Named {
  RepoKind kind;
  std::string name, rest;  ///< "owner/name", and "/tree/main".
};
/// The repository that a path of the public hub may name.
std::optional<Named> named_by(std::string_view path) {
  Named out{RepoKind::model, "", ""};
  for (RepoKind kind : page_kinds) {
    auto prefix = repo::url_prefix(kind);
    if (prefix.empty() || !path.starts_with(prefix)) continue;
    out.kind = kind;
    path.remove_prefix(prefix.size());
  }
  auto slash = path.find('/');
  if (slash == path.npos) return std::nullopt;
  auto end = std::min(path.find_first_of("/?#", slash + 1), path.size());
  auto name = repo::parse_repo_name(path.substr(0, end));
  if (!name) return std::nullopt;
  out.name = name->text();
  out.rest = path.substr(end);
  return out;
}

}  // namespace

render::Pictures pictures_of(const settings::Values& rules) {
  switch (rules.external_images) {
    case settings::ExternalImages::ask:
      return render::Pictures::ask;
    case settings::ExternalImages::proxy:
      return render::Pictures::proxy;
    case settings::ExternalImages::allow:
      return render::Pictures::allow;
  }
  return render::Pictures::ask;
}

Task<render::DocumentRef> render_file(Visit& visit, repo::RepoRef repo, std::string revision,
                                      std::string path) {
  auto& services = visit.services;
  auto content = services.files.cached_content(*repo, revision, path);
  if (!content) {
    auto found = co_await services.files.raw(repo, revision, path);
    if (!found) co_return nullptr;
    content = std::move(*found);
  }
  if (!content->blob || content->entry.lfs) co_return nullptr;
  render::Source source;
  source.key = content->entry.oid.hex();
  auto slash = path.rfind('/');
  if (slash != path.npos) source.folder = path.substr(0, slash);
  source.pictures = pictures_of(*services.settings.current());
  if (auto known = services.renderer.kept(source.key, source.folder, source.pictures))
    co_return known;
  source.markdown = *content->blob;
  auto made = co_await services.renderer.render(std::move(source));
  co_return made ? std::move(*made) : nullptr;
}

std::string placed(const Services& services, const render::Document& document, RepoKind kind,
                   std::string_view name, std::string_view revision) {
  render::Places places;
  places.blob = address_in(kind, name, "blob", revision, "");
  places.tree = address_in(kind, name, "tree", revision, "");
  places.resolve = address_in(kind, name, "resolve", revision, "");
  places.picture = [&](std::string_view url) { return services.pictures.address(url); };
  return render::place_links(document.html, places);
}

Task<std::string> with_links_home(Visit& visit, std::string html) {
  std::string start = "href=\"" + std::string(public_hub), out;
  std::size_t done = 0, looked_up = 0;
  for (auto at = html.find(start); at != html.npos; at = html.find(start, at + 1)) {
    auto url = at + std::string_view("href=\"").size(), end = html.find('"', url);
    if (end == html.npos || ++looked_up > looked_up_max) break;
    auto link = html.substr(url, end - url);
    auto named = named_by(std::string_view(link).substr(public_hub.size()));
    if (!named) continue;
    auto& repos = visit.services.repos;
    auto found = repos.cached_find(visit.actor(), named->kind, named->name, access::Action::see);
    if (!found)
      found = co_await repos.find(visit.actor(), named->kind, named->name, access::Action::see);
    if (!*found) continue;
    out += html.substr(done, url - done) + repo_address(named->kind, (*found)->repo->name) +
           named->rest + "\" title=\"" + link;
    done = end;
  }
  co_return done == 0 ? std::move(html) : out + html.substr(done);
}

std::string short_summary(const render::Document& document) {
  constexpr std::size_t bytes_max = 160;
  const auto& text = document.summary;
  if (text.size() <= bytes_max) return text;
  std::string cut(truncate_utf8(text, bytes_max - 3));
  if (auto space = cut.rfind(' '); space != cut.npos && space > bytes_max / 2) cut.resize(space);
  return cut + "…";
}

}  // namespace cairn::pages
