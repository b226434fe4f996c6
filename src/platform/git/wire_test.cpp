// The wire protocol: packets, requests and advertisements.
#include <gtest/gtest.h>

#include "platform/git/advertisement.h"
#include "platform/git/pkt_line.h"
#include "platform/git/upload_request.h"

namespace cairn::git {
namespace {

Oid oid(char digit) {
  return *Oid::parse(std::string(40, digit));
}
std::string hex(char digit) {
  return std::string(40, digit);
}

/// Packets from lines; "0000" and "0001" are marks.
std::string packets(std::initializer_list<std::string_view> lines) {
  std::string out;
  for (auto line : lines) {
    if (line == "0000" || line == "0001")
      out += line;
    else
      append_pkt_line(out, line);
  }
  return out;
}

TEST(PktLine, ReadsPacketsCutAnywhere) {
  std::string text = packets({"hello", "0001", "x", "0000"});
  PktReader reader;
  std::vector<Pkt> got;
  for (char c : text) {
    reader.feed({&c, 1});
    auto next = reader.next();
    ASSERT_TRUE(next);
    if (*next) got.push_back(**next);
  }
  EXPECT_TRUE(reader.empty());
  std::vector<Pkt> wanted = {
      {PktKind::data, "hello\n"}, {PktKind::delim}, {PktKind::data, "x\n"}, {PktKind::flush}};
  EXPECT_EQ(got, wanted);
  EXPECT_EQ(got[0].line(), "hello");
}

TEST(PktLine, RefusesLengthsThatCannotBe) {
  for (const char* bad : {"0003", "fff1", "ffff", "zzzz", "-001", "00 4"}) {
    PktReader reader;
    reader.feed(bad);
    auto next = reader.next();
    ASSERT_FALSE(next) << bad;
    EXPECT_EQ(next.error().word, "InvalidPktLine");
  }
}

TEST(PktLine, LargestPacketFits) {
  std::string text;
  append_pkt(text, std::string(pkt_data_bytes_max, 'a'));
  EXPECT_TRUE(text.starts_with("fff0"));
  PktReader reader;
  reader.feed(text);
  EXPECT_EQ((*reader.next())->data.size(), pkt_data_bytes_max);
}

TEST(PktLine, WhatFollowsThePacketsIsTheRest) {
  PktReader reader;
  reader.feed("0000PACK");
  EXPECT_EQ((*reader.next())->kind, PktKind::flush);
  EXPECT_EQ(reader.take_rest(), "PACK");
  EXPECT_TRUE(reader.empty());
}

TEST(PktLine, BandsSplitWhatIsLong) {
  std::string out;
  append_band(out, Band::progress, std::string(2000, 'a'), 1000);
  PktReader reader;
  reader.feed(out);
  std::size_t sum = 0;
  while (true) {
    auto next = *reader.next();
    if (!next) break;
    EXPECT_EQ(next->data[0], '\2');
    EXPECT_LE(next->data.size() + 4, 1000u);
    sum += next->data.size() - 1;
  }
  EXPECT_EQ(sum, 2000u);
}

TEST(Protocol, IsTheHighestThatBothKnow) {
  EXPECT_EQ(parse_protocol(""), Protocol::v0);
  EXPECT_EQ(parse_protocol("version=1"), Protocol::v1);
  EXPECT_EQ(parse_protocol("version=2"), Protocol::v2);
  EXPECT_EQ(parse_protocol("version=3:version=1"), Protocol::v1);
  EXPECT_EQ(parse_protocol("foo=2:version=2:version=1"), Protocol::v2);
  EXPECT_EQ(parse_protocol("version=22"), Protocol::v0);
}

TEST(CommandV2, ReadsFetchAsGitSendsIt) {
  auto command = parse_command_v2(
      packets({"command=fetch", "agent=git/2.39.5", "object-format=sha1", "0001", "thin-pack",
               "no-progress", "include-tag", "ofs-delta", "deepen 1", "filter tree:0",
               "want " + hex('a'), "have " + hex('b'), "done", "0000"}));
  ASSERT_TRUE(command) << command.error().message;
  const auto& fetch = std::get<FetchRequest>(*command);
  EXPECT_EQ(fetch.wants, std::vector{oid('a')});
  EXPECT_EQ(fetch.haves, std::vector{oid('b')});
  EXPECT_EQ(fetch.end, FetchRequest::End::done);
  EXPECT_EQ(fetch.options.size(), 6u);
  EXPECT_FALSE(encode_fetch(fetch, Protocol::v2).contains("agent="));
}

TEST(CommandV2, RefusesWhatWasNotOffered) {
  auto with = [](std::string line) {
    return parse_command_v2(packets({"command=fetch", "0001", line, "0000"}));
  };
  for (std::string line :
       {std::string("want-ref refs/heads/main"), std::string("packfile-uris https"),
        std::string("sideband-all"), "want " + hex('0'), std::string("want abc"),
        "want " + std::string(40, 'A'), std::string("filter sparse:oid=main:x"),
        std::string("filter blob:limit="), std::string("filter blob:limit=1x"),
        std::string("filter tree:-1"), std::string("filter combine:combine:blob:none"),
        std::string("deepen -1"), std::string("deepen x"), std::string("deepen-not --all"),
        std::string("deepen-not a b"), std::string("shallow x"), std::string("nonsense")}) {
    auto command = with(line);
    ASSERT_FALSE(command) << line;
    EXPECT_EQ(command.error().code, ErrorCode::invalid_argument) << line;
  }
  for (std::string line :
       {"filter blob:limit=10k", "filter tree:3", "filter object:type=commit",
        "filter combine:blob:none+tree:2", "filter combine:blob%3anone", "deepen-since 1700000000",
        "deepen-not refs/tags/v1", "deepen-not v1", "wait-for-done", "deepen-relative"})
    EXPECT_TRUE(with(line)) << line;
}

TEST(CommandV2, RefusesOtherShapes) {
  for (const auto& text :
       {std::string(), packets({"command=fetch"}), packets({"command=fetch", "0000", "0000"}),
        packets({"command=fetch", "command=ls-refs", "0000"}), packets({"agent=x", "0000"}),
        packets({"command=object-info", "0001", "size", "0000"}),
        packets({"command=fetch", "object-format=sha256", "0000"}),
        packets({"command=fetch", "0001", "0001", "0000"}),
        packets({"command=fetch", "0000"}) + "00"})
    EXPECT_FALSE(parse_command_v2(text)) << text;
}

TEST(CommandV2, TooManyPrefixesMeanAllRefs) {
  std::string text = packets({"command=ls-refs", "0001"});
  for (std::size_t i = 0; i <= ls_refs_prefixes_max; ++i)
    append_pkt_line(text, "ref-prefix refs/heads/" + std::to_string(i));
  append_flush(text);
  auto command = parse_command_v2(text);
  ASSERT_TRUE(command) << command.error().message;
  EXPECT_TRUE(std::get<LsRefsRequest>(*command).prefixes.empty());
}

TEST(FetchV0, ReadsAWholeNegotiation) {
  auto request = parse_fetch_v0(packets(
      {"want " + hex('a') + " multi_ack_detailed no-done side-band-64k agent=git/2 unheard-of",
       "want " + hex('b'), "shallow " + hex('c'), "deepen 3", "filter blob:none", "0000",
       "have " + hex('d'), "done"}));
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(request->wants, (std::vector{oid('a'), oid('b')}));
  EXPECT_EQ(request->shallow, std::vector{oid('c')});
  EXPECT_EQ(request->haves, std::vector{oid('d')});
  EXPECT_EQ(request->end, FetchRequest::End::done);
  EXPECT_EQ(request->capabilities,
            (std::vector<std::string>{"multi_ack_detailed", "no-done", "side-band-64k"}));
}

TEST(FetchV0, StopsWhereGitAnswers) {
  auto request = parse_fetch_v0(packets(
      {"want " + hex('a'), "0000", "have " + hex('b'), "0000", "have " + hex('c'), "done"}));
  ASSERT_TRUE(request);
  EXPECT_EQ(request->haves, std::vector{oid('b')});
  EXPECT_EQ(request->end, FetchRequest::End::flush);
}

TEST(FetchV0, RefusesWantsAmongHaves) {
  EXPECT_FALSE(parse_fetch_v0(
      packets({"want " + hex('a'), "0000", "have " + hex('b'), "want " + hex('c'), "done"})));
  EXPECT_FALSE(parse_fetch_v0(
      packets({"want " + hex('a'), "want " + hex('b') + " thin-pack", "0000", "done"})));
  EXPECT_FALSE(parse_fetch_v0(packets({"have " + hex('a'), "want " + hex('b'), "0000"})));
  EXPECT_FALSE(parse_fetch_v0(packets({"want " + hex('a')})));
}

class Advertised : public testing::Test {
 protected:
  std::vector<AdvertisedRef> refs = {{"refs/heads/dev", oid('1'), {}},
                                     {"refs/heads/main", oid('2'), {}},
                                     {"refs/tags/v1", oid('3'), oid('2')}};
  RefView view{refs, "refs/heads/main"};

