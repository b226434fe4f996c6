#include "pages/assets.h"
#include "pages/visit.h"

// The guide: docs/guide, which lies in the program.
namespace cairn::pages {
namespace {

struct Chapter {
  std::string_view slug, title;
};
constexpr Chapter chapters[] = {
    {"start", "First steps"}, {"upload", "Upload"},           {"download", "Download"},
    {"git", "Git"},           {"large-files", "Large files"}, {"cards", "Cards"},
    {"teams", "Teams"},       {"tokens", "Tokens"},           {"operate", "Operate"}};

/// The reference is drawn by the app, from the API's own description.
constexpr Chapter reference{"api", "API"};

const Chapter* find_chapter(std::string_view slug) {
  for (const auto& chapter : chapters)
    if (chapter.slug == slug) return &chapter;
  return slug == reference.slug ? &reference : nullptr;
}

/// Where one is and could go on to, for the app and for readers without it.
void place(Visit& visit, const Chapter& chapter) {
  json::array list;
  visit.page.first = "<nav>";
  auto add = [&](const Chapter& each) {
    list.push_back(json::object{{"slug", each.slug}, {"title", each.title}});
    visit.page.first +=
        "<a href=\"/docs/" + std::string(each.slug) + "\">" + std::string(each.title) + "</a> ";
  };
  for (const auto& each : chapters) add(each);
  add(reference);
  visit.page.first += "</nav>";
  visit.page.page["slug"] = chapter.slug;
  visit.page.page["chapters"] = std::move(list);
  visit.page.canonical = "/docs/" + std::string(chapter.slug);
  visit.page.listed = true;
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
  if (!chapter) co_return visit.missing();
  begin(visit, "docs", std::string(chapter->title));
  place(visit, *chapter);
  if (chapter == &reference) {
    visit.page.description = "The addresses by which programs speak to this hub.";
    visit.page.first +=
        "<article class=\"prose\"><h1>API</h1><p>For machines, and for readers without this page's "
        "program: <a href=\"/api/openapi.json\">OpenAPI 3.1</a>.</p></article>";
    co_return;
  }
  auto* text = find_asset("/guide/" + slug + ".md");
  if (!text) co_return visit.missing();
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
  visit.page.first += "<article class=\"prose\">" + visit.page.html["card"] + "</article>";
}

}  // namespace cairn::pages
