#include "pages/assets.h"
#include "pages/visit.h"

// The guide: docs/guide, which lies in the program.
namespace cairn::pages {
namespace {

struct Chapter {
  std::string_view slug, title;
};
constexpr Chapter chapters[] = {
    {"start", "Start"}, {"upload", "Upload"},           {"download", "Download"},
    {"git", "Git"},     {"large-files", "Large files"}, {"cards", "Cards"},
    {"teams", "Teams"}, {"tokens", "Tokens"},           {"operate", "Operate"}};

const Chapter* find_chapter(std::string_view slug) {
  for (const auto& chapter : chapters)
    if (chapter.slug == slug) return &chapter;
  return nullptr;
}

/// What the guide says of an example hub, said of this one.
std::string about_this_hub(std::string_view markdown, const std::string& url) {
  constexpr std::string_view example = "http://localhost:2247";
  std::string out;
  for (std::size_t at = 0;;) {
    auto found = markdown.find(example, at);
    out += markdown.substr(at, found - at);
    if (found == markdown.npos) return out;
    out += url;
    at = found + example.size();
  }
}

}  // namespace

Task<> docs(Visit& visit) {
  std::string slug(visit.request.rest_path("slug"));
  if (slug.empty()) slug = chapters[0].slug;
  auto* chapter = find_chapter(slug);
  auto* text = chapter ? find_asset("/guide/" + slug + ".md") : nullptr;
  if (!text) co_return visit.missing();
  begin(visit, "docs", std::string(chapter->title));
  json::array list;
  visit.page.first = "<nav>";
  for (const auto& each : chapters) {
    list.push_back(json::object{{"slug", each.slug}, {"title", each.title}});
    visit.page.first +=
        "<a href=\"/docs/" + std::string(each.slug) + "\">" + std::string(each.title) + "</a> ";
  }
  visit.page.page["slug"] = slug;
  visit.page.page["chapters"] = std::move(list);
  visit.page.canonical = "/docs/" + slug;
  visit.page.listed = true;
  render::Source source;
  source.key = "guide " + slug;  // One text per run of the program.
  auto& renderer = visit.services.renderer;
  auto document = renderer.kept(source.key, source.folder, source.pictures);
  if (!document) {
    source.markdown = about_this_hub(text->plain, visit.services.public_url);
    auto made = co_await renderer.render(std::move(source));
    if (!made) co_return visit.failed(made.error());
    document = std::move(*made);
  }
  visit.page.description = document->summary;
  visit.page.contents["card"] = document->headings;
  visit.page.html["card"] = render::place_links(document->html, {});
  visit.page.first += "</nav><article class=\"prose\">" + visit.page.html["card"] + "</article>";
}

}  // namespace cairn::pages
