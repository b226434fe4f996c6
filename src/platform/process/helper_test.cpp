#include "platform/process/helper.h"

#include <gtest/gtest.h>

namespace cairn::process {
namespace {

constexpr std::size_t answer_max = 1u << 20;

std::unique_ptr<Helper> start(std::vector<std::string> argv) {
  auto helper = Helper::start({.argv = std::move(argv)});
  EXPECT_TRUE(helper);
  return helper ? std::move(*helper) : nullptr;
}

// cat answers each question with itself, frame and all.
TEST(ProcessHelper, AnswersOneQuestionAfterAnother) {
  auto cat = start({"cat"});
  for (const std::string& question :
       {std::string("hello"), std::string(), std::string(300'000, 'x')})
    EXPECT_EQ(cat->ask(question, seconds(20), answer_max).value_or("none"), question);
}

TEST(ProcessHelper, AnAnswerThatDoesNotComeIsATimeout) {
  auto sleeper = start({"sleep", "60"});
  EXPECT_EQ(sleeper->ask("?", Duration{100'000}, answer_max).error().word, "ProgramTimeout");
}

TEST(ProcessHelper, AProgramThatEndsIsAnError) {
  auto brief = start({"true"});
  EXPECT_EQ(brief->ask(std::string(200'000, 'x'), seconds(20), answer_max).error().word,
            "ProgramFailed");
}

TEST(ProcessHelper, ALongAnswerIsAnError) {
  auto cat = start({"cat"});
  EXPECT_EQ(cat->ask(std::string(1000, 'x'), seconds(20), 999).error().word,
            "ProgramOutputTooLarge");
}

TEST(ProcessHelper, MoreThanWasAskedForIsNoAnswer) {
  auto chatty = start({"printf", "\\000\\000\\000\\001ab"});
  EXPECT_EQ(chatty->ask("?", seconds(20), answer_max).error().word, "ProgramFailed");
}

}  // namespace
}  // namespace cairn::process
