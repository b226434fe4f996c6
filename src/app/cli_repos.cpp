#include <filesystem>
#include <fstream>
#include <iostream>
#include <thread>

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

// ---- Import ------------------------------------------------------------------------------------

Result<std::string> read_token(const std::string& path) {
  std::ifstream in(path);
  std::string token;
  std::getline(in, token);
  if (!in && token.empty())
    return fail(ErrorCode::not_found, "FileNotFound",
                "The file of the token, " + path + ", has no first line that can be read.");
  return std::string(trim(token));
}

/// "fetching: 1200 of 5000 objects", "large files: 3 of 10, 1.2 GB of 4 GB".
std::string progress_of(const json::value& import) {
  std::string phase = text_of(import, "phase");
  if (phase == "large_files") {
    const auto& files = import.at("largeFiles");
    return "large files: " + text_of(files, "done") + " of " + text_of(files, "total") + ", " +
           human_bytes(static_cast<std::uint64_t>(number_of(files, "bytesDone"))) + " of " +
           human_bytes(static_cast<std::uint64_t>(number_of(files, "bytesTotal")));
  }
  const auto& objects = import.at("objects");
  if (phase == "fetching" && number_of(objects, "total") > 0)
    return "fetching: " + text_of(objects, "done") + " of " + text_of(objects, "total") +
           " objects, " +
           human_bytes(static_cast<std::uint64_t>(number_of(import, "bytesReceived")));
  return phase;
}

/// Until it ends. Ending the command ends nothing: the hub goes on.
Result<json::value> follow(const Invocation& given, Client& client, json::value import) {
  std::string said;
  for (;;) {
    auto state = text_of(import, "state");
    if (state != "waiting" && state != "running") return import;
    auto words = progress_of(import);
    if (auto* error = import.as_object().if_contains("error"))
      words = "waiting: " + text_of(*error, "message");
    if (words != said && !given.has("--json")) say_note(words);
    said = words;
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    CAIRN_TRY(now, client.get("/imports/" + text_of(import, "id")));
    import = std::move(now);
  }
}

Result<Exit> import_repo(const Invocation& given) {
  std::string source = given.operands[0];
  if (!source.contains("://"))
    source = std::filesystem::absolute(source).lexically_normal().string();
  json::object body{{"source", source}};
  for (const char* name : {"name", "type", "visibility", "username"})
    if (auto value = given.option("--" + std::string(name))) body[name] = *value;
  if (auto file = given.option("--token-file")) {
    CAIRN_TRY(token, read_token(*file));
    body["token"] = token;
  }
  CAIRN_TRY(client, Client::connect(given.config));
  CAIRN_TRY(begun, client->post("/imports", body));
  json::value import = begun;
  auto name = text_of(import.at("repo"), "type") + " " + text_of(import.at("repo"), "name");
  if (given.has("--detach")) {
    print_done(given, import, "Began to import " + name + ".");
    return Exit::done;
  }
  json::value ended = import;
  if (text_of(import, "goesOn") == "yes") {
    CAIRN_TRY(followed, follow(given, *client, std::move(import)));
    ended = std::move(followed);
  }
  bool done = text_of(ended, "state") == "done";
  print_done(given, ended, done ? "Imported " + name + "." : "Did not import " + name + ".");
  if (!given.has("--json")) {
    for (const auto& note : ended.at("notes").as_array())
      say_note("  " + std::string(note.as_string()));
    if (auto* error = ended.as_object().if_contains("error")) say_note(text_of(*error, "message"));
  }
  return done ? Exit::done : Exit::failed;
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
  Command import{
      .name = "import",
      .summary = "Make a repository from one elsewhere, with its large files",
      .details =
          "From any git server, from another hub (the address that git clone takes), or\n"
          "from a folder, which the hub reads itself: name one at its machine. The hub\n"
          "goes on when this command ends, and after a restart. Repeated after a failure,\n"
          "it goes on with the same repository.",
      .operands = {{"SOURCE", "https://host/owner/name, or a folder"}},
      .options = {{"--name", "NAME", "owner and name here, as ada/bert; needs an owner"},
                  {"--type", "TYPE", "model, dataset or space; without it as SOURCE says"},
                  {"--visibility", "WORD",
                   "public or private; without it private when there is a token"},
                  {"--token-file", "FILE", "a file whose first line is the source's token"},
                  {"--username", "NAME", "that goes with the token, where it matters"},
                  {"--detach", "", "do not wait for the end"},
                  json_option},
      .examples = {"cairn admin repo import https://git.example/lab/bert --name ada/bert",
                   "cairn admin repo import ./bert.git --name ada/bert"},
      .run = import_repo};
  out.commands = {std::move(list), std::move(remove), std::move(restore), std::move(write),
                  std::move(import)};
  return out;
}

}  // namespace cairn::app::cli
