#include "api/hub/encode.h"

// Likes (hub-api.md, sections 3 and 4.3).
namespace cairn::api::hub {
namespace {

std::optional<std::string> cursor_of(const http::Request& request) {
  auto cursor = request.query("cursor");
  if (!cursor) return std::nullopt;
  return std::string(*cursor);
}

RepoHandler likers_handler(Services& services) {
  return [&services](http::Request& request, account::Actor,
                     repo::RepoRef repo) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(limit, limit_of(request, 100, 1000));
    CAIRN_CO_TRY(page, co_await services.community.likes.likers(repo, limit, cursor_of(request)));
    json::array out;
    for (const auto& liker : page.items) {
      auto item = user_json(services, liker.user);
      item["likedAt"] = to_rfc3339(liker.created_at);
      out.push_back(std::move(item));
    }
    auto response = http::json(200, json::value(std::move(out)));
    if (page.next) add_next_link(response, request, services, *page.next);
    co_return response;
  };
}

http::Handler liked_handler(Services& services) {
  return http::Handler([&services](http::Request& request) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(limit, limit_of(request, 100, 1000));
    CAIRN_CO_TRY(page, co_await services.community.likes.liked(actor_of(request),
                                                               std::string(request.param("user")),
                                                               limit, cursor_of(request)));
    json::array out;
    for (const auto& liked : page.items)
      out.push_back(json::object{
          {"createdAt", to_rfc3339(liked.created_at)},
          {"repo", json::object{{"name", liked.repo.name},
                                {"type", json::string_view(to_string(liked.repo.kind))}}}});
    auto response = http::json(200, json::value(std::move(out)));
    if (page.next) add_next_link(response, request, services, *page.next);
    co_return response;
  });
}

RepoHandler change_handler(Services& services, bool give) {
  return [&services, give](http::Request&, account::Actor actor,
                           repo::RepoRef repo) -> Task<Result<http::Response>> {
    auto& likes = services.community.likes;
    if (give) {
      CAIRN_CO_CHECK(co_await likes.like(actor, repo));
    } else {
      CAIRN_CO_CHECK(co_await likes.unlike(actor, repo));
    }
    co_return http::json(200, json::value(json::object{{"success", true}}));
  };
}

}  // namespace

void add_like_routes(http::Router& router, Services& services) {
  using http::Method;
  for (RepoKind kind : all_kinds) {
    router.add(
        {.method = Method::post,
         .pattern = api_path(kind, "/like"),
         .operation = "repo.like",
         .summary = "Likes a repository.",
         .scope = "write",
         .access = "repo.discuss",
         .handler = on_repo(services, kind, access::Action::see, change_handler(services, true))});
    router.add(
        {.method = Method::delete_,
         .pattern = api_path(kind, "/like"),
         .operation = "repo.unlike",
         .summary = "Takes a like back.",
         .scope = "write",
         .access = "repo.discuss",
         .handler = on_repo(services, kind, access::Action::see, change_handler(services, false))});
    router.add({.method = Method::get,
                .pattern = api_path(kind, "/likers"),
                .operation = "repo.likers",
                .summary = "Who likes a repository, newest first.",
                .handler = on_repo(services, kind, access::Action::see, likers_handler(services))});
  }
  router.add({.method = Method::get,
              .pattern = "/api/users/{user}/likes",
              .operation = "user.likes",
              .summary = "What somebody likes, newest first.",
              .access = "everyone",
              .handler = liked_handler(services)});
}

}  // namespace cairn::api::hub
