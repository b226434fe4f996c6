#include "pages/address.h"
#include "pages/card.h"
#include "pages/pages.h"
#include "pages/pictures.h"

namespace cairn::pages {
namespace {

// As long as a text that is edited in a browser; the renderer itself takes more.
constexpr std::uint64_t preview_bytes_max = 1u << 20;

struct Preview {
  std::string text;
  std::optional<std::string> type, id, revision, path;  ///< Where it will lie: links lead there.
};
BOOST_DESCRIBE_STRUCT(Preview, (), (text, type, id, revision, path))

}  // namespace

void add_api_routes(http::Router& router, Services& services) {
  add_picture_route(router, services);
  auto handler = [&services](http::Request& request) -> Task<Result<http::Response>> {
    auto* actor = request.context<account::Actor>();
    if (!actor || !actor->has_user())
      co_return fail(ErrorCode::unauthenticated, "Unauthenticated",
                     "Nobody is signed in. Sign in, or send an access token.");
    CAIRN_CO_TRY(in, co_await request.read_json<Preview>(preview_bytes_max));
    auto kind = parse_repo_kind(in.type.value_or("model")).value_or(RepoKind::model);
    render::Source source;
    source.markdown = std::move(in.text);
    source.who = "user:" + std::to_string(actor->user.value);
    std::string path = in.path.value_or("README.md");
    auto slash = path.rfind('/');
    if (slash != path.npos) source.folder = path.substr(0, slash);
    source.pictures = pictures_of(*services.settings.current());
    CAIRN_CO_TRY(document, co_await services.renderer.render(std::move(source)));
    // The links of names that mean nothing lead nowhere; they are not looked up.
    auto name = repo::parse_repo_name(in.id.value_or("-"));
    std::string html = placed(services, *document, kind, name ? name->text() : "-/-",
                              in.revision.value_or("main"));
    co_return http::json(200, json::value(json::object{{"html", std::move(html)},
                                                       {"contents", to_json(document->headings)},
                                                       {"truncated", document->truncated}}));
  };
  router.add({.method = http::Method::post,
              .pattern = "/api/-/v1/render",
              .operation = "page.render",
              .summary = "Markdown as the pages show it.",
              .scope = "read",
              .access = "signed_in",
              .body_bytes_max = preview_bytes_max + (64u << 10),
              .handler = handler,
              .request_schema = json_schema<Preview>()});
}

}  // namespace cairn::pages
