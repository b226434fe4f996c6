#include <iostream>

#include "app/cli_commands.h"
#include "app/config.h"

/// Completion scripts as data: each knows, for every command path, its words. They need nothing of
/// the program when they run, so that Tab is quick.
namespace cairn::app::cli {
namespace {

struct Entry {
  std::string path;  ///< "admin user", empty for the program itself.
  std::vector<std::pair<std::string, std::string>> words;  ///< With their help.
};

void collect(const Command& command, const std::string& path, std::vector<Entry>& out) {
  Entry entry{path, {}};
  for (const auto& sub : command.commands) entry.words.emplace_back(sub.name, sub.summary);
  for (const auto& option : command.options) entry.words.emplace_back(option.name, option.help);
  entry.words.emplace_back("--help", "how to use it");
  if (command.needs_config && command.commands.empty())
    entry.words.emplace_back("--data", "the data folder");
  out.push_back(std::move(entry));
  for (const auto& sub : command.commands)
    collect(sub, path.empty() ? sub.name : path + " " + sub.name, out);
}

std::string settings_pattern() {
  std::string out;
  for (auto key : setting_keys()) {
    std::replace(key.begin(), key.end(), '_', '-');
    out += (out.empty() ? "--" : "|--") + key;
  }
  return out;
}

/// Help texts are ours; quotes in them would end the shell's.
std::string plain(std::string_view text) {
  std::string out;
  for (char c : text)
    if (c != '\'' && c != '"' && c != '`' && c != '$' && c != '\\' && c != ':') out += c;
  return out;
}

// Both shells: which words before the cursor are commands? Options and the values of settings are
// passed over.
std::string path_loop(std::string_view words) {
  return "  local path='' word skip=''\n"
         "  for word in " +
         std::string(words) +
         "; do\n"
         "    if [[ -n $skip ]]; then skip=''; continue; fi\n"
         "    case $word in\n"
         "      " +
         settings_pattern() +
         ") skip=1 ;;\n"
         "      -*) ;;\n"
         "      *) path=\"${path:+$path }$word\" ;;\n"
         "    esac\n"
         "  done\n";
}

void print_bash(const std::vector<Entry>& entries) {
  std::cout << "# bash completion for cairn: source <(cairn completion bash)\n"
               "_cairn() {\n"
            << path_loop("\"${COMP_WORDS[@]:1:COMP_CWORD-1}\"")
            << "  local words=''\n"
               "  case $path in\n";
  for (const auto& entry : entries) {
    std::cout << "    '" << entry.path << "') words='";
    for (const auto& word : entry.words) std::cout << word.first << " ";
    std::cout << "' ;;\n";
  }
  std::cout << "  esac\n"
               "  COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
               "}\n"
               "complete -o default -F _cairn cairn\n";
}

void print_zsh(const std::vector<Entry>& entries) {
  std::cout << "#compdef cairn\n"
               "# zsh completion for cairn: source <(cairn completion zsh)\n"
               "_cairn() {\n"
            << path_loop("\"${(@)words[2,CURRENT-1]}\"")
            << "  local -a found\n"
               "  case $path in\n";
  for (const auto& entry : entries) {
    std::cout << "    '" << entry.path << "') found=(";
    for (const auto& [word, text] : entry.words)
      std::cout << " '" << word << ":" << plain(text) << "'";
    std::cout << " ) ;;\n";
  }
  std::cout << "  esac\n"
               "  (( ${#found} )) && _describe 'cairn' found\n"
               "  _files\n"
               "}\n"
               "compdef _cairn cairn\n";
}

void print_fish(const std::vector<Entry>& entries) {
  std::cout << "# fish completion for cairn: cairn completion fish | source\n"
               "function __cairn_at\n"
               "  set -l path\n"
               "  for word in (commandline -opc)[2..-1]\n"
               "    string match -q -- '-*' $word; or set -a path $word\n"
               "  end\n"
               "  test \"$path\" = \"$argv[1]\"\n"
               "end\n"
               "complete -c cairn -f\n";
  for (const auto& entry : entries)
    for (const auto& [word, text] : entry.words) {
      std::cout << "complete -c cairn -n '__cairn_at \"" << entry.path << "\"' ";
      if (word.starts_with("--"))
        std::cout << "-l " << word.substr(2) << (word == "--data" ? " -r -F" : "");
      else
        std::cout << "-a " << word;
      std::cout << " -d '" << plain(text) << "'\n";
    }
}

}  // namespace

Command completion_command(Command (*top)()) {
  auto shell = [top](void (*print)(const std::vector<Entry>&)) -> Run {
    return [top, print](const Invocation&) -> Result<Exit> {
      std::vector<Entry> entries;
      collect(top(), "", entries);
      print(entries);
      return Exit::done;
    };
  };
  auto command = [&](std::string name, std::string use, std::string keep,
                     void (*print)(const std::vector<Entry>&)) {
    return Command{.name = name,
                   .summary = "Print the completion script of " + name,
                   .examples = {std::move(use), std::move(keep)},
                   .run = shell(print),
                   .needs_config = false};
  };
  Command out{.name = "completion",
              .summary = "Print a script by which a shell completes commands",
              .examples = {"source <(cairn completion bash)", "cairn completion fish | source"},
              .needs_config = false};
  out.commands = {
      command("bash", "source <(cairn completion bash)",
              "cairn completion bash > /etc/bash_completion.d/cairn", print_bash),
      command("zsh", "source <(cairn completion zsh)", "cairn completion zsh > ~/.zfunc/_cairn",
              print_zsh),
      command("fish", "cairn completion fish | source",
              "cairn completion fish > ~/.config/fish/completions/cairn.fish", print_fish)};
  return out;
}

}  // namespace cairn::app::cli
