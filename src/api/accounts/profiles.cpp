#include "api/accounts/parts.h"

namespace cairn::api::accounts {
namespace {

struct ProfileIn {
  std::optional<std::string> fullname, details, homepage, email, defaultVisibility;
  std::optional<std::map<std::string, std::string>> socials;
};
BOOST_DESCRIBE_STRUCT(ProfileIn, (),
                      (fullname, details, homepage, email, defaultVisibility, socials))

Result<people::ProfileChange> read_change(const ProfileIn& in) {
  people::ProfileChange out;
  out.full_name = in.fullname;
  out.details = in.details;
  out.homepage = in.homepage;
  out.socials = in.socials;
  if (in.defaultVisibility) {
    out.default_visibility = parse_visibility(*in.defaultVisibility);
    if (!out.default_visibility || *out.default_visibility == Visibility::protected_)
      return fail(ErrorCode::invalid_argument, "InvalidVisibility",
                  "The visibility of new repositories is public or private.")
          .with("field", "defaultVisibility");
  }
  return out;
}

/// "me" where the path names nobody.
std::string owner_name(const http::Request& request, const Actor& actor) {
  std::string name(request.param("name"));
  return name.empty() ? actor.user_name : name;
}

/// Whose picture or handles are asked for: a name, or the 24 digits of an id.
Result<hub::Owner> find_named(db::Tx& tx, const std::string& name, std::optional<OwnerKind> kind) {
  auto id = parse_public_id(name);
  auto owner = id ? hub::find_owner(tx, *id) : hub::find_owner(tx, name);
  if (owner && (!kind || owner->kind == *kind)) return owner;
  return fail(ErrorCode::not_found, kind == OwnerKind::user ? "UserNotFound" : "OwnerNotFound",
              "There is no such account. Check the name for typing mistakes.");
}

void add_own_routes(http::Router& router, Services& services, bool of_organization) {
  using http::Method;
  std::string path = of_organization ? "/organizations/{name}" : "/me";
  std::string noun = of_organization ? "organization" : "account";

  auto look = [&services, of_organization](http::Request& request,
                                           Actor actor) -> Task<Result<http::Response>> {
    if (!of_organization) CAIRN_CO_CHECK(access::check_own(actor));
    auto name = owner_name(request, actor);
    auto read = [name, of_organization](db::Tx& tx) -> Result<people::Profile> {
      CAIRN_TRY(owner,
                find_named(tx, name, of_organization ? OwnerKind::organization : OwnerKind::user));
      return people::find_profile(tx, owner.id);
    };
    CAIRN_CO_TRY(profile, co_await services.database.read(read));
    auto out = profile_json(services, profile);
    if (!of_organization) {
      auto self = [user = actor.user](db::Tx& tx) { return hub::find_user(tx, user); };
      CAIRN_CO_TRY(user, co_await services.database.read(self));
      for (auto& [key, value] : user_json(services, user)) out[key] = value;
    }
    co_return http::json(200, json::value(std::move(out)));
  };
  add(router, {.method = Method::get,
               .path = path,
               .operation = noun + ".profile",
               .summary = of_organization ? "An organization's profile." : "One's own account.",
               .scope = of_organization ? "none" : "read",
               .access = of_organization ? "everyone" : "account.read",
               .handler = look});

  auto change = [&services, of_organization](http::Request& request,
                                             Actor actor) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(in, co_await request.read_json<ProfileIn>());
    CAIRN_CO_TRY(wanted, read_change(in));
    CAIRN_CO_CHECK(check_signed_in(actor));
    if (in.email && !of_organization)
      CAIRN_CO_CHECK(co_await services.people.change_email(actor, *in.email));
    CAIRN_CO_TRY(profile, co_await services.people.change_profile(actor, owner_name(request, actor),
                                                                  std::move(wanted)));
    co_return http::json(200, json::value(profile_json(services, profile)));
  };
  add(router, {.method = Method::patch,
               .path = path,
               .operation = noun + ".change",
               .summary = "Change a profile; what is left out stays.",
               .scope = "write",
               .access = of_organization ? "owner.manage" : "account",
               .handler = change,
               .request_schema = json_schema<ProfileIn>()});

  auto set_avatar = [&services](http::Request& request,
                                Actor actor) -> Task<Result<http::Response>> {
    CAIRN_CO_CHECK(check_signed_in(actor));
    CAIRN_CO_TRY(image, co_await request.read_all(people::avatar_upload_bytes_max));
    CAIRN_CO_TRY(profile, co_await services.people.set_avatar(actor, owner_name(request, actor),
                                                              std::move(image)));
    co_return http::json(200, json::value(profile_json(services, profile)));
  };
  add(router, {.method = Method::put,
               .path = path + "/avatar",
               .operation = noun + ".avatar.set",
               .summary = "A picture, PNG, JPEG or GIF, as the body.",
               .scope = "write",
               .access = of_organization ? "owner.manage" : "account",
               .handler = set_avatar,
               .body_bytes_max = people::avatar_upload_bytes_max});

