#include "platform/git/object.h"

#include <gtest/gtest.h>

#include "platform/git/test_support.h"

namespace cairn::git {
namespace {

using testing::ada;

Oid oid_of(std::string_view text) {
  return object_id(ObjectType::blob, text);
}

TEST(GitOid, IsTheNameGitGives) {
  EXPECT_EQ(object_id(ObjectType::blob, "").hex(), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
  EXPECT_EQ(object_id(ObjectType::tree, "").hex(), "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
  ObjectIdHasher pieces(ObjectType::blob, 6);
  pieces.update("hel");
  pieces.update("lo\n");
  EXPECT_EQ(pieces.finish().hex(), "ce013625030ba8dba906f756967f9e9ca394464a");
}

TEST(GitOid, ParsesOnlyFortyLowerCaseHexDigits) {
  EXPECT_TRUE(Oid::parse(std::string(40, '0'))->is_zero());
  for (std::string_view bad :
       {"", "abc", "E69DE29BB2D1D6434B8B29AE775AD8C2E48C5391",
        "e69de29bb2d1d6434b8b29ae775ad8c2e48c539g", "e69de29bb2d1d6434b8b29ae775ad8c2e48c53910"})
    EXPECT_EQ(Oid::parse(bad).error().word, "InvalidOid") << bad;
}

TEST(GitOid, OrdersAsUnsignedBytes) {
  EXPECT_LT(*Oid::parse("7f" + std::string(38, '0')), *Oid::parse("80" + std::string(38, '0')));
}

TEST(GitTree, SortsAFolderAsIfItEndedInASlash) {
  auto content = encode_tree({{FileMode::regular, "a0", oid_of("x")},
                              {FileMode::directory, "a", oid_of("x")},
                              {FileMode::regular, "a.b", oid_of("x")},
                              {FileMode::regular, "a-b", oid_of("x")},
                              {FileMode::executable, "\xc3\xa9", oid_of("x")}});
  ASSERT_TRUE(content);
  auto entries = parse_tree(*content);
  ASSERT_TRUE(entries);
  std::vector<std::string> names;
  for (const auto& entry : *entries) names.push_back(entry.name);
  EXPECT_EQ(names, (std::vector<std::string>{"a-b", "a.b", "a", "a0", "\xc3\xa9"}));
  EXPECT_EQ(entries->at(2).mode, FileMode::directory);
  EXPECT_EQ(entries->at(4).mode, FileMode::executable);
  EXPECT_EQ(*encode_tree(*entries), *content);
}

TEST(GitTree, RefusesNamesThatFsckWouldRefuse) {
  for (std::string_view name : {std::string_view(""), std::string_view("."), std::string_view(".."),
                                std::string_view("a/b"), std::string_view(".GIT"),
                                std::string_view("git~1"), std::string_view("a\0b", 3)}) {
    auto tree = encode_tree({{FileMode::regular, std::string(name), oid_of("x")}});
    ASSERT_FALSE(tree) << name;
    EXPECT_EQ(tree.error().word, "InvalidTree");
  }
  EXPECT_FALSE(encode_tree({{FileMode::regular, "a", Oid{}}}));
}

TEST(GitTree, RefusesANameTwiceEvenWhenFileAndFolderSortApart) {
  for (FileMode second : {FileMode::regular, FileMode::directory, FileMode::symlink})
    EXPECT_EQ(encode_tree({{FileMode::regular, "a", oid_of("x")},
                           {FileMode::regular, "a.b", oid_of("x")},
                           {second, "a", oid_of("y")}})
                  .error()
                  .word,
              "InvalidTree");
}

TEST(GitTree, ParsesModesOfOldPrograms) {
  std::string content("100664 a\0", 9);
  content += oid_of("x").view();
  content += std::string_view("040000 b\0", 9);
  content += oid_of("x").view();
  auto entries = parse_tree(content);
  ASSERT_TRUE(entries);
  EXPECT_EQ(entries->at(0).mode, FileMode::regular);
  EXPECT_EQ(entries->at(1).mode, FileMode::directory);
}

TEST(GitTree, RefusesBrokenContent) {
  std::string whole =
      *encode_tree({{FileMode::regular, "a", oid_of("x")}, {FileMode::regular, "b", oid_of("x")}});
  std::size_t half = whole.size() / 2;
  std::string swapped = whole.substr(half) + whole.substr(0, half);
  for (const std::string& bad :
       {whole.substr(0, whole.size() - 1), whole.substr(0, 3), swapped, whole + "1",
        std::string("100644"), whole.substr(0, half) + whole.substr(0, half),
        "900000" + whole.substr(6), "130000" + whole.substr(6)})
    EXPECT_EQ(parse_tree(bad).error().word, "CorruptObject");
  EXPECT_TRUE(parse_tree("")->empty());
}

TEST(GitSignature, LeavesOutWhatWouldBreakTheLine) {
  EXPECT_EQ(encode_signature({"Ada <b>\n\x01", "a>b\n@x", 5, -90}), "Ada b <ab@x> 5 -0130");
  EXPECT_EQ(encode_signature({" .,<>", "", -7, 0}), "unknown <> 0 +0000");
  EXPECT_EQ(encode_signature({"J. R.", "j@x", 1, 9999}), "J. R <j@x> 1 +1400");
}

TEST(GitSignature, ReadsWhatHistoryHolds) {
  EXPECT_EQ(parse_signature("Ada L <a@b> 12 +0130"), (Signature{"Ada L", "a@b", 12, 90}));
  EXPECT_EQ(parse_signature("Ada <a@b> 12 -0830"), (Signature{"Ada", "a@b", 12, -510}));
  EXPECT_EQ(parse_signature("Ada"), (Signature{"Ada", "", 0, 0}));
  EXPECT_EQ(parse_signature("Ada <a@b"), (Signature{"Ada", "a@b", 0, 0}));
  EXPECT_EQ(parse_signature("A <a>b> 9999999999999999999 x"), (Signature{"A", "a>b", 0, 0}));
  EXPECT_EQ(parse_signature("> < 1"), (Signature{">", " 1", 0, 0}));
  EXPECT_EQ(parse_signature(""), Signature{});
}

TEST(GitCommit, ComesBackAsItWasWritten) {
  CommitData commit{oid_of("t"), {oid_of("p"), oid_of("q")},        ada(1),
                    ada(2),      "encoding latin1\ngpgsig a\n b\n", "Title\n\nBody"};
  auto content = encode_commit(commit);
  ASSERT_TRUE(content);
  EXPECT_EQ(*parse_commit(*content), commit);
  commit.extra_headers.clear();
  commit.message.clear();
  commit.parents.clear();
  EXPECT_EQ(*parse_commit(*encode_commit(commit)), commit);
}

TEST(GitCommit, RefusesWhatFsckWouldRefuse) {
  CommitData commit{oid_of("t"), {}, ada(), ada(), "", "ok\n"};
  auto with = [&](auto change) {
    CommitData changed = commit;
    change(changed);
    return encode_commit(changed).error();
  };
  EXPECT_EQ(with([](auto& c) { c.message = std::string("a\0b", 3); }).word, "InvalidCommit");
  EXPECT_EQ(with([](auto& c) { c.message.assign(message_bytes_max + 1, 'a'); }).code,
            ErrorCode::too_large);
  EXPECT_EQ(with([](auto& c) { c.parents.assign(2, oid_of("p")); }).word, "InvalidCommit");
  EXPECT_EQ(with([](auto& c) { c.extra_headers = "a b"; }).word, "InvalidCommit");
  EXPECT_EQ(with([](auto& c) { c.extra_headers = "a b\n\nauthor x\n"; }).word, "InvalidCommit");
}

TEST(GitCommit, RefusesBrokenContent) {
  std::string whole = *encode_commit({oid_of("t"), {oid_of("p")}, ada(), ada(), "", "m"});
  EXPECT_FALSE(parse_commit(""));
  EXPECT_FALSE(parse_commit("tree 123\n"));
  EXPECT_FALSE(parse_commit(whole.substr(0, 45)));
  EXPECT_FALSE(parse_commit(whole.substr(0, 100)));
  EXPECT_FALSE(parse_commit(whole.substr(46)));
  EXPECT_EQ(parse_commit(whole.substr(0, 150)).error().word, "CorruptObject");
}

TEST(GitTag, ComesBackAsItWasWritten) {
  TagData tag{oid_of("c"), ObjectType::commit, "v1.0", ada(), "Release\n"};
  auto content = encode_tag(tag);
  ASSERT_TRUE(content);
  EXPECT_EQ(*parse_tag(*content), tag);
  EXPECT_EQ(encode_tag({oid_of("c"), ObjectType::commit, "a..b", ada(), ""}).error().word,
            "InvalidTag");
  EXPECT_EQ(encode_tag({oid_of("c"), ObjectType::commit, "a", {}, ""}).error().word, "InvalidTag");
  EXPECT_FALSE(parse_tag("object x\n"));
  EXPECT_FALSE(parse_tag("object " + oid_of("c").hex() + "\ntype thing\ntag a\n\n"));
}

}  // namespace
}  // namespace cairn::git
