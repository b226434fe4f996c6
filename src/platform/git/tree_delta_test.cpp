#include "platform/git/tree_delta.h"

#include <random>

#include <gtest/gtest.h>

#include "base/hash.h"
#include "platform/git/object.h"
#include "platform/git/object_source.h"

namespace cairn::git {
namespace {

std::vector<TreeEntry> many(int count) {
  std::vector<TreeEntry> out;
  for (int i = 0; i < count; ++i)
    out.push_back({FileMode::regular, "file" + std::to_string(i),
                   object_id(ObjectType::blob, std::to_string(i))});
  return out;
}

std::string tree(std::vector<TreeEntry> entries) {
  return *encode_tree(std::move(entries));
}

TEST(TreeDelta, OneChangedFileOfManyIsSomeBytes) {
  auto entries = many(20'000);
  auto before = tree(entries);
  entries[777].oid = object_id(ObjectType::blob, "changed");
  auto after = tree(entries);
  auto delta = tree_delta(before, after);
  ASSERT_TRUE(delta);
  EXPECT_LT(delta->size(), 200u);
  EXPECT_EQ(*delta_result_bytes(*delta), after.size());
  EXPECT_EQ(*apply_delta(before, *delta), after);
}

TEST(TreeDelta, RandomEditsComeBack) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    auto entries = many(300);
    auto before = tree(entries);
    for (int edits = 1 + static_cast<int>(random() % 10); edits > 0; --edits) {
      std::size_t at = random() % entries.size();
      switch (random() % 3) {
        case 0:
          entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(at));
          break;
        case 1:
          entries[at].oid = object_id(ObjectType::blob, std::to_string(random()));
          entries[at].mode = random() % 2 ? FileMode::directory : FileMode::executable;
          break;
        default:
          entries.push_back({random() % 2 ? FileMode::directory : FileMode::regular,
                             "new" + std::to_string(random() % 1000) + "-" + std::to_string(edits),
                             object_id(ObjectType::blob, "x")});
      }
    }
    auto encoded = encode_tree(entries);
    if (!encoded) continue;  // A name came twice.
    auto delta = tree_delta(before, *encoded);
    ASSERT_TRUE(delta);
    EXPECT_EQ(*apply_delta(before, *delta), *encoded);
  }
}

TEST(TreeDelta, AnotherTreeIsNotWorthIt) {
  auto other = many(1);
  other[0].name = "x";
  EXPECT_FALSE(tree_delta(tree(many(10)), tree(other)));
  EXPECT_FALSE(tree_delta("", tree(many(100))));
}

TEST(TreeDelta, BrokenDeltasAreRefused) {
  auto before = tree(many(100));
  auto entries = many(101);
  auto delta = *tree_delta(before, tree(entries));
  for (std::size_t end = 0; end < delta.size(); ++end)
    EXPECT_FALSE(apply_delta(before, std::string_view(delta).substr(0, end))) << end;
  EXPECT_FALSE(apply_delta(before + "x", delta));
  EXPECT_FALSE(apply_delta("", std::string("\0\xff\xff\xff\xff\x7f\x80", 7)));
  EXPECT_FALSE(apply_delta("abc", std::string("\x03\x03\x90\x09", 4)));
}

// ---- In packs ----------------------------------------------------------------------------------

class DeltaPacks : public ::testing::Test {
 protected:
  std::shared_ptr<const InlinePack> whole(const std::string& content) {
    PackBuilder builder;
    builder.add(ObjectType::tree, content);
    return stored(builder.finish());
  }
  std::shared_ptr<const InlinePack> thin(const std::string& before, const std::string& after) {
    PackBuilder builder;
    builder.add_tree_delta(id(after), id(before), *tree_delta(before, after));
    return stored(builder.finish());
  }
  /// As it comes back from its row.
  static std::shared_ptr<const InlinePack> stored(PackBytes pack) {
    auto idx = write_idx_v2(pack.index, pack.checksum);
    return *InlinePack::load(std::move(pack.bytes), idx);
  }
  static Oid id(const std::string& content) { return object_id(ObjectType::tree, content); }

  /// Three versions of one folder.
  std::string one = tree(many(200)), two = tree(many(201)), three = tree(many(202));
};

TEST_F(DeltaPacks, AreReadThroughTheSource) {
  ObjectSource source({thin(two, three), thin(one, two), whole(one)});
  EXPECT_EQ(source.read(id(three), 1 << 20, VerifyHash::yes)->content, three);
  EXPECT_EQ(source.header(id(three))->size_bytes, three.size());
  EXPECT_EQ(source.header(id(three))->type, ObjectType::tree);
  EXPECT_FALSE(ObjectSource({thin(two, three)}).read(id(three), 1 << 20));
  EXPECT_EQ(source.read(id(three), 10).error().code, ErrorCode::too_large);
}

TEST_F(DeltaPacks, CirclesAreLeftByAnotherForm) {
  // The folder went back to what it was: each is a delta of the other, and one is whole elsewhere.
  ObjectSource source({thin(two, one), thin(one, two), whole(one)});
  EXPECT_EQ(source.read(id(one), 1 << 20, VerifyHash::yes)->content, one);
  EXPECT_EQ(source.read(id(two), 1 << 20, VerifyHash::yes)->content, two);
  EXPECT_FALSE(ObjectSource({thin(two, one), thin(one, two)}).read(id(one), 1 << 20));
}

TEST_F(DeltaPacks, MergedPacksStandAlone) {
  auto first = thin(one, two), second = thin(two, three);
  ObjectSource source({second, first, whole(one)});
  auto merged = merge_packs({first, second}, source);
  ASSERT_TRUE(merged) << merged.error().message;
  auto pack = stored(std::move(*merged));
  EXPECT_TRUE(pack->stands_alone());
  EXPECT_FALSE(second->stands_alone());
  EXPECT_TRUE(pack->has_deltas());  // The second leans on the first, which is whole now.
  ObjectSource alone({pack});
  EXPECT_EQ(alone.read(id(two), 1 << 20, VerifyHash::yes)->content, two);
  EXPECT_EQ(alone.read(id(three), 1 << 20, VerifyHash::yes)->content, three);
}

TEST_F(DeltaPacks, FromOutsideTheyAreRefused) {
  PackBuilder builder;
  builder.add_tree_delta(id(two), id(one), *tree_delta(one, two));
  EXPECT_FALSE(InlinePack::parse(builder.finish().bytes));
}

}  // namespace
}  // namespace cairn::git
