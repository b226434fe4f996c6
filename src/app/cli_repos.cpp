#include <filesystem>
#include <iostream>

#include "app/cli_answer.h"
#include "app/cli_commands.h"
#include "base/bytes.h"
#include "base/text.h"

namespace cairn::app::cli {
namespace {

constexpr Option type_option{"--type", "TYPE", "model, dataset, space or kernel; without it model"};

// ---- Repositories ------------------------------------------------------------------------------

Result<Exit> list_repos(const Invocation& given) {
  bool deleted = given.has("--deleted");
  CAIRN_TRY(client, Client::connect(given.config));
  CAIRN_TRY(repos, get_all(*client, deleted ? "/repos?deleted=1" : "/repos"));
  if (!given.has("--json"))
    for (auto& repo : repos.as_array())
      repo.as_object()["stored"] =
          human_bytes(static_cast<std::uint64_t>(number_of(repo, "storage")));
  std::vector<Column> columns = {{"TYPE", "type"},
                                 {"NAME", "name"},
                                 {"VISIBILITY", "visibility"},
                                 {"STORED", "stored"},
                                 {"UPDATED", "updated"}};
  if (deleted)
    columns = {{"ID", "id"},
               {"TYPE", "type"},
               {"NAME", "name"},
               {"DELETED", "deleted"},
               {"RESTORABLE UNTIL", "restorable_until"}};
  print_list(given, repos, columns,
             deleted ? "No deleted repository can be restored."
                     : "There are no repositories yet. Make some: cairn admin examples add");
  return Exit::done;
}

Result<std::string> repo_path(const Invocation& given) {
  const auto& name = given.operands[0];
  auto parts = split(name, '/');
  if (parts.size() != 2) return usage_error("\"" + name + "\" is not a name like ada/bert.");
  return "/repos/" + percent_encode(given.option("--type").value_or("model")) + "/" +
         percent_encode(parts[0]) + "/" + percent_encode(parts[1]);
}

Result<Exit> delete_repo(const Invocation& given) {
  const auto& name = given.operands[0];
  CAIRN_TRY(path, repo_path(given));
  CAIRN_TRY(go_on, may_go_on(given,
                             "The repository is gone for its readers at once. It can be restored "
                             "for " +
                                 std::to_string(given.config.restorable_days) + " days.",
                             "Delete " + name));
  if (!go_on) return Exit::refused;
  CAIRN_TRY(client, Client::connect(given.config));
  CAIRN_TRY(gone, client->remove(path));
  print_done(given, gone,
             "Deleted " + name + ". Bring it back until " + text_of(gone, "restorable_until") +
                 ": cairn admin repo restore " + text_of(gone, "id"));
  return Exit::done;
}

/// The id of a deleted repository, from the id or from a name that only one of them has.
Result<std::string> deleted_id(Client& client, const Invocation& given) {
  const auto& wanted = given.operands[0];
  if (wanted.size() == 24 && is_lower_hex(wanted)) return wanted;
  CAIRN_TRY(repos, get_all(client, "/repos?deleted=1"));
  auto type = given.option("--type");
  std::vector<std::string> found;
  for (const auto& repo : repos.as_array())
    if (text_of(repo, "name") == wanted && (!type || text_of(repo, "type") == *type))
      found.push_back(text_of(repo, "id"));
  if (found.size() == 1) return found.front();
  return fail(found.empty() ? ErrorCode::not_found : ErrorCode::conflict, "RepoNotFound",
              (found.empty() ? "No deleted repository is called \"" + wanted + "\"."
                             : "Several deleted repositories are called \"" + wanted + "\".") +
                  " See their ids: cairn admin repo list --deleted");
}

Result<Exit> export_repo(const Invocation& given) {
  CAIRN_TRY(path, repo_path(given));
  std::string folder = std::filesystem::absolute(given.operands[1]).lexically_normal().string();
  CAIRN_TRY(client, Client::connect(given.config));
  CAIRN_TRY(done, client->post(path + "/export", json::object{{"path", folder}}));
  print_done(
      given, done,
      "Wrote " + text_of(done, "name") + " to " + folder + ". Large files are pointers in it.");
  return Exit::done;
}

Result<Exit> restore_repo(const Invocation& given) {
  CAIRN_TRY(client, Client::connect(given.config));
  CAIRN_TRY(id, deleted_id(*client, given));
  json::object body{{"id", id}};
  if (auto name = given.option("--as")) body["name"] = *name;
  CAIRN_TRY(back, client->post("/repos/restore", body));
  print_done(given, back, "Restored " + text_of(back, "type") + " " + text_of(back, "name") + ".");
  return Exit::done;
}

}  // namespace

Command repo_command() {
  Command out{.name = "repo",
              .summary = "Repositories of everybody",
              .examples = {"cairn admin repo list", "cairn admin repo restore ada/bert"}};
  Command list{.name = "list",
               .summary = "Print all repositories, or those that can be restored",
               .options = {{"--deleted", "", "those that can be restored"}, json_option},
               .examples = {"cairn admin repo list", "cairn admin repo list --deleted --json"},
               .run = list_repos};
  Command remove{.name = "delete",
                 .summary = "Delete a repository; it can be restored for a while",
                 .operands = {{"NAME", "owner and name, as ada/bert"}},
                 .options = {type_option, yes_option, json_option},
                 .examples = {"cairn admin repo delete ada/bert",
                              "cairn admin repo delete ada/words --type dataset --yes"},
                 .run = delete_repo};
  Command restore{.name = "restore",
                  .summary = "Bring a deleted repository back",
                  .operands = {{"NAME", "its name, or its id from: repo list --deleted"}},
                  .options = {{"--as", "NAME", "a new name, when its own is taken"},
                              {"--type", "TYPE", "model, dataset, space or kernel"},
                              json_option},
                  .examples = {"cairn admin repo restore ada/bert",
                               "cairn admin repo restore 65f0c0ffee65f0c0ffee65f0 --as bert-2"},
                  .run = restore_repo};
  Command write{.name = "export",
                .summary = "Write a repository as a bare git folder",
                .details = "Any git can clone it: git clone FOLDER. Large files stay pointers.",
                .operands = {{"NAME", "owner and name, as ada/bert"},
                             {"FOLDER", "does not exist yet; at the hub's machine"}},
                .options = {type_option, json_option},
                .examples = {"cairn admin repo export ada/bert ./bert.git",
                             "cairn admin repo export ada/words ./words.git --type dataset"},
                .run = export_repo};
  out.commands = {std::move(list), std::move(remove), std::move(restore), std::move(write)};
  return out;
}

}  // namespace cairn::app::cli
