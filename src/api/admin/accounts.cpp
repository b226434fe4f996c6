#include "api/admin/handler.h"
#include "base/names.h"

namespace cairn::api::admin {
namespace {

struct UserIn {
  std::string name;
  std::optional<std::string> fullname, email;
  std::optional<bool> admin;
};
BOOST_DESCRIBE_STRUCT(UserIn, (), (name, fullname, email, admin))

struct OrganizationIn {
  std::string name;
  std::optional<std::string> fullname, email, admin;
};
BOOST_DESCRIBE_STRUCT(OrganizationIn, (), (name, fullname, email, admin))

struct MemberIn {
  std::string role;
};
BOOST_DESCRIBE_STRUCT(MemberIn, (), (role))

struct PasswordIn {
  std::string password;
};
BOOST_DESCRIBE_STRUCT(PasswordIn, (), (password))

struct TokenIn {
  std::optional<std::string> name, role, expires_at;
  std::optional<std::string> value;  ///< Given at the machine itself only, for migrations.
};
BOOST_DESCRIBE_STRUCT(TokenIn, (), (name, role, expires_at, value))

json::object user_json(const account::User& user) {
  json::object out{{"name", user.name},
                   {"id", user.public_id.hex},
                   {"fullname", user.full_name},
                   {"admin", user.is_admin},
                   {"password", user.has_password},
                   {"created", to_rfc3339(user.created_at)},
                   {"state", user.disabled_at   ? "disabled"
                             : user.must_verify ? "unverified"
                                                : "active"}};
  if (user.email) out["email"] = *user.email;
  return out;
}

/// A change of one user, by name, in one transaction.
using UserChange = std::function<Result<>(db::Tx&, const account::User&)>;
AdminHandler change_user(Services& services, UserChange change) {
  return [&services, change](http::Request& request, account::Actor) -> Task<Result<json::value>> {
    std::string name(request.param("name"));
    auto run = [name, change](db::Tx& tx) -> Result<account::User> {
      CAIRN_TRY(user, account::find_user(tx, name));
      CAIRN_CHECK(change(tx, user));
      return user;
    };
    CAIRN_CO_TRY(user, co_await services.database.write(run));
    co_return json::value(json::object{{"name", user.name}, {"done", true}});
  };
}

AdminHandler restore_user(Services& services) {
  return [&services](http::Request& request, account::Actor) -> Task<Result<json::value>> {
    std::string name(request.param("name"));
    auto restore = [&services, name](db::Tx& tx) -> Result<std::string> {
      CAIRN_TRY(owner, services.accounts.restore_owner(tx, name));
      services.repos.owner_changed(tx, owner.id);
      return owner.name;
    };
    CAIRN_CO_TRY(restored, co_await services.database.write(restore));
    co_return json::value(json::object{{"name", restored}, {"done", true}});
  };
}

AdminHandler create_user(Services& services) {
  return [&services](http::Request& request, account::Actor) -> Task<Result<json::value>> {
    CAIRN_CO_TRY(in, co_await request.read_json<UserIn>());
    auto make = [in](db::Tx& tx) -> Result<account::User> {
      account::NewUser wanted;
      wanted.name = in.name;
      wanted.full_name = in.fullname;
      wanted.email = in.email;
      wanted.is_admin = in.admin.value_or(false);
      return account::create_user(tx, wanted);
    };
    CAIRN_CO_TRY(user, co_await services.database.write(make));
    co_return json::value(user_json(user));
  };
}

AdminHandler list_users(Services& services) {
  return [&services](http::Request& request, account::Actor) -> Task<Result<json::value>> {
    std::string after(request.query("after").value_or(""));
    auto read = [after](db::Tx& tx) -> Result<std::vector<account::User>> {
      return account::list_users(tx, {.limit = page_max, .after_key = after});
    };
    CAIRN_CO_TRY(users, co_await services.database.read(read));
    json::array out;
    for (const auto& user : users) out.push_back(user_json(user));
    co_return page(std::move(out), users.empty() ? "" : name_key(users.back().name));
  };
}

AdminHandler create_token(Services& services) {
  return [&services](http::Request& request, account::Actor actor) -> Task<Result<json::value>> {
    CAIRN_CO_TRY(in, co_await request.read_json<TokenIn>());
    if (in.value && !actor.is_system())
      co_return fail(ErrorCode::forbidden, "Forbidden",
                     "The value of a token is given at the hub's own machine: cairn admin …");
    std::string user_name(request.param("name"));
    account::NewToken wanted;
    wanted.name = in.name.value_or("made by the operator");
    auto role = account::parse_token_role(in.role.value_or("write"));
    if (!role)
      co_return fail(ErrorCode::invalid_argument, "InvalidToken",
                     "The role of a token is read or write.");
    wanted.role = *role;
    if (in.expires_at) {
      CAIRN_CO_TRY(time, parse_rfc3339(*in.expires_at));
      wanted.expires_at = time;
    }
    wanted.value = in.value;
    auto make = [user_name, wanted](db::Tx& tx) -> Result<account::CreatedToken> {
      CAIRN_TRY(user, account::find_user(tx, user_name));
      return account::create_token(tx, user.id, wanted);
    };
    CAIRN_CO_TRY(made, co_await services.database.write(make));
    co_return json::value(json::object{{"user", user_name},
                                       {"name", made.token.name},
                                       {"role", json::string_view(to_string(made.token.role))},
                                       {"value", made.value}});
  };
}

AdminHandler set_password(Services& services) {
  return [&services](http::Request& request, account::Actor) -> Task<Result<json::value>> {
    CAIRN_CO_TRY(in, co_await request.read_json<PasswordIn>());
    std::string name(request.param("name"));
    auto find = [name](db::Tx& tx) { return account::find_user(tx, name); };
    CAIRN_CO_TRY(user, co_await services.database.read(find));
    CAIRN_CO_CHECK(co_await services.accounts.set_password(user.id, in.password));
    co_return json::value(json::object{{"name", user.name}, {"done", true}});
  };
}

AdminHandler create_organization(Services& services) {
  return [&services](http::Request& request, account::Actor) -> Task<Result<json::value>> {
    CAIRN_CO_TRY(in, co_await request.read_json<OrganizationIn>());
    auto make = [in](db::Tx& tx) -> Result<account::Organization> {
      account::NewOrganization wanted;
      wanted.name = in.name;
      wanted.full_name = in.fullname;
      wanted.email = in.email;
      if (in.admin) {
        CAIRN_TRY(user, account::find_user(tx, *in.admin));
        wanted.admin = user.id;
      }
      return account::create_organization(tx, wanted);
    };
    CAIRN_CO_TRY(made, co_await services.database.write(make));
    co_return json::value(json::object{{"name", made.name}, {"id", made.public_id.hex}});
  };
}

AdminHandler list_organizations(Services& services) {
  return [&services](http::Request& request, account::Actor) -> Task<Result<json::value>> {
    std::string after(request.query("after").value_or(""));
    auto read = [after](db::Tx& tx) -> Result<std::vector<account::Organization>> {
      return account::list_organizations(tx, {.limit = page_max, .after_key = after});
    };
    CAIRN_CO_TRY(found, co_await services.database.read(read));
    json::array out;
    for (const auto& o : found)
      out.push_back(json::object{{"name", o.name},
                                 {"id", o.public_id.hex},
                                 {"fullname", o.full_name},
                                 {"created", to_rfc3339(o.created_at)}});
    co_return page(std::move(out), found.empty() ? "" : name_key(found.back().name));
  };
}

AdminHandler set_member(Services& services) {
  return [&services](http::Request& request, account::Actor) -> Task<Result<json::value>> {
    CAIRN_CO_TRY(in, co_await request.read_json<MemberIn>());
    std::string organization(request.param("name")), member(request.param("user"));
    auto role = account::parse_role(in.role);
    if (!role && in.role != "none")
      co_return fail(ErrorCode::invalid_argument, "InvalidRole",
                     "A role is admin, write, contributor, read, or none to remove the member.");
    auto change = [=](db::Tx& tx) -> Result<> {
      CAIRN_TRY(org, account::find_organization(tx, organization));
      CAIRN_TRY(user, account::find_user(tx, member));
      if (!role) return account::remove_member(tx, org.id, user.id);
      return account::set_member(tx, org.id, user.id, *role);
    };
    CAIRN_CO_CHECK(co_await services.database.write(change));
    co_return json::value(
        json::object{{"organization", organization}, {"user", member}, {"role", in.role}});
  };
}

AdminHandler apply(Services& services) {
  return [&services](http::Request& request, account::Actor) -> Task<Result<json::value>> {
    CAIRN_CO_TRY(text, co_await request.read_all(account::apply_bytes_max));
    CAIRN_CO_TRY(summary, co_await services.accounts.apply(std::move(text)));
    auto forget = [&services](db::Tx& tx) -> Result<> {
      services.repos.forget_everything_after_commit(tx);
      return {};
    };
    CAIRN_CO_CHECK(co_await services.database.write(forget));
    co_return to_json(summary);
  };
}

}  // namespace

void add_account_routes(http::Router& router, Services& services) {
  const AdminRoutes add(router, services);
  using http::Method;
  add(Method::get, "/users", "users.list", "Users.", list_users(services));
  add(Method::post, "/users", "users.create", "Make a user.", create_user(services));
  add(Method::post, "/users/{name}/disable", "users.disable", "Stop a user, keep everything.",
      change_user(services, [&services](db::Tx& tx, const account::User& user) {
        return services.accounts.disable_user(tx, user.id);
      }));
  add(Method::post, "/users/{name}/enable", "users.enable", "Let a user act again.",
      change_user(services, [&services](db::Tx& tx, const account::User& user) {
        return services.accounts.enable_user(tx, user.id);
      }));
  add(Method::delete_, "/users/{name}", "users.delete", "Delete a user.",
      change_user(services, [&services](db::Tx& tx, const account::User& user) {
        services.repos.owner_changed(tx, owner_of(user.id));
        return services.accounts.delete_owner(tx, owner_of(user.id), std::nullopt);
      }));
  add(Method::post, "/users/{name}/restore", "users.restore", "Bring a deleted user back.",
      restore_user(services));
  add(Method::put, "/users/{name}/password", "users.password", "Set a password.",
      set_password(services));
  add(Method::post, "/users/{name}/tokens", "users.token", "Make a token; shown once.",
      create_token(services));
  add(Method::get, "/organizations", "organizations.list", "Organizations.",
      list_organizations(services));
  add(Method::post, "/organizations", "organizations.create", "Make an organization.",
      create_organization(services));
  add(Method::put, "/organizations/{name}/members/{user}", "organizations.member",
      "Give a member a role.", set_member(services));
  add(Method::post, "/apply", "apply", "Make accounts match a file.", apply(services), Who::system,
      account::apply_bytes_max);
}

}  // namespace cairn::api::admin
