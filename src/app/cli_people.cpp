#include <iostream>

#include "app/cli_answer.h"
#include "app/cli_commands.h"
#include "base/text.h"

namespace cairn::app::cli {
namespace {

/// "7d", "12h", "30m" as seconds.
Result<std::int64_t> read_duration(const std::string& text) {
  auto number = text.empty() ? std::nullopt : parse_int(text.substr(0, text.size() - 1));
  auto unit = text.empty() ? ' ' : text.back();
  std::int64_t factor = unit == 'd' ? 86'400 : unit == 'h' ? 3600 : unit == 'm' ? 60 : 0;
  constexpr std::int64_t most = 10'000;
  if (number && *number > 0 && *number <= most && factor > 0) return *number * factor;
  return usage_error("A duration looks like 7d, 12h or 30m.");
}

Result<Exit> create_invite(const Invocation& given) {
  json::object body;
  if (auto email = given.option("--email")) body["email"] = *email;
  if (auto org = given.option("--org")) {
    auto colon = org->find(':');
    body["organization"] = org->substr(0, colon);
    if (colon != org->npos) body["role"] = org->substr(colon + 1);
  }
  if (auto uses = given.option("--uses")) {
    auto number = parse_int(*uses);
    if (!number || *number < 1 || *number > 1'000'000)
      return usage_error("--uses takes a number of people.");
    body["uses"] = *number;
  }
  if (auto expires = given.option("--expires")) {
    CAIRN_TRY(seconds, read_duration(*expires));
    body["seconds"] = seconds;
  }
  CAIRN_TRY(client, Client::connect(given.config));
  CAIRN_TRY(made, client->post("/invites", body));
  // The link alone, so that a script can take it.
  print_done(given, made, text_of(made, "link"));
  if (!given.has("--json"))
    say_note(text_of(made, "mailed") == "yes"
                 ? "Sent to " + text_of(made, "email") + " as well. It is shown this once."
                 : "Pass it on. It is shown this once.");
  return Exit::done;
}

Result<Exit> list_invites(const Invocation& given) {
  CAIRN_TRY(client, Client::connect(given.config));
  CAIRN_TRY(invites, get_all(*client, "/invites"));
  print_list(given, invites,
             {{"ID", "id"},
              {"USED", "uses"},
              {"EXPIRES", "expires"},
              {"ORGANIZATION", "organization"},
              {"ROLE", "role"},
              {"EMAIL", "email"},
              {"BY", "by"}},
             "There are no open invites. Make one: cairn admin invite create");
  return Exit::done;
}

Result<Exit> revoke_invite(const Invocation& given) {
  CAIRN_TRY(client, Client::connect(given.config));
  CAIRN_TRY(answer, client->remove("/invites/" + percent_encode(given.operands[0])));
  print_done(given, answer, "Withdrew " + given.operands[0] + ".");
  return Exit::done;
}

Result<Exit> change_settings(const Invocation& given, json::object changes, std::string said) {
  CAIRN_TRY(client, Client::connect(given.config));
  CAIRN_TRY(answer, client->ask(http::Method::patch, "/settings", json::serialize(changes)));
  print_done(given, answer, said);
  return Exit::done;
}

Result<Exit> maintenance(const Invocation& given) {
  const auto& word = given.operands[0];
  bool has_text = given.operands.size() > 1 && !given.operands[1].empty();
  if (word == "off")
    return change_settings(given, {{"maintenance", ""}}, "Maintenance is over: writes work again.");
  if (word != "on" || !has_text)
    return usage_error("Say what people are told: cairn admin maintenance on \"Back at noon.\"");
  return change_settings(given, {{"maintenance", given.operands[1]}},
                         "Maintenance: reads work, writes are told \"" + given.operands[1] + "\".");
}

Result<Exit> announce(const Invocation& given) {
  if (given.operands[0] == "off")
    return change_settings(given, {{"announcement", ""}, {"announcement_ends_at", ""}},
                           "The announcement is gone.");
  json::object changes{{"announcement", given.operands[0]},
                       {"announcement_level", given.option("--level").value_or("info")},
                       {"announcement_ends_at", given.option("--until").value_or("")}};
  return change_settings(given, std::move(changes), "Announced.");
}

Result<Exit> list_settings(const Invocation& given) {
  CAIRN_TRY(client, Client::connect(given.config));
  CAIRN_TRY(found, get_all(*client, "/settings"));
  print_list(given, found,
             {{"SETTING", "key"},
              {"VALUE", "value"},
              {"PINNED", "pinned"},
              {"BY", "by"},
              {"MEANING", "help"}},
             "There are no settings.");
  return Exit::done;
}

Result<Exit> set_setting(const Invocation& given) {
  const auto& key = given.operands[0];
  const auto& value = given.operands[1];
  return change_settings(given, {{key, value}},
                         key + " is " + (value.empty() ? "standard again." : "\"" + value + "\"."));
}

Result<Exit> list_changes(const Invocation& given) {
  CAIRN_TRY(client, Client::connect(given.config));
  CAIRN_TRY(found, get_all(*client, "/settings/changes"));
  print_list(given, found,
             {{"TIME", "time"}, {"SETTING", "key"}, {"FROM", "from"}, {"TO", "to"}, {"BY", "by"}},
             "Nobody changed a setting yet.");
  return Exit::done;
}

Result<Exit> test_mail(const Invocation& given) {
  CAIRN_TRY(client, Client::connect(given.config));
  CAIRN_TRY(answer, client->post("/mail/test", json::object{{"to", given.operands[0]}}));
  print_done(given, answer, "The mail server took a mail to " + given.operands[0] + ".");
  return Exit::done;
}

Result<Exit> setup_link(const Invocation& given) {
  json::object body;
  if (!given.operands.empty()) body["name"] = given.operands[0];
  CAIRN_TRY(client, Client::connect(given.config));
  CAIRN_TRY(made, client->post("/setup-link", body));
  print_done(given, made, text_of(made, "link"));
  if (!given.has("--json"))
    say_note("Open it in a browser within 24 hours. It works once; earlier links do not any more.");
  return Exit::done;
}

}  // namespace

Command invite_command() {
  Command out{
      .name = "invite",
      .summary = "Links that make an account, without mail",
      .examples = {"cairn admin invite create --org team:write", "cairn admin invite list"}};
  Command create{.name = "create",
                 .summary = "Make an invite, and print its link alone on standard output",
                 .options = {{"--email", "ADDRESS", "for this address only; it is sent there too"},
                             {"--org", "NAME:ROLE", "joins this organization"},
                             {"--uses", "N", "for so many people; without it 1"},
                             {"--expires", "TIME", "7d, 12h or 30m; without it 7d"},
                             json_option},
                 .examples = {"cairn admin invite create --email ada@example.org",
                              "cairn admin invite create --org team:write --uses 20 --expires 2d"},
                 .run = create_invite};
  Command list{.name = "list",
               .summary = "Print open invites, newest first",
               .options = {json_option},
               .examples = {"cairn admin invite list", "cairn admin invite list --json"},
               .run = list_invites};
  Command revoke{.name = "revoke",
                 .summary = "Withdraw an invite",
                 .operands = {{"ID", "as in the list"}},
                 .options = {json_option},
                 .examples = {"cairn admin invite revoke 6564a1b2c3d4e5f601234567",
                              "cairn admin invite revoke 6564a1b2c3d4e5f601234567 --json"},
                 .run = revoke_invite};
  out.commands = {std::move(create), std::move(list), std::move(revoke)};
  return out;
}

Command maintenance_command() {
  return {.name = "maintenance",
          .summary = "Let nothing be changed for a while; reads work",
          .operands = {{"on|off", "begin or end"}, {"TEXT", "what people are told", true}},
          .options = {json_option},
          .examples = {"cairn admin maintenance on \"New disks; back at noon.\"",
                       "cairn admin maintenance off"},
          .run = maintenance};
}

Command announce_command() {
  return {.name = "announce",
          .summary = "Tell everybody something on every page",
          .operands = {{"TEXT", "what to tell, or off"}},
          .options = {{"--level", "LEVEL", "info, warning or critical"},
                      {"--until", "TIME", "as 2027-01-31T00:00:00Z; without it until off"},
                      json_option},
          .examples = {"cairn admin announce \"Maintenance on Sunday.\" --level warning",
                       "cairn admin announce off"},
          .run = announce};
}

Command setting_command() {
  Command out{
      .name = "setting",
      .summary = "What is decided about the hub while it runs",
      .examples = {"cairn admin setting list", "cairn admin setting set registration open"}};
  Command list{.name = "list",
               .summary = "Print all settings; those of the configuration are pinned",
               .options = {json_option},
               .examples = {"cairn admin setting list", "cairn admin setting list --json"},
               .run = list_settings};
  Command set{.name = "set",
              .summary = "Decide one",
              .operands = {{"SETTING", "its name"}, {"VALUE", "empty: the standard one"}},
              .options = {json_option},
              .examples = {"cairn admin setting set anonymous_read no",
                           "cairn admin setting set allowed_email_domains example.org"},
              .run = set_setting};
  Command log{.name = "log",
              .summary = "Print who changed what, newest first",
              .options = {json_option},
              .examples = {"cairn admin setting log", "cairn admin setting log --json"},
              .run = list_changes};
  out.commands = {std::move(list), std::move(set), std::move(log)};
  return out;
}

Command mail_command() {
  Command out{.name = "mail",
              .summary = "Mail to people",
              .examples = {"cairn admin mail test ada@example.org",
                           "cairn admin mail test ada@example.org --json"}};
  Command test{.name = "test",
               .summary = "Send a mail now, and say what the mail server answers",
               .operands = {{"ADDRESS", "where to"}},
               .options = {json_option},
               .examples = {"cairn admin mail test ada@example.org",
                            "cairn admin mail test ada@example.org --json"},
               .run = test_mail};
  out.commands = {std::move(test)};
  return out;
}

Command setup_link_command() {
  return {.name = "setup-link",
          .summary = "Make the link with which an administrator sets up the hub in a browser",
          .operands = {{"NAME", "an administrator; without it the first", true}},
          .options = {json_option},
          .examples = {"cairn admin setup-link", "cairn admin setup-link ada"},
          .run = setup_link};
}

}  // namespace cairn::app::cli
