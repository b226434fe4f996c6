#include "app/cli.h"

#include <iostream>

#include <unistd.h>

#include "app/cli_commands.h"
#include "app/cli_terminal.h"
#include "app/server.h"
#include "app/ssh_worker.h"
#include "app/version.h"
#include "base/json.h"
#include "hub/render/render.h"

namespace cairn::app::cli {
namespace {

const std::string* source_of(const Config& config, std::string_view key) {
  for (const auto& setting : config.settings)
    if (setting.key == key) return &setting.source;
  return nullptr;
}

/// Commands are quiet unless somebody asked for more; the server tells what it does.
void configure_log(const Config& config, bool server) {
  bool text = config.log_format.empty() ? ::isatty(STDERR_FILENO) != 0 || !server
                                        : config.log_format == "text";
  auto* source = source_of(config, "log_level");
  bool asked = source && *source != "default";
  log::configure(server || asked ? config.log_level : log::Level::warning,
                 text ? log::Format::text : log::Format::json_lines);
}

Result<Exit> run_serve(const Invocation& given) {
  configure_log(given.config, true);
  return serve(given.config) == 0 ? Exit::done : Exit::failed;
}

Result<Exit> run_config(const Invocation& given) {
  if (given.has("--json")) {
    json::object out;
    for (const auto& s : given.config.settings)
      out[s.key] = json::object{{"value", s.value}, {"source", s.source}};
    std::cout << json::serialize(out) << "\n";
    return Exit::done;
  }
  Table table({"SETTING", "VALUE", "FROM", "MEANING"});
  for (const auto& s : given.config.settings) table.add({s.key, s.value, s.source, s.help});
  table.print();
  return Exit::done;
}

Result<Exit> run_version(const Invocation&) {
  std::cout << "cairn " << version << "\n";
  return Exit::done;
}

Command serve_command() {
  return {.name = "serve",
          .summary = "Run the hub until SIGTERM or Ctrl-C",
          .details = "Makes the data folder at the first start. SIGHUP reads the TLS files again.",
          .examples = {"cairn serve", "cairn serve --data /srv/cairn --listen 0.0.0.0:2247"},
          .run = run_serve};
}

Command config_command() {
  return {.name = "config",
          .summary = "Print the settings in force, and where each came from",
          .details =
              "cairn.toml, then CAIRN_* variables, then flags: later ones win. Secrets are "
              "hidden.",
          .options = {{"--json", "", "for programs"}},
          .examples = {"cairn config", "CAIRN_LISTEN=:2248 cairn config --json"},
          .run = run_config};
}

Command version_command() {
  return {.name = "version",
          .summary = "Print the version",
          .examples = {"cairn version", "cairn --version"},
          .run = run_version,
          .needs_config = false};
}

bool is_help(std::string_view word) {
  return word == "--help" || word == "-h" || word == "help";
}

/// `cairn help admin user`, `cairn admin user --help`: everything else on the line is ignored.
Result<Exit> print_help(const Command& top, const std::vector<std::string>& arguments) {
  const Command* command = &top;
  std::string path = top.name;
  for (const auto& word : arguments) {
    if (command->commands.empty()) break;
    if (word.starts_with('-') || is_help(word)) continue;
    CAIRN_TRY(next, find_command(*command, path, word));
    command = next;
    path += " " + next->name;
  }
  std::cout << help(*command, path);
  return Exit::done;
}

bool wants_help(const std::vector<std::string>& arguments) {
  for (const auto& word : arguments) {
    if (word == "--") return false;
    if (word == "--help" || word == "-h") return true;
  }
  return !arguments.empty() && arguments.front() == "help";
}

/// People look for commands of the top under `admin`, and the other way round.
Failure unknown_command(const Command& top, const Command& parent, const Error& error,
                        const std::string& name) {
  for (const auto& command : top.commands) {
    if (command.name == name && &parent != &top)
      return usage_error("That command is called \"cairn " + name + "\".");
    for (const auto& sub : command.commands)
      if (sub.name == name && &parent != &command)
        return usage_error("That command is called \"cairn " + command.name + " " + name + "\".");
  }
  return fail(error);
}

Result<Exit> run_command(const Command& top, std::vector<std::string> arguments) {
  bool no_config = !arguments.empty();
  if (no_config) {
    auto first = find_command(top, top.name, arguments.front());
    no_config = first && !(*first)->needs_config;
  }
  Config config;
  if (!no_config) {
    CAIRN_TRY(loaded, load_config(arguments, environment_of_process()));
    config = std::move(loaded);
  }
  const Command* command = &top;
  std::string path = top.name;
  std::size_t at = 0;
  while (!command->commands.empty()) {
    if (at == arguments.size() || arguments[at].starts_with('-')) {
      std::cerr << help(*command, path);
      return Exit::wrong_usage;
    }
    auto next = find_command(*command, path, arguments[at]);
    if (!next) return unknown_command(top, *command, next.error(), arguments[at]);
    command = *next;
    path += " " + command->name;
    ++at;
  }
  arguments.erase(arguments.begin(), arguments.begin() + static_cast<std::ptrdiff_t>(at));
  CAIRN_TRY(given, parse(*command, path, arguments, std::move(config)));
  if (command->name != "serve") configure_log(given.config, false);
  return command->run(given);
}

int run_worker() {
  log::configure(log::Level::info, log::Format::text);
  auto exit = run_ssh_worker();
  if (exit) return *exit;
  say_error(exit.error().message);
  return 1;
}

}  // namespace

Command root_command() {
  Command out{.name = "cairn",
              .summary = "An open, self-hosted hub for models, datasets and applications",
              .examples = {"cairn serve", "cairn admin user token keeper"}};
  out.commands = {
      serve_command(), admin_command(), config_command(),  fsck_command(),
      gc_command(),    ssh_command(),   version_command(), completion_command(root_command)};
  return out;
}

int run(std::vector<std::string> arguments) {
  std::ios::sync_with_stdio(false);
  Command top = root_command();
  if (arguments.size() == 1 && arguments.front() == "--version") arguments = {"version"};
  // Started by `cairn serve` alone, which talks to them over their standard input.
  if (arguments.size() == 1 && arguments.front() == "ssh-worker") return run_worker();
  if (arguments.size() == 1 && arguments.front() == "render-worker") return render::run_worker();
  auto exit =
      wants_help(arguments) ? print_help(top, arguments) : run_command(top, std::move(arguments));
  std::cout.flush();
  if (exit) return static_cast<int>(*exit);
  say_error(exit.error().message);
  return static_cast<int>(exit_of(exit.error()));
}

}  // namespace cairn::app::cli
