#include <cstdlib>
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

Result<Exit> restore_repo(const Invocation& given) {
  CAIRN_TRY(client, Client::connect(given.config));
  CAIRN_TRY(id, deleted_id(*client, given));
  json::object body{{"id", id}};
  if (auto name = given.option("--as")) body["name"] = *name;
  CAIRN_TRY(back, client->post("/repos/restore", body));
  print_done(given, back, "Restored " + text_of(back, "type") + " " + text_of(back, "name") + ".");
  return Exit::done;
}

// ---- Import ------------------------------------------------------------------------------------

/// Where the client keeps its cache, by its own rules.
std::string client_cache() {
  auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value ? value : "");
  };
  if (auto cache = variable("HF_HUB_CACHE"); !cache.empty()) return cache;
  if (auto home = variable("HF_HOME"); !home.empty()) return home + "/hub";
  if (auto cache = variable("XDG_CACHE_HOME"); !cache.empty()) return cache + "/huggingface/hub";
  return variable("HOME") + "/.cache/huggingface/hub";
}

void print_entry(const json::value& entry) {
  std::string name = text_of(entry, "type") + " " + text_of(entry, "repo");
  if (text_of(entry, "repo").empty()) name = text_of(entry, "folder");
  std::string line = name + ": " + text_of(entry, "state");
  if (number_of(entry, "commits") > 0)
    line += ", " + std::to_string(number_of(entry, "commits")) + " commits, " +
            std::to_string(number_of(entry, "files")) + " files, " +
            human_bytes(static_cast<std::uint64_t>(number_of(entry, "bytes")));
  std::cout << line << "\n";
  for (const auto& note : entry.at("notes").as_array())
    std::cout << "  " << std::string_view(note.as_string()) << "\n";
}

/// Asks for one entry after the other, so that people see how far it is and each call is short.
Result<Exit> import_cache(const Invocation& given) {
  std::string path = given.operands.empty() ? client_cache() : given.operands[0];
  path = std::filesystem::absolute(path).lexically_normal().string();
  bool dry_run = given.has("--dry-run");
  json::object body{{"path", path}, {"dry_run", true}};
  if (auto owner = given.option("--owner")) body["owner"] = *owner;
  if (auto only = given.option("--only")) body["only"] = *only;
  CAIRN_TRY(client, Client::connect(given.config));
  CAIRN_TRY(plan, client->post("/import-cache", body));
  json::array entries = plan.at("entries").as_array();
  bool failed = false;
  body["dry_run"] = false;
  for (auto& entry : entries) {
    if (!dry_run && text_of(entry, "state") == "importable") {
      if (!given.has("--json"))
        say_note("Importing " + text_of(entry, "repo") + ", " +
                 human_bytes(static_cast<std::uint64_t>(number_of(entry, "bytes"))) + "…");
      body["entry"] = text_of(entry, "folder");
      CAIRN_TRY(answer, client->post("/import-cache", body));
      for (auto& imported : answer.at("entries").as_array()) entry = imported;
    }
    failed |= text_of(entry, "state") == "failed";
    if (!given.has("--json")) print_entry(entry);
  }
  if (given.has("--json")) print_json(json::object{{"path", path}, {"entries", entries}});
  if (entries.empty() && !given.has("--json"))
    say_note("Nothing in " + path + " looks like a client's cache of a repository.");
  return failed ? Exit::failed : Exit::done;
}

// ---- Examples ----------------------------------------------------------------------------------

Run examples(std::string verb) {
  return [verb](const Invocation& given) -> Result<Exit> {
    CAIRN_TRY(client, Client::connect(given.config));
    CAIRN_TRY(done, client->post("/examples/" + verb, json::object{}));
    CAIRN_TRY(list, read_json<std::vector<json::value>>(done.at("repositories")));
    if (given.has("--json")) {
      print_json(done);
      return Exit::done;
    }
    for (const auto& repo : list)
      std::cout << text_of(repo, "type") << " " << text_of(repo, "name") << ": "
                << text_of(repo, "state") << "\n";
    return Exit::done;
  };
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
  out.commands = {std::move(list), std::move(remove), std::move(restore)};
  return out;
}

Command import_command() {
  return {
      .name = "import-cache",
      .summary = "Make repositories from a client's cache folder",
      .details =
          "A private repository per entry, a commit per complete snapshot. Every hash is\n"
          "verified, what is here already is not read again, and the cache is only read. May be\n"
          "repeated. The hub reads the folder itself: name one at its machine.",
      .operands = {{"PATH", "the cache; without it the client's own (HF_HUB_CACHE, HF_HOME)",
                    true}},
      .options = {{"--owner", "NAME", "all go to this owner, instead of the one they name"},
                  {"--only", "GLOB", "only repositories whose owner/name matches"},
                  {"--dry-run", "", "only say what would be done"},
                  json_option},
      .examples = {"cairn admin import-cache --dry-run",
                   "cairn admin import-cache ~/.cache/huggingface/hub --owner keeper --only "
                   "'google/*'"},
      .run = import_cache};
}

Command examples_command() {
  Command out{.name = "examples",
              .summary = "Three small repositories to try things with",
              .details = "A model, a dataset and a static space of the organization \"examples\".",
              .examples = {"cairn admin examples add", "cairn admin examples remove"}};
  Command add{.name = "add",
              .summary = "Make the example repositories, where they are missing",
              .options = {json_option},
              .examples = {"cairn admin examples add", "cairn admin examples add --json"},
              .run = examples("add")};
  Command remove{.name = "remove",
                 .summary = "Delete the example repositories",
                 .options = {json_option},
                 .examples = {"cairn admin examples remove", "cairn admin examples remove --json"},
                 .run = examples("remove")};
  out.commands = {std::move(add), std::move(remove)};
  return out;
}

}  // namespace cairn::app::cli
