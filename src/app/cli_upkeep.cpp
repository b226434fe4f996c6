#include <filesystem>
#include <iostream>

#include "app/cli_answer.h"
#include "app/cli_commands.h"
#include "base/text.h"

namespace cairn::app::cli {
namespace {

// ---- Checks ------------------------------------------------------------------------------------

void print_findings(const json::value& report) {
  const auto& findings = report.at("findings").as_array();
  for (const auto& finding : findings)
    std::cout << (text_of(finding, "error") == "yes" ? "error: " : "note: ")
              << text_of(finding, "where") << ": " << text_of(finding, "what") << "\n";
  std::int64_t total = number_of(report, "errors") + number_of(report, "notes");
  std::int64_t hidden = total - static_cast<std::int64_t>(findings.size());
  if (hidden > 0) std::cout << "… and " << hidden << " more\n";
}

Result<Exit> run_fsck(const Invocation& given) {
  CAIRN_TRY(client, Client::connect(given.config));
  if (!given.has("--json")) say_note("Reading everything that is stored…");
  bool deep = given.has("--deep");
  CAIRN_TRY(report, client->post(deep ? "/fsck?deep=1" : "/fsck", json::object{}));
  std::int64_t errors = number_of(report, "errors"), notes = number_of(report, "notes");
  if (given.has("--json")) {
    print_json(report);
  } else {
    print_findings(report);
    std::cout << "fsck: "
              << counted(number_of(report, "repositories"), "repository", "repositories") << ", "
              << counted(errors, "error", "errors");
    if (notes > 0) std::cout << ", " << counted(notes, "note", "notes");
    std::cout << "\n";
  }
  return errors == 0 ? Exit::done : Exit::failed;
}

Result<Exit> run_gc(const Invocation& given) {
  bool dry_run = given.has("--dry-run");
  bool repack = given.has("--repack");
  if (dry_run && repack)
    return usage_error("--dry-run changes nothing, and --repack does. Give one of them.");
  CAIRN_TRY(client, Client::connect(given.config));
  std::string path = dry_run ? "/gc?dry_run=1" : repack ? "/gc?repack=1" : "/gc";
  CAIRN_TRY(done, client->post(path, json::object{}));
  std::string said = counted(number_of(done, "objects"), "object", "objects") + ", " +
                     human_bytes(static_cast<std::uint64_t>(number_of(done, "bytes")));
  auto repacked = static_cast<std::uint64_t>(number_of(done, "repacked_bytes"));
  if (repacked > 0) said += "; " + human_bytes(repacked) + " of chunks were written together";
  print_done(given, done, (dry_run ? "gc would delete " : "gc deleted ") + said);
  return Exit::done;
}

Result<Exit> run_backup(const Invocation& given) {
  std::string path = std::filesystem::absolute(given.operands[0]).lexically_normal().string();
  CAIRN_TRY(client, Client::connect(given.config));
  CAIRN_TRY(done, client->post("/backup?path=" + percent_encode(path), json::object{}));
  print_done(given, done, "The database is in " + path + ".");
  if (!given.has("--json"))
    say_note("Copy the folder objects/ after it, and keep root.key elsewhere: docs/operate.md");
  return Exit::done;
}

Result<Exit> rotate_secrets(const Invocation& given) {
  CAIRN_TRY(client, Client::connect(given.config));
  CAIRN_TRY(done, client->post("/secrets/rotate", json::object{}));
  print_done(given, done,
             counted(number_of(done, "resealed"), "secret", "secrets") +
                 " lie under the current root key.");
  return Exit::done;
}

Result<Exit> run_stats(const Invocation& given) {
  CAIRN_TRY(client, Client::connect(given.config));
  CAIRN_TRY(stats, client->get("/stats"));
  if (given.has("--json")) {
    print_json(stats);
    return Exit::done;
  }
  Table table({"WHAT", "HOW MUCH"});
  for (auto [title, member] : {std::pair("users", "users"),
                               {"organizations", "organizations"},
                               {"tokens", "tokens"},
                               {"repositories", "repositories"}})
    table.add({title, text_of(stats, member)});
  for (auto [title, member] : {std::pair("files", "storage_bytes"),
                               {"files in chunks, each once", "chunked_bytes"},
                               {"their chunks, each once", "chunked_stored_bytes"}})
    table.add({title, human_bytes(static_cast<std::uint64_t>(number_of(stats, member)))});
  table.print();
  return Exit::done;
}

// ---- Background work ---------------------------------------------------------------------------

Result<Exit> list_work(const Invocation& given) {
  CAIRN_TRY(client, Client::connect(given.config));
  std::string path = "/work";
  if (auto state = given.option("--state")) path += "?state=" + percent_encode(*state);
  CAIRN_TRY(items, get_all(*client, path));
  print_list(given, items,
             {{"ID", "id"},
              {"KIND", "kind"},
              {"KEY", "key"},
              {"STATE", "state"},
              {"ATTEMPTS", "attempts"},
              {"DUE", "due"},
              {"LAST ERROR", "error"}},
             "No background work waits, runs or has failed.");
  return Exit::done;
}

Result<Exit> retry_work(const Invocation& given) {
  if (given.operands.empty() != given.has("--failed"))
    return usage_error("Name the ID of one item, or all that failed: --failed.");
  CAIRN_TRY(client, Client::connect(given.config));
  if (given.has("--failed")) {
    CAIRN_TRY(done, client->post("/work/retry", json::object{}));
    print_done(given, done,
               counted(number_of(done, "retried"), "item", "items") + " will run again.");
    return Exit::done;
  }
  CAIRN_TRY(done,
            client->post("/work/" + percent_encode(given.operands[0]) + "/retry", json::object{}));
  print_done(given, done, "Item " + given.operands[0] + " will run again.");
  return Exit::done;
}

}  // namespace

Command work_command() {
  Command out{
      .name = "work",
      .summary = "Background work: what waits, runs and failed",
      .examples = {"cairn admin work list --state failed", "cairn admin work retry --failed"}};
  Command list{.name = "list",
               .summary = "Print background work, oldest first",
               .options = {{"--state", "STATE", "pending, running or failed"}, json_option},
               .examples = {"cairn admin work list", "cairn admin work list --state failed --json"},
               .run = list_work};
  Command retry{.name = "retry",
                .summary = "Let work that failed or waits for a retry run now",
                .operands = {{"ID", "as in the list", true}},
                .options = {{"--failed", "", "all that failed"}, json_option},
                .examples = {"cairn admin work retry 42", "cairn admin work retry --failed"},
                .run = retry_work};
  out.commands = {std::move(list), std::move(retry)};
  return out;
}

Command stats_command() {
  return {.name = "stats",
          .summary = "Print how much there is",
          .options = {json_option},
          .examples = {"cairn admin stats", "cairn admin stats --json"},
          .run = run_stats};
}

Command backup_command() {
  return {
      .name = "backup",
      .summary = "Write a consistent copy of the database",
      .details = "For SQLite; with PostgreSQL use pg_dump. Objects are files: copy them after it.",
      .operands = {{"PATH", "a file that does not exist yet"}},
      .options = {json_option},
      .examples = {"cairn admin backup backup/cairn.db",
                   "cairn admin backup /backup/cairn.db --data /srv/cairn"},
      .run = run_backup};
}

Command secrets_command() {
  Command out{.name = "secrets",
              .summary = "Secrets of spaces, as they lie in the database",
              .examples = {"cairn admin secrets rotate", "cairn admin secrets rotate --json"}};
  Command rotate{
      .name = "rotate",
      .summary = "Seal every secret under the current root key",
      .details =
          "After a new root key was put in front of the old one. When this is "
          "done, no secret needs the old one any more.",
      .options = {json_option},
      .examples = {"cairn admin secrets rotate", "cairn admin secrets rotate --data /srv/cairn"},
      .run = rotate_secrets};
  out.commands = {std::move(rotate)};
  return out;
}

Command fsck_command() {
  return {.name = "fsck",
          .summary = "Check every promise about what is stored; changes nothing",
          .details = "Exit code 1 when there are errors. What nothing leads to is a note.",
          .options = {{"--deep", "", "also put every file in chunks together and hash it"},
                      json_option},
          .examples = {"cairn fsck --deep", "cairn fsck --json --data /srv/cairn"},
          .run = run_fsck};
}

Command gc_command() {
  return {.name = "gc",
          .summary = "Delete what nothing leads to, once its grace is over",
          .options = {{"--dry-run", "", "only say what would be deleted"},
                      {"--repack", "",
                       "first write together files whose chunks lie apart, however new they are"},
                      json_option},
          .examples = {"cairn gc --dry-run", "cairn gc --repack"},
          .run = run_gc};
}

}  // namespace cairn::app::cli
