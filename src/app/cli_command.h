#pragma once
#include <array>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/config.h"
#include "base/result.h"

/// Commands as data: parsing, help and completion are made from the one description.
namespace cairn::app::cli {

enum class Exit : int { done = 0, failed = 1, wrong_usage = 2, not_found = 3, refused = 4 };
[[nodiscard]] Exit exit_of(const Error& error);

/// "--json" or "--name NAME". Settings (--data, --listen…) are not listed: every command takes
/// them.
struct Option {
  std::string_view name;   ///< With its dashes.
  std::string_view value;  ///< What help calls its value; empty: a flag.
  std::string_view help;
};

struct Operand {
  std::string_view name;  ///< "NAME"
  std::string_view help;
  bool optional = false;
};

/// What the command line said.
struct Invocation {
  Config config;
  std::vector<std::string> operands;
  std::map<std::string, std::string, std::less<>> options;

  [[nodiscard]] bool has(std::string_view option) const { return options.contains(option); }
  [[nodiscard]] std::optional<std::string> option(std::string_view name) const;
};

/// Runs a command. An error is printed by the caller; it becomes the exit code.
using Run = std::function<Result<Exit>(const Invocation&)>;

struct Command {
  std::string name;
  std::string summary;  ///< A phrase in the imperative, without a full stop.
  std::string details = {};
  std::vector<Operand> operands = {};
  std::vector<Option> options = {};
  std::array<std::string, 2> examples = {};
  Run run = {};                        ///< Or it has `commands`.
  std::vector<Command> commands = {};  ///< In the order of help.
  bool needs_config = true;
};

/// The failure that means exit code 2.
[[nodiscard]] Failure usage_error(std::string message);

/// Reads what follows the command's name. `--` ends options.
/// @return word "WrongUsage", naming the nearest option.
[[nodiscard]] Result<Invocation> parse(const Command& command, const std::string& path,
                                       const std::vector<std::string>& arguments, Config config);

/// The text of `--help`. @param path  "cairn admin user".
[[nodiscard]] std::string help(const Command& command, const std::string& path);

/// The command called `name`. @return word "WrongUsage", naming the nearest.
[[nodiscard]] Result<const Command*> find_command(const Command& parent, const std::string& path,
                                                  const std::string& name);

}  // namespace cairn::app::cli