  auto drop_avatar = [&services](http::Request& request,
                                 Actor actor) -> Task<Result<http::Response>> {
    CAIRN_CO_CHECK(check_signed_in(actor));
    CAIRN_CO_TRY(profile,
                 co_await services.people.remove_avatar(actor, owner_name(request, actor)));
    co_return http::json(200, json::value(profile_json(services, profile)));
  };
  add(router, {.method = Method::delete_,
               .path = path + "/avatar",
               .operation = noun + ".avatar.remove",
               .summary = "Back to the drawn picture.",
               .scope = "write",
               .access = of_organization ? "owner.manage" : "account",
               .handler = drop_avatar});
}

/// Routes of the reference, 11.5: where a picture is, or the way there.
void add_avatar_lookup(http::Router& router, Services& services, std::string pattern,
                       std::optional<OwnerKind> kind, std::string operation) {
  auto look = [&services, kind](http::Request& request, Actor) -> Task<Result<http::Response>> {
    std::string name(request.param("name"));
    auto read = [name, kind](db::Tx& tx) { return find_named(tx, name, kind); };
    CAIRN_CO_TRY(owner, co_await services.database.read(read));
    auto url = avatar_url(services, owner);
    if (request.query_flag("redirect") || request.header("Sec-Fetch-Dest") == "image")
      co_return http::redirect(307, url);
    co_return http::json(200, json::value(json::object{{"avatarUrl", url}}));
  };
  add(router, {.method = http::Method::get,
               .path = std::move(pattern),
               .operation = std::move(operation),
               .summary = "Where the picture of an account is.",
               .scope = "none",
               .access = "everyone",
               .handler = look});
}

void add_socials_lookup(http::Router& router, Services& services, std::string pattern,
                        OwnerKind kind, std::string operation) {
  auto look = [&services, kind](http::Request& request, Actor) -> Task<Result<http::Response>> {
    std::string name(request.param("name"));
    auto read = [name, kind](db::Tx& tx) -> Result<people::Profile> {
      CAIRN_TRY(owner, find_named(tx, name, kind));
      return people::find_profile(tx, owner.id);
    };
    CAIRN_CO_TRY(profile, co_await services.database.read(read));
    co_return http::json(200,
                         json::value(json::object{{"_id", profile.owner.public_id.hex},
                                                  {"socialHandles", to_json(profile.socials)}}));
  };
  add(router, {.method = http::Method::get,
               .path = std::move(pattern),
               .operation = std::move(operation),
               .summary = "Handles of an account in other networks.",
               .scope = "none",
               .access = "everyone",
               .handler = look});
}

}  // namespace

void add_profile_routes(http::Router& router, Services& services) {
  add_own_routes(router, services, false);
  add_own_routes(router, services, true);
  add_avatar_lookup(router, services, "/api/users/{name}/avatar", OwnerKind::user, "user.avatar");
  add_avatar_lookup(router, services, "/api/organizations/{name}/avatar", OwnerKind::organization,
                    "organization.avatar");
  add_avatar_lookup(router, services, "/api/avatars/{name}", std::nullopt, "owner.avatar");
  add_socials_lookup(router, services, "/api/users/{name}/socials", OwnerKind::user,
                     "user.socials");
  add_socials_lookup(router, services, "/api/organizations/{name}/socials", OwnerKind::organization,
                     "organization.socials");

  auto picture = [&services](http::Request& request, Actor) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(id, parse_public_id(request.param("id")));
    auto read = [id](db::Tx& tx) -> Result<std::optional<people::Avatar>> {
      return people::find_avatar(tx, id);
    };
    CAIRN_CO_TRY(avatar, co_await services.database.read(read));
    if (!avatar)
      co_return fail(ErrorCode::not_found, "AvatarNotFound", "This account has no picture.");
    auto response = http::text(200, avatar->png, "image/png");
    // The URL names the version; an address without it is asked again.
    bool named = request.query("v") == avatar->digest;
    response.headers.set("Cache-Control",
                         named ? "public, max-age=31536000, immutable" : "public, max-age=300");
    response.headers.set("Content-Security-Policy", "default-src 'none'");
    response.headers.set("X-Content-Type-Options", "nosniff");
    co_return response;
  };
  add(router, {.method = http::Method::get,
               .path = "/avatars/{id}.png",
               .operation = "owner.picture",
               .summary = "The picture of an account.",
               .scope = "none",
               .access = "everyone",
               .handler = picture});
}

}  // namespace cairn::api::accounts
