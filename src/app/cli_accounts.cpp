#include <fstream>
#include <iostream>
#include <sstream>

#include "app/cli_answer.h"
#include "app/cli_commands.h"
#include "base/text.h"
#include "hub/account/account.h"
#include "hub/account/apply.h"

namespace cairn::app::cli {
namespace {

std::string user_path(const Invocation& given, std::string_view rest = {}) {
  return "/users/" + percent_encode(given.operands[0]) + std::string(rest);
}

/// Options of the command line as members of a body.
json::object members_of(const Invocation& given,
                        std::initializer_list<std::pair<const char*, const char*>> names) {
  json::object out;
  for (auto [option, member] : names)
    if (auto value = given.option(option)) out[member] = *value;
  return out;
}

Result<> put_password(Client& client, const Invocation& given, const std::string& password) {
  CAIRN_CHECK(client.put(user_path(given, "/password"), json::object{{"password", password}}));
  return {};
}

Result<Exit> create_user(const Invocation& given) {
  std::optional<std::string> password;
  if (given.has("--password-stdin")) {
    CAIRN_TRY(typed, read_secret("password"));
    password = typed;
  }
  json::object body = members_of(given, {{"--fullname", "fullname"}, {"--email", "email"}});
  body["name"] = given.operands[0];
  body["admin"] = given.has("--administrator");
  CAIRN_TRY(client, Client::connect(given.config, Client::Missing::create));
  CAIRN_TRY(made, client->post("/users", body));
  if (password) {
    if (auto set = put_password(*client, given, *password); !set) {
      say_note("The account was created, without a password.");
      return fail(set.error());
    }
  }
  print_done(given, made, "Created " + given.operands[0] + ".");
  if (!given.has("--json")) say_note("A token for it: cairn admin user token " + given.operands[0]);
  return Exit::done;
}

Result<Exit> list_users(const Invocation& given) {
  CAIRN_TRY(client, Client::connect(given.config));
  CAIRN_TRY(users, get_all(*client, "/users"));
  print_list(given, users,
             {{"NAME", "name"},
              {"STATE", "state"},
              {"ADMINISTRATOR", "admin"},
              {"CREATED", "created"},
              {"EMAIL", "email"},
              {"FULL NAME", "fullname"}},
             "There are no users yet. Make one: cairn admin user create NAME");
  return Exit::done;
}

/// POST /users/NAME/VERB.
Run user_verb(std::string verb, std::string said) {
  return [verb, said](const Invocation& given) -> Result<Exit> {
    CAIRN_TRY(client, Client::connect(given.config));
    CAIRN_TRY(answer, client->post(user_path(given, "/" + verb), json::object{}));
    print_done(given, answer, said + " " + given.operands[0] + ".");
    return Exit::done;
  };
}

constexpr std::int64_t days_kept = account::kept_after_delete.us / days(1).us;

Result<Exit> delete_user(const Invocation& given) {
  const std::string& name = given.operands[0];
  CAIRN_TRY(go_on, may_go_on(given,
                             "The account, its repositories and tokens stop working at once. They "
                             "can be restored for " +
                                 std::to_string(days_kept) + " days.",
                             "Delete " + name));
  if (!go_on) return Exit::refused;
  CAIRN_TRY(client, Client::connect(given.config));
  CAIRN_TRY(answer, client->remove(user_path(given)));
  print_done(given, answer,
             "Deleted " + name + ". Bring it back: cairn admin user restore " + name);
  return Exit::done;
}

Result<Exit> set_password(const Invocation& given) {
  CAIRN_TRY(password, read_secret("password"));
  CAIRN_TRY(client, Client::connect(given.config));
  CAIRN_CHECK(put_password(*client, given, password));
  print_done(given, json::object{{"name", given.operands[0]}, {"done", true}},
             "The password of " + given.operands[0] + " is set.");
  return Exit::done;
}

Result<Exit> password_link(const Invocation& given) {
  CAIRN_TRY(client, Client::connect(given.config));
  CAIRN_TRY(made, client->post(user_path(given, "/password-link"), json::object{}));
  print_done(given, made, text_of(made, "link"));
  if (!given.has("--json")) say_note("Pass it on. It works once, for a day.");
  return Exit::done;
}

Result<Exit> make_token(const Invocation& given) {
  json::object body =
      members_of(given, {{"--name", "name"}, {"--role", "role"}, {"--expires", "expires_at"}});
  if (given.has("--value-stdin")) {
    CAIRN_TRY(value, read_secret("token"));
    body["value"] = value;
  }
  CAIRN_TRY(client, Client::connect(given.config));
  CAIRN_TRY(made, client->post(user_path(given, "/tokens"), body));
  // The token alone, so that a script can take it.
  print_done(given, made, text_of(made, "value"));
  if (!given.has("--json"))
    say_note("Token \"" + text_of(made, "name") + "\" of " + text_of(made, "user") + ", role " +
             text_of(made, "role") + ". It is shown this once.");
  return Exit::done;
}

// ---- Organizations -----------------------------------------------------------------------------

Result<Exit> create_org(const Invocation& given) {
  json::object body = members_of(
      given, {{"--fullname", "fullname"}, {"--email", "email"}, {"--first-member", "admin"}});
  body["name"] = given.operands[0];
  CAIRN_TRY(client, Client::connect(given.config));
  CAIRN_TRY(made, client->post("/organizations", body));
  print_done(given, made, "Created " + given.operands[0] + ".");
  return Exit::done;
}

Result<Exit> list_orgs(const Invocation& given) {
  CAIRN_TRY(client, Client::connect(given.config));
  CAIRN_TRY(found, get_all(*client, "/organizations"));
  print_list(given, found, {{"NAME", "name"}, {"CREATED", "created"}, {"FULL NAME", "fullname"}},
             "There are no organizations yet. Make one: cairn admin org create NAME");
  return Exit::done;
}

Result<Exit> set_member(const Invocation& given) {
  const auto& org = given.operands[0];
  const auto& user = given.operands[1];
  const auto& role = given.operands[2];
  CAIRN_TRY(client, Client::connect(given.config));
  CAIRN_TRY(answer, client->put("/organizations/" + percent_encode(org) + "/members/" +
                                    percent_encode(user),
                                json::object{{"role", role}}));
  print_done(given, answer,
             role == "none" ? user + " is no member of " + org + " any more."
                            : user + " has the role " + role + " in " + org + ".");
  return Exit::done;
}

// ---- Apply -------------------------------------------------------------------------------------

Result<std::string> read_file(const std::string& path) {
  if (path == "-") return read_input(account::apply_bytes_max);
  std::ifstream in(path, std::ios::binary);
  std::stringstream content;
  if (in) content << in.rdbuf();
  if (!in)
    return fail(ErrorCode::not_found, "FileNotFound", "The file " + path + " cannot be read.");
  return std::move(content).str();
}

Result<Exit> apply(const Invocation& given) {
  CAIRN_TRY(text, read_file(given.operands[0]));
  CAIRN_TRY(client, Client::connect(given.config, Client::Missing::create));
  CAIRN_TRY(summary, client->ask(http::Method::post, "/apply", std::move(text)));
  print_done(given, summary,
             "Created " + text_of(summary, "created") + ", changed " + text_of(summary, "changed") +
                 "; all else in the file was so already.");
  return Exit::done;
}

constexpr Operand user_operand{"NAME", "the user's name"};
constexpr Operand org_operand{"NAME", "the organization's name"};
constexpr Option fullname_option{"--fullname", "TEXT", "as people read it"};
constexpr Option email_option{"--email", "ADDRESS", "not verified"};

Command user_create() {
  return {.name = "create",
          .summary = "Make a user",
          .operands = {user_operand},
          .options = {fullname_option,
                      email_option,
                      {"--administrator", "", "may use the operator's routes"},
                      {"--password-stdin", "", "with a password, read from standard input"},
                      json_option},
          .examples = {"cairn admin user create ada --email ada@example.org",
                       "pass hub/ada | cairn admin user create ada --password-stdin"},
          .run = create_user};
}

Command user_token() {
  return {.name = "token",
          .summary = "Make a token, and print it alone on standard output",
          .operands = {user_operand},
          .options = {{"--name", "TEXT", "what the token is for"},
                      {"--role", "ROLE", "read or write; without it write"},
                      {"--expires", "TIME", "as 2027-01-31T00:00:00Z; without it never"},
                      {"--value-stdin", "", "a given value, read from standard input"},
                      json_option},
          .examples = {"export HF_TOKEN=$(cairn admin user token keeper)",
                       "cairn admin user token ada --name laptop --role read"},
          .run = make_token};
}

Command user_delete() {
  return {.name = "delete",
          .summary = "Delete a user and what belongs to it; it can be restored for a while",
          .operands = {user_operand},
          .options = {yes_option, json_option},
          .examples = {"cairn admin user delete ada", "cairn admin user delete ada --yes"},
          .run = delete_user};
}

Command user_simple(std::string name, std::string summary, Run run) {
  return {
      .name = name,
      .summary = std::move(summary),
      .operands = {user_operand},
      .options = {json_option},
      .examples = {"cairn admin user " + name + " ada", "cairn admin user " + name + " ada --json"},
      .run = std::move(run)};
}

}  // namespace

Command user_command() {
  Command out{.name = "user",
              .summary = "Users and their tokens",
              .examples = {"cairn admin user list", "cairn admin user token keeper"}};
  Command list{.name = "list",
               .summary = "Print all users, by name",
               .options = {json_option},
               .examples = {"cairn admin user list", "cairn admin user list --json"},
               .run = list_users};
  Command password{
      .name = "password",
      .summary = "Set a password, read from standard input",
      .operands = {user_operand},
      .options = {json_option},
      .examples = {"cairn admin user password ada", "pass hub/ada | cairn admin user password ada"},
      .run = set_password};
  out.commands = {
      user_create(),
      std::move(list),
      user_simple("disable", "Stop a user, and keep everything", user_verb("disable", "Disabled")),
      user_simple("enable", "Let a disabled user act again", user_verb("enable", "Enabled")),
      user_delete(),
      user_simple("restore", "Bring a deleted user back", user_verb("restore", "Restored")),
      std::move(password),
      user_simple("password-link", "Make a link with which a user sets a new password",
                  password_link),
      user_token()};
  return out;
}

Command org_command() {
  Command out{.name = "org",
              .summary = "Organizations and their members",
              .examples = {"cairn admin org create team --first-member ada",
                           "cairn admin org member team bob write"}};
  Command create{
      .name = "create",
      .summary = "Make an organization",
      .operands = {org_operand},
      .options = {fullname_option,
                  email_option,
                  {"--first-member", "USER", "becomes its admin"},
                  json_option},
      .examples = {"cairn admin org create team", "cairn admin org create team --first-member ada"},
      .run = create_org};
  Command list{.name = "list",
               .summary = "Print all organizations, by name",
               .options = {json_option},
               .examples = {"cairn admin org list", "cairn admin org list --json"},
               .run = list_orgs};
  Command member{
      .name = "member",
      .summary = "Give a user a role in an organization, or take it",
      .operands = {org_operand,
                   {"USER", "the user's name"},
                   {"ROLE", "admin, write, contributor, read, or none"}},
      .options = {json_option},
      .examples = {"cairn admin org member team bob write", "cairn admin org member team bob none"},
      .run = set_member};
  out.commands = {std::move(create), std::move(list), std::move(member)};
  return out;
}

Command apply_command() {
  return {.name = "apply",
          .summary = "Make accounts match a JSON file, with exact token values",
          .details =
              "The same file twice changes nothing the second time. A wrong file changes "
              "nothing and says where it is wrong.",
          .operands = {{"FILE", "the file, or - for standard input"}},
          .options = {json_option},
          .examples = {"cairn admin apply people.json", "cairn admin apply - < people.json"},
          .run = apply};
}

}  // namespace cairn::app::cli
