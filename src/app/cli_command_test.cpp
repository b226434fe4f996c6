#include "app/cli_command.h"

#include <gtest/gtest.h>

#include "app/cli_commands.h"

namespace cairn::app::cli {
namespace {

Command paint() {
  return {.name = "paint",
          .summary = "Paint a thing",
          .operands = {{"THING", "what is painted"}, {"PLACE", "where it goes", true}},
          .options = {{"--color", "COLOR", "of the paint"}, {"--twice", "", "two coats"}},
          .examples = {"cairn paint house --color red", "cairn paint house --twice"},
          .run = [](const Invocation&) -> Result<Exit> { return Exit::done; }};
}

Result<Invocation> parsed(std::vector<std::string> arguments) {
  return parse(paint(), "cairn paint", arguments, Config{});
}

std::string message(const std::vector<std::string>& arguments) {
  auto got = parsed(arguments);
  if (got) return "accepted";
  EXPECT_EQ(exit_of(got.error()), Exit::wrong_usage);
  return got.error().message;
}

/// Calls `visit` with every command and its path.
void visit_all(const Command& command, const std::string& path,
               const std::function<void(const Command&, const std::string&)>& visit) {
  visit(command, path);
  for (const auto& sub : command.commands) visit_all(sub, path + " " + sub.name, visit);
}

TEST(CliParse, TakesOptionsInBothFormsAndOperandsInOrder) {
  auto got = parsed({"house", "--color=red", "--twice", "hill"});
  ASSERT_TRUE(got);
  EXPECT_EQ(got->operands, (std::vector<std::string>{"house", "hill"}));
  EXPECT_EQ(got->option("--color"), "red");
  EXPECT_TRUE(got->has("--twice"));
  EXPECT_EQ(parsed({"--color", "blue", "house"})->option("--color"), "blue");
}

TEST(CliParse, ALoneDashAndWhatFollowsTwoDashesAreOperands) {
  EXPECT_EQ(parsed({"-"})->operands, std::vector<std::string>{"-"});
  EXPECT_EQ(parsed({"--", "--color", "--twice"})->operands,
            (std::vector<std::string>{"--color", "--twice"}));
}

TEST(CliParse, RefusesWhatItDoesNotKnowAndNamesTheNearest) {
  EXPECT_EQ(message({"house", "--colro", "red"}),
            "\"cairn paint\" has no option \"--colro\". Did you mean --color?");
  EXPECT_EQ(message({"house", "--public-ulr=x"}),
            "\"cairn paint\" has no option \"--public-ulr\". Did you mean --public-url?");
  EXPECT_EQ(message({}), "THING is missing: what is painted. See: cairn paint --help.");
  EXPECT_EQ(message({"a", "b", "c"}), "\"c\" is one argument too many. See: cairn paint --help.");
  EXPECT_EQ(message({"a", "--color"}), "--color needs a value: --color COLOR.");
  EXPECT_EQ(message({"a", "--twice=yes"}), "--twice takes no value.");
  EXPECT_EQ(message({"a", "--twice", "--twice"}), "--twice is given twice.");
}

TEST(CliCommands, EveryHelpEndsInTwoExamplesOfThatCommand) {
  visit_all(root_command(), "cairn", [](const Command& command, const std::string& path) {
    std::string text = help(command, path);
    std::string end = "examples:\n  " + command.examples[0] + "\n  " + command.examples[1] + "\n";
    EXPECT_TRUE(text.ends_with(end)) << text;
    for (const auto& example : command.examples)
      EXPECT_NE(example.find(command.name), std::string::npos) << path << ": " << example;
    EXPECT_FALSE(command.summary.empty() || command.summary.ends_with('.')) << path;
  });
}

TEST(CliCommands, EveryCommandRunsOrHasCommands) {
  visit_all(root_command(), "cairn", [](const Command& command, const std::string& path) {
    EXPECT_NE(static_cast<bool>(command.run), !command.commands.empty()) << path;
  });
}

TEST(CliCommands, NoOptionHasTheNameOfASetting) {
  // A setting is taken from the line before the command sees it.
  visit_all(root_command(), "cairn", [](const Command& command, const std::string& path) {
    for (const auto& option : command.options)
      for (const auto& key : setting_keys()) EXPECT_NE(option.name, "--" + key) << path;
  });
}

TEST(CliCommands, UnknownOnesNameTheNearest) {
  auto top = root_command();
  auto found = find_command(top, "cairn", "srve");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().message,
            "\"srve\" is not a command of \"cairn\". Did you mean \"cairn serve\"?");
  EXPECT_TRUE(find_command(top, "cairn", "serve"));
}

TEST(CliExit, SaysWhatACallerCanDo) {
  auto exit = [](ErrorCode code) { return exit_of(Error{code, "Word", "message"}); };
  EXPECT_EQ(exit(ErrorCode::not_found), Exit::not_found);
  EXPECT_EQ(exit(ErrorCode::forbidden), Exit::refused);
  EXPECT_EQ(exit(ErrorCode::unavailable), Exit::failed);
  EXPECT_EQ(exit(ErrorCode::conflict), Exit::failed);
  EXPECT_EQ(exit_of(Error{ErrorCode::invalid_argument, "InvalidConfig", ""}), Exit::wrong_usage);
}

}  // namespace
}  // namespace cairn::app::cli
