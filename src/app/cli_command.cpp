#include "app/cli_command.h"

#include <algorithm>

#include "base/text.h"

namespace cairn::app::cli {
namespace {

std::string in_quotes(std::string_view text) {
  return "\"" + std::string(text) + "\"";
}

std::string see_help(const std::string& path) {
  return " See: " + path + " --help.";
}

const Option* find_option(const Command& command, std::string_view name) {
  for (const auto& option : command.options)
    if (option.name == name) return &option;
  return nullptr;
}

Failure unknown_option(const Command& command, const std::string& path, const std::string& name) {
  // Settings are options of every command, so they are near as well.
  std::vector<std::string> names;
  for (const auto& option : command.options) names.emplace_back(option.name);
  for (const auto& key : setting_keys()) {
    std::string flag = "--" + key;
    std::replace(flag.begin(), flag.end(), '_', '-');
    names.push_back(flag);
  }
  auto near = nearest(name, names);
  return usage_error(in_quotes(path) + " has no option " + in_quotes(name) + "." +
                     (near ? " Did you mean " + *near + "?" : see_help(path)));
}

Result<> take_option(Invocation& out, const Command& command, const std::string& path,
                     const std::vector<std::string>& arguments, std::size_t& at) {
  const std::string& argument = arguments[at];
  auto equals = argument.find('=');
  std::string name = argument.substr(0, equals);
  auto* option = find_option(command, name);
  if (!option) return unknown_option(command, path, name);
  if (out.options.contains(name)) return usage_error(name + " is given twice.");
  std::string value;
  if (option->value.empty() && equals != argument.npos)
    return usage_error(name + " takes no value.");
  if (!option->value.empty()) {
    if (equals != argument.npos)
      value = argument.substr(equals + 1);
    else if (at + 1 < arguments.size())
      value = arguments[++at];
    else
      return usage_error(name + " needs a value: " + name + " " + std::string(option->value) + ".");
  }
  out.options.emplace(name, value);
  return {};
}

std::string usage_line(const Command& command, const std::string& path) {
  std::string out = "usage: " + path;
  if (!command.commands.empty()) return out + " COMMAND\n";
  for (const auto& operand : command.operands)
    out +=
        operand.optional ? " [" + std::string(operand.name) + "]" : " " + std::string(operand.name);
  if (!command.options.empty()) out += " [options]";
  return out + "\n";
}

void add_rows(std::string& out, const std::vector<std::pair<std::string, std::string>>& rows) {
  std::size_t width = 0;
  for (const auto& row : rows) width = std::max(width, row.first.size());
  for (const auto& [left, right] : rows)
    out += "  " + left + std::string(width - left.size() + 3, ' ') + right + "\n";
}

}  // namespace

Exit exit_of(const Error& error) {
  if (error.word == "WrongUsage" || error.word == "InvalidConfig") return Exit::wrong_usage;
  switch (error.code) {
    case ErrorCode::not_found:
    case ErrorCode::gone:
      return Exit::not_found;
    case ErrorCode::forbidden:
    case ErrorCode::unauthenticated:
    case ErrorCode::bad_credentials:
      return Exit::refused;
    default:
      return Exit::failed;
  }
}

std::optional<std::string> Invocation::option(std::string_view name) const {
  auto at = options.find(name);
  if (at == options.end()) return std::nullopt;
  return at->second;
}

Failure usage_error(std::string message) {
  return fail(ErrorCode::invalid_argument, "WrongUsage", std::move(message));
}

Result<Invocation> parse(const Command& command, const std::string& path,
                         const std::vector<std::string>& arguments, Config config) {
  Invocation out;
  out.config = std::move(config);
  bool options_end = false;
  for (std::size_t at = 0; at < arguments.size(); ++at) {
    const std::string& argument = arguments[at];
    // A lone "-" is standard input.
    if (options_end || argument.size() < 2 || !argument.starts_with('-'))
      out.operands.push_back(argument);
    else if (argument == "--")
      options_end = true;
    else
      CAIRN_CHECK(take_option(out, command, path, arguments, at));
  }
  if (out.operands.size() > command.operands.size())
    return usage_error(in_quotes(out.operands[command.operands.size()]) +
                       " is one argument too many." + see_help(path));
  for (std::size_t i = out.operands.size(); i < command.operands.size(); ++i)
    if (!command.operands[i].optional)
      return usage_error(std::string(command.operands[i].name) + " is missing: " +
                         std::string(command.operands[i].help) + "." + see_help(path));
  return out;
}

std::string help(const Command& command, const std::string& path) {
  std::string out = usage_line(command, path) + "\n" + command.summary + ".\n";
  if (!command.details.empty()) out += "\n" + command.details + "\n";
  std::vector<std::pair<std::string, std::string>> rows;
  for (const auto& sub : command.commands) rows.emplace_back(sub.name, sub.summary);
  for (const auto& operand : command.operands) rows.emplace_back(operand.name, operand.help);
  for (const auto& option : command.options) {
    std::string left(option.name);
    if (!option.value.empty()) left += " " + std::string(option.value);
    rows.emplace_back(left, option.help);
  }
  if (!rows.empty()) {
    out += "\n";
    add_rows(out, rows);
  }
  if (command.needs_config && command.commands.empty())
    out += "\nEvery setting is an option too, first of all --data FOLDER; see: cairn config.\n";
  out += "\nexamples:\n";
  for (const auto& example : command.examples) out += "  " + example + "\n";
  return out;
}

Result<const Command*> find_command(const Command& parent, const std::string& path,
                                    const std::string& name) {
  std::vector<std::string> names;
  for (const auto& command : parent.commands) {
    if (command.name == name) return &command;
    names.push_back(command.name);
  }
  auto near = nearest(name, names);
  return usage_error(
      in_quotes(name) + " is not a command of " + in_quotes(path) + "." +
      (near ? " Did you mean " + in_quotes(path + " " + *near) + "?" : see_help(path)));
}

}  // namespace cairn::app::cli
