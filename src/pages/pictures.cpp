#include "pages/pictures.h"

namespace cairn::pages {
namespace {

std::string who_of(const account::Actor* actor) {
  if (!actor) return "";
  return actor->has_user() ? "user:" + std::to_string(actor->user.value) : actor->address;
}

http::Response response_of(const pictures::Picture& picture) {
  http::Response out;
  out.headers.set("Content-Type", std::string(picture.type));
  // An SVG that is opened by itself runs nothing here and asks nobody.
  out.headers.set("Content-Security-Policy",
                  "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:");
  out.headers.set("X-Content-Type-Options", "nosniff");
  out.headers.set("Cross-Origin-Resource-Policy", "same-origin");
  out.headers.set("Cache-Control", "private, max-age=86400");
  out.body = picture.bytes;
  return out;
}

}  // namespace

void add_picture_route(http::Router& router, Services& services) {
  auto handler = [&services](http::Request& request) -> Task<Result<http::Response>> {
    std::string url(request.query("url").value_or(""));
    if (services.settings.current()->external_images != settings::ExternalImages::proxy)
      co_return fail(ErrorCode::not_found, "NotFound",
                     "This hub shows no pictures of other hosts by itself.");
    CAIRN_CO_TRY(picture, co_await services.pictures.get(
                              std::string(request.param("signature")), std::move(url),
                              who_of(request.context<account::Actor>())));
    co_return response_of(*picture);
  };
  router.add({.method = http::Method::get,
              .pattern = "/-/pictures/{signature}",
              .operation = "page.picture",
              .summary = "A picture of another host that a card shows; pages have its address.",
              .access = "page",
              .handler = handler,
              .query = {{"url", "The picture's address, as it was signed."}}});
}

}  // namespace cairn::pages
