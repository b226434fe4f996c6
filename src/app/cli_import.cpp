#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "app/cli_answer.h"
#include "app/cli_commands.h"
#include "base/text.h"

namespace cairn::app::cli {
namespace {

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
    line += ", " + counted(number_of(entry, "commits"), "commit", "commits") + ", " +
            counted(number_of(entry, "files"), "file", "files") + ", " +
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
