#include "hub/push/request.h"

#include <gtest/gtest.h>

#include "hub/push/rules.h"

namespace cairn::push {
namespace {

const std::string zero(40, '0'), a(40, 'a'), b(40, 'b');

Result<Request> read(const std::vector<std::string>& lines) {
  RequestReader reader;
  for (const auto& line : lines) {
    if (line == "flush") {
      CAIRN_TRY(done, reader.add({git::PktKind::flush, ""}));
      if (done) return reader.take();
      continue;
    }
    CAIRN_CHECK(reader.add({git::PktKind::data, line}));
  }
  return fail(ErrorCode::internal, "Unfinished", "");
}

std::string with_capabilities(std::string line, std::string_view words) {
  line += '\0';
  return line += words;
}

TEST(PushRequest, CommandsCreateMoveAndDelete) {
  auto request =
      read({with_capabilities(zero + " " + a + " refs/heads/new",
                              " report-status-v2 side-band-64k atomic quiet"),
            a + " " + b + " refs/heads/main\n", b + " " + zero + " refs/tags/v1", "flush"});
  ASSERT_TRUE(request) << request.error().message;
  ASSERT_EQ(request->commands.size(), 3u);
  EXPECT_FALSE(request->commands[0].from);
  EXPECT_EQ(request->commands[1].ref, "refs/heads/main");
  EXPECT_FALSE(request->commands[2].to);
  EXPECT_TRUE(request->atomic && request->report_status && request->side_band && request->quiet);
  EXPECT_TRUE(request->brings_pack());
}

TEST(PushRequest, OptionsFollowOnlyWhenAnnounced) {
  auto request = read({with_capabilities(a + " " + zero + " refs/heads/x", "push-options"), "flush",
                       "ci.skip", "topic=x\n", "flush"});
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(request->options, (std::vector<std::string>{"ci.skip", "topic=x"}));
  EXPECT_FALSE(request->brings_pack());
}

TEST(PushRequest, NothingIsAQuestion) {
  auto request = read({"flush"});
  ASSERT_TRUE(request);
  EXPECT_TRUE(request->commands.empty());
}

TEST(PushRequest, WhatIsNoCommandIsRefused) {
  for (std::string line :
       {std::string("hello"), zero + " " + a, zero + a + " refs/heads/x", zero + " " + a + " ",
        std::string("push-cert"), std::string(40, 'A') + " " + a + " refs/heads/x"})
    EXPECT_EQ(read({line, "flush"}).error().word, "InvalidPush") << line;
  auto foreign = with_capabilities(zero + " " + a + " refs/heads/x", "object-format=sha256");
  EXPECT_EQ(read({foreign, "flush"}).error().word, "InvalidPush");
}

TEST(PushRequest, NumbersAreBounded) {
  std::vector<std::string> lines(commands_max + 1, zero + " " + a + " refs/heads/x");
  EXPECT_EQ(read(lines).error().word, "TooManyRefs");
  std::vector<std::string> options(options_max + 2, "x");
  options[0] = with_capabilities(zero + " " + a + " refs/heads/x", "push-options");
  options.insert(options.begin() + 1, "flush");
  options.push_back("x");
  EXPECT_EQ(read(options).error().word, "TooManyOptions");
}

TEST(PushReport, LinesAreOnePerRefAndStayOneLine) {
  Request request;
  request.report_status = true;
  Report report{"", {{"refs/heads/a", ""}, {"refs/heads/b", "two\nlines"}}, {}};
  EXPECT_EQ(encode_report(report, request),
            "000eunpack ok\n0014ok refs/heads/a\n001eng refs/heads/b two lines\n0000");
  EXPECT_FALSE(report.all_done());
  request.side_band = true;
  report.words = {"hello"};
  auto framed = encode_report(report, request);
  EXPECT_TRUE(framed.starts_with("000b\x02hello\n")) << framed;
  EXPECT_TRUE(framed.ends_with("0000")) << framed;
}

TEST(PushReport, AdvertisementOfAnEmptyRepositoryHasCapabilities) {
  auto empty = encode_advertisement({}, "cairn/1", true);
  EXPECT_TRUE(empty.starts_with("000eversion 1\n")) << empty;
  EXPECT_NE(empty.find(zero + " capabilities^{}"), empty.npos);
  auto two = encode_advertisement(
      {{"refs/heads/a", *git::Oid::parse(a)}, {"refs/heads/b", *git::Oid::parse(b)}}, "cairn/1",
      false);
  EXPECT_EQ(two.find("side-band-64k"), two.rfind("side-band-64k")) << "with the first ref only";
  EXPECT_TRUE(two.ends_with(b + " refs/heads/b\n0000")) << two;
}

TEST(PushRules, RefsOfTheHubAreNotPushedTo) {
  auto oid = *git::Oid::parse(a);
  auto refused = [&](std::string ref) { return refuse_ref({{}, oid, std::move(ref)}, "main"); };
  EXPECT_EQ(refused("refs/heads/x"), "");
  EXPECT_EQ(refused("refs/tags/v1.0"), "");
  for (std::string ref : {"refs/pr/1", "refs/convert/parquet", "refs/notes/x", "HEAD", "main",
                          "refs/heads/a..b", "refs/heads/HEAD", "refs/heads/", "refs/tags/.x"})
    EXPECT_NE(refused(ref), "") << ref;
  EXPECT_NE(refuse_ref({oid, {}, "refs/heads/main"}, "main"), "");
  EXPECT_EQ(refuse_ref({oid, {}, "refs/heads/other"}, "main"), "");
  EXPECT_NE(refuse_ref({oid, {}, "refs/heads/main"}, "other"), "") << "clients ask for it";
  EXPECT_NE(refuse_ref({oid, {}, "refs/heads/other"}, "other"), "");
  auto twice = refusals({{{}, oid, "refs/heads/x"}, {{}, oid, "refs/heads/x"}}, "main");
  EXPECT_NE(twice[0], "");
  EXPECT_EQ(twice[0], twice[1]);
}

}  // namespace
}  // namespace cairn::push
