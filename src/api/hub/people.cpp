#include "api/hub/encode.h"
#include "base/text.h"

// Users and organizations as others see them (hub-api.md, section 11.5).
namespace cairn::api::hub {
namespace {

/// Names are at most 42 characters; longer words find nobody.
constexpr std::size_t search_bytes_max = 200;

void add_figures(json::object& out, const community::OwnerFigures& figures) {
  out["numModels"] = figures.models;
  out["numDatasets"] = figures.datasets;
  out["numSpaces"] = figures.spaces;
  out["numKernels"] = figures.kernels;
}

json::object organization_json(const Services& services, const account::Organization& in) {
  return {{"_id", in.public_id.hex},
          {"type", "org"},
          {"name", in.name},
          {"fullname", in.full_name},
          {"avatarUrl", avatar_url(services, in)},
          {"isEnterprise", in.plan == account::Plan::enterprise},
          {"plan", json::string_view(account::to_string(in.plan))}};
}

http::Handler user_handler(Services& services) {
  return http::Handler([&services](http::Request& request) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(found, co_await services.community.people.user(
                            actor_of(request), std::string(request.param("user"))));
    auto out = user_json(services, found.user);
    out["createdAt"] = to_rfc3339(found.user.created_at);
    add_figures(out, found.figures);
    out["numLikes"] = found.likes;
    out["numDiscussions"] = found.discussions;
    // Nobody can be followed yet.
    for (const char* key : {"numPapers", "numUpvotes", "numFollowers", "numFollowing"})
      out[key] = 0;
    out["isFollowing"] = false;
    json::array organizations;
    for (const auto& membership : found.organizations)
      organizations.push_back(organization_json(services, membership.organization));
    out["orgs"] = std::move(organizations);
    co_return http::json(200, json::value(std::move(out)));
  });
}

http::Handler organization_handler(Services& services) {
  return http::Handler([&services](http::Request& request) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(found, co_await services.community.people.organization(
                            actor_of(request), std::string(request.param("org"))));
    auto out = organization_json(services, found.organization);
    out["createdAt"] = to_rfc3339(found.organization.created_at);
    add_figures(out, found.figures);
    out["numUsers"] = found.members;
    out["numFollowers"] = 0;
    out["numPapers"] = 0;
    out["isVerified"] = false;
    out["isFollowing"] = false;
    if (found.role) out["roleInOrg"] = json::string_view(account::to_string(*found.role));
    co_return http::json(200, json::value(std::move(out)));
  });
}

Result<community::MemberQuery> member_query(const Services&, const http::Request& request) {
  community::MemberQuery query;
  CAIRN_TRY(limit, limit_of(request, 100, 500));
  query.limit = limit;
  query.search = std::string(request.query("search").value_or(""));
  query.after_key = std::string(request.query("cursor").value_or(""));
  for (const auto* text : {&query.search, &query.after_key})
    if (text->size() > search_bytes_max || !is_valid_utf8(*text) || text->contains('\0'))
      return fail(ErrorCode::invalid_argument, "InvalidQuery",
                  "`search` and `cursor` are texts of at most 200 bytes.");
  return query;
}

http::Handler members_handler(Services& services) {
  return http::Handler([&services](http::Request& request) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(query, member_query(services, request));
    CAIRN_CO_TRY(page, co_await services.community.people.members(
                           actor_of(request), std::string(request.param("org")), query));
    json::array out;
    for (const auto& member : page.members) {
      auto item = user_json(services, member.user);
      item["role"] = json::string_view(account::to_string(member.role));
      item["isFollowing"] = false;
      if (page.shows_emails && member.user.email) item["email"] = *member.user.email;
      out.push_back(std::move(item));
    }
    auto response = http::json(200, json::value(std::move(out)));
    if (page.next_key) add_next_link(response, request, services, *page.next_key);
    co_return response;
  });
}

/// Of something that nobody has yet: an empty list or object, for those who exist.
http::Handler nothing_handler(Services& services, std::string param, OwnerKind kind,
                              json::value nothing) {
  return http::Handler([&services, param = std::move(param), kind,
                        nothing](http::Request& request) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(owner,
                 co_await services.community.people.owner(std::string(request.param(param))));
    if (owner.kind != kind)
      co_return kind == OwnerKind::user
          ? fail(ErrorCode::not_found, "UserNotFound", "There is no user of this name.")
          : fail(ErrorCode::not_found, "OrganizationNotFound",
                 "There is no organization of this name.");
    co_return http::json(200, nothing);
  });
}

}  // namespace

void add_people_routes(http::Router& router, Services& services) {
  auto add = [&](std::string pattern, std::string operation, std::string summary,
                 http::Handler handler) {
    router.add({.method = http::Method::get,
                .pattern = std::move(pattern),
                .operation = std::move(operation),
                .summary = std::move(summary),
                .access = "everyone",
                .handler = std::move(handler)});
  };
  const std::string users = "/api/users/{user}", orgs = "/api/organizations/{org}";
  add(users + "/overview", "user.overview", "A user as others see them.", user_handler(services));
  add(orgs + "/overview", "organization.overview", "An organization as others see it.",
      organization_handler(services));
  add(orgs + "/members", "organization.members", "Members of an organization, by name.",
      members_handler(services));
  for (const char* list : {"followers", "following"})
    add(users + "/" + list, std::string("user.") + list, "Nobody, until people can be followed.",
        nothing_handler(services, "user", OwnerKind::user, json::array()));
  add(orgs + "/followers", "organization.followers", "Nobody, until people can be followed.",
      nothing_handler(services, "org", OwnerKind::organization, json::array()));
}

}  // namespace cairn::api::hub
