#include <algorithm>

#include "api/admin/handler.h"
#include "base/text.h"

namespace cairn::api::admin {
namespace {

struct InviteIn {
  std::optional<std::string> email, organization, role;
  std::optional<int> uses;
  std::optional<std::int64_t> seconds;
};
BOOST_DESCRIBE_STRUCT(InviteIn, (), (email, organization, role, uses, seconds))

struct MailTest {
  std::string to;
};
BOOST_DESCRIBE_STRUCT(MailTest, (), (to))

struct SetupLink {
  std::optional<std::string> name;
};
BOOST_DESCRIBE_STRUCT(SetupLink, (), (name))

json::object setting_json(const settings::Setting& s) {
  json::object out{{"key", s.key},       {"value", s.value}, {"standard", s.standard},
                   {"pinned", s.pinned}, {"help", s.help},   {"words", to_json(s.words)}};
  if (s.changed_at) {
    out["changed"] = to_rfc3339(*s.changed_at);
    out["by"] = s.changed_by;
  }
  return out;
}

json::object invite_json(const people::Invite& invite) {
  json::object out{{"id", invite.public_id.hex},
                   {"email", invite.email.value_or("")},
                   {"organization", invite.organization_name},
                   {"role", invite.organization ? json::string_view(account::to_string(invite.role))
                                                : json::string_view("")},
                   {"uses", std::to_string(invite.uses) + "/" + std::to_string(invite.uses_max)},
                   {"by", invite.created_by_name},
                   {"expires", to_rfc3339(invite.expires_at)}};
  return out;
}

std::string name_of(const account::Actor& actor) {
  return actor.is_system() ? "operator" : actor.user_name;
}

AdminHandler list_settings(Services& services) {
  return [&services](http::Request&, account::Actor) -> Task<Result<json::value>> {
    auto read = [](db::Tx& tx) -> Result<std::vector<settings::Setting>> {
      return settings::list(tx);
    };
    CAIRN_CO_TRY(found, co_await services.database.read(read));
    json::array out;
    for (const auto& setting : found) out.push_back(setting_json(setting));
    co_return page(std::move(out), "");
  };
}

/// {"key": "text" or null…}: null or empty text is the standard value.
AdminHandler change_settings(Services& services) {
  return [&services](http::Request& request, account::Actor actor) -> Task<Result<json::value>> {
    using Changes = std::map<std::string, std::optional<std::string>>;
    CAIRN_CO_TRY(in, co_await request.read_json<Changes>());
    settings::Texts wanted;
    for (const auto& [key, value] : in) wanted[key] = value.value_or("");
    auto change = [&services, by = name_of(actor),
                   wanted](db::Tx& tx) -> Result<std::vector<settings::Setting>> {
      CAIRN_CHECK(services.settings.change(tx, by, wanted));
      return settings::list(tx);
    };
    CAIRN_CO_TRY(found, co_await services.database.write(change));
    json::array out;
    for (const auto& setting : found)
      if (wanted.contains(setting.key)) out.push_back(setting_json(setting));
    co_return page(std::move(out), "");
  };
}

AdminHandler list_changes(Services& services) {
  return [&services](http::Request& request, account::Actor) -> Task<Result<json::value>> {
    auto before = parse_int(request.query("after").value_or("0")).value_or(0);
    auto read = [before](db::Tx& tx) -> Result<std::vector<settings::Change>> {
      return settings::changes(tx, before, page_max);
    };
    CAIRN_CO_TRY(found, co_await services.database.read(read));
    json::array out;
    for (const auto& change : found)
      out.push_back(json::object{{"time", to_rfc3339(change.at)},
                                 {"key", change.key},
                                 {"from", change.from},
                                 {"to", change.to},
                                 {"by", change.by}});
    co_return page(std::move(out), found.empty() ? "" : std::to_string(found.back().id));
  };
}

AdminHandler create_invite(Services& services) {
  return [&services](http::Request& request, account::Actor actor) -> Task<Result<json::value>> {
    CAIRN_CO_TRY(in, co_await request.read_json<InviteIn>());
    people::NewInvite wanted;
    wanted.email = in.email;
    wanted.organization = in.organization;
    wanted.uses = in.uses.value_or(1);
    auto role = account::parse_role(in.role.value_or("read"));
    if (!role)
      co_return fail(ErrorCode::invalid_argument, "InvalidRole",
                     "A role is read, contributor, write or admin.")
          .with("field", "role");
    wanted.role = *role;
    if (in.seconds) wanted.lifetime = seconds(std::clamp<std::int64_t>(*in.seconds, 0, 1 << 30));
    CAIRN_CO_TRY(made, co_await services.people.create_invite(actor, std::move(wanted)));
    auto out = invite_json(made.invite);
    out["link"] = made.link;
    out["mailed"] = made.mailed;
    co_return json::value(std::move(out));
  };
}

AdminHandler list_invites(Services& services) {
  return [&services](http::Request&, account::Actor actor) -> Task<Result<json::value>> {
    CAIRN_CO_TRY(found, co_await services.people.list_invites(actor, std::nullopt));
    json::array out;
    for (const auto& invite : found) out.push_back(invite_json(invite));
    json::object answer;
    answer["items"] = std::move(out);
    co_return json::value(std::move(answer));
  };
}

AdminHandler revoke_invite(Services& services) {
  return [&services](http::Request& request, account::Actor actor) -> Task<Result<json::value>> {
    CAIRN_CO_TRY(id, parse_public_id(request.param("id")));
    CAIRN_CO_CHECK(co_await services.people.revoke_invite(actor, id));
    co_return json::value(json::object{{"id", id.hex}, {"done", true}});
  };
}

AdminHandler test_mail(Services& services) {
  return [&services](http::Request& request, account::Actor) -> Task<Result<json::value>> {
    CAIRN_CO_TRY(in, co_await request.read_json<MailTest>());
    CAIRN_CO_CHECK(account::check_email_shape(in.to));
    mail::Message message{
        in.to, "[" + services.settings.current()->name + "] A test",
        "The hub at " + services.public_url + " can send mail: you are reading it.\n"};
    CAIRN_CO_CHECK(co_await services.mail.send(std::move(message)));
    co_return json::value(json::object{{"to", in.to}, {"done", true}});
  };
}

AdminHandler make_setup_link(Services& services) {
  return [&services](http::Request& request, account::Actor) -> Task<Result<json::value>> {
    CAIRN_CO_TRY(in, co_await request.read_json<SetupLink>());
    auto make = [&services, name = in.name.value_or("")](db::Tx& tx) {
      return services.people.make_setup_link(tx, name);
    };
    CAIRN_CO_TRY(link, co_await services.database.write(make));
    co_return json::value(json::object{{"link", link}});
  };
}

AdminHandler make_password_link(Services& services) {
  return [&services](http::Request& request, account::Actor actor) -> Task<Result<json::value>> {
    std::string name(request.param("name"));
    CAIRN_CO_TRY(link, co_await services.people.make_password_link(actor, name));
    co_return json::value(json::object{{"name", name}, {"link", link}});
  };
}

}  // namespace

void add_people_routes(http::Router& router, Services& services) {
  const AdminRoutes add(router, services);
  using http::Method;
  add(Method::get, "/settings", "settings.list", "What is decided about this hub.",
      list_settings(services));
  add(Method::patch, "/settings", "settings.change", "Decide: all of these settings, or none.",
      change_settings(services));
  add(Method::get, "/settings/changes", "settings.changes", "Who changed what, newest first.",
      list_changes(services));
  add(Method::get, "/invites", "invites.list", "Open invites.", list_invites(services));
  add(Method::post, "/invites", "invites.create", "A link that makes an account.",
      create_invite(services));
  add(Method::delete_, "/invites/{id}", "invites.revoke", "Withdraw an invite.",
      revoke_invite(services));
  add(Method::post, "/mail/test", "mail.test", "Send a mail now.", test_mail(services));
  add(Method::post, "/users/{name}/password-link", "users.password_link",
      "A link with which a user sets a new password.", make_password_link(services));
  // Whoever has it becomes an administrator: not for the network.
  add(Method::post, "/setup-link", "setup_link", "A new set-up link.", make_setup_link(services),
      Who::system);
}

}  // namespace cairn::api::admin