  std::vector<std::string> ls(LsRefsRequest request) {
    PktReader reader;
    reader.feed(encode_ls_refs(view, request));
    std::vector<std::string> out;
    for (;;) {
      auto next = *reader.next();
      if (!next || next->kind != PktKind::data) break;
      out.emplace_back(next->line());
    }
    return out;
  }
};

TEST_F(Advertised, HeadStandsFirstWithTheCapabilities) {
  auto text = encode_upload_advertisement(view, Protocol::v0, "cairn/1");
  PktReader reader;
  reader.feed(text);
  auto first = (*reader.next())->data;
  EXPECT_TRUE(first.starts_with(hex('2') + " HEAD" + std::string(1, '\0')));
  EXPECT_TRUE(first.contains(" symref=HEAD:refs/heads/main "));
  EXPECT_TRUE(text.contains(hex('2') + " refs/tags/v1^{}\n"));
  EXPECT_TRUE(text.ends_with("0000"));
  EXPECT_TRUE(
      encode_upload_advertisement(view, Protocol::v1, "cairn/1").starts_with("000eversion 1\n"));
}

TEST_F(Advertised, EmptyRepositoryStillTellsItsCapabilities) {
  auto text = encode_upload_advertisement({{}, "refs/heads/main"}, Protocol::v0, "cairn/1");
  EXPECT_TRUE(text.contains(hex('0') + " capabilities^{}" + std::string(1, '\0')));
  view.refs = {};
  EXPECT_EQ(ls({.symrefs = true, .unborn = true}),
            std::vector<std::string>{"unborn HEAD symref-target:refs/heads/main"});
  EXPECT_TRUE(ls({.symrefs = true}).empty());
}

TEST_F(Advertised, LsRefsKeepsToPrefixes) {
  EXPECT_EQ(ls({.symrefs = true, .prefixes = {"HEAD"}}),
            std::vector<std::string>{hex('2') + " HEAD symref-target:refs/heads/main"});
  EXPECT_EQ(ls({.peel = true, .prefixes = {"refs/tags/"}}),
            std::vector<std::string>{hex('3') + " refs/tags/v1 peeled:" + hex('2')});
  EXPECT_EQ(ls({.prefixes = {"refs/heads/main", "refs/h", "refs/heads/"}}).size(), 2u);
  EXPECT_EQ(ls({.prefixes = {"refs/heads/m", "refs/heads/z", "refs/heads/a"}}).size(), 1u);
  EXPECT_EQ(ls({}).size(), 4u);
}

}  // namespace
}  // namespace cairn::git
