#include "platform/git/pack.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "platform/git/file.h"
#include "platform/git/object_source.h"
#include "platform/git/pack_entry.h"
#include "platform/git/test_support.h"

namespace cairn::git {
namespace {

using testing::add_commit;
using testing::TempFolder;

PackBytes small_pack() {
  PackBuilder builder;
  add_commit(builder, {{"a.txt", "hello\n"}, {"empty", ""}, {"big", std::string(70'000, 'x')}});
  return builder.finish();
}

TEST(PackBuilder, AddsAnObjectOnce) {
  PackBuilder builder;
  Oid first = builder.add(ObjectType::blob, "a");
  EXPECT_EQ(builder.add(ObjectType::blob, "a"), first);
  EXPECT_NE(builder.add(ObjectType::tag, "a"), first);
  EXPECT_EQ(builder.count(), 2u);
  EXPECT_TRUE(builder.contains(first));
  std::size_t size = builder.size_bytes();
  EXPECT_EQ(builder.finish().bytes.size(), size);
  EXPECT_EQ(builder.count(), 0u);
}

TEST(PackBuilder, GivesTheSameBytesForTheSameObjects) {
  PackBytes first = small_pack(), second = small_pack();
  EXPECT_EQ(first.bytes, second.bytes);
  EXPECT_EQ(first.index, second.index);
}

TEST(PackBuilder, EveryLevelReadsTheSame) {
  for (int level : {0, 1, 6, 9}) {
    PackBuilder builder(level);
    std::string content(200'000, 'a');
    Oid oid = builder.add(ObjectType::blob, content);
    EXPECT_EQ(InlinePack::from(builder.finish())->read(oid)->content, content) << level;
  }
}

TEST(InlinePack, ReadsWhatWasWritten) {
  PackBytes made = small_pack();
  auto index = made.index;
  std::string idx = write_idx_v2(made.index, made.checksum), bytes = made.bytes;
  auto parsed = InlinePack::parse(bytes);
  auto loaded = InlinePack::load(bytes, idx);
  ASSERT_TRUE(parsed && loaded);
  for (const auto& pack : {*parsed, *loaded, InlinePack::from(std::move(made))}) {
    EXPECT_EQ(pack->count(), 5u);
    EXPECT_EQ(pack->index(), index);
    Oid hello = object_id(ObjectType::blob, "hello\n");
    EXPECT_EQ(pack->find(hello), (ObjectHeader{ObjectType::blob, 6}));
    EXPECT_EQ(pack->read(hello)->content, "hello\n");
    EXPECT_EQ(pack->read(object_id(ObjectType::blob, ""))->content, "");
    EXPECT_EQ(pack->read(object_id(ObjectType::blob, std::string(70'000, 'x')))->content.size(),
              70'000u);
    EXPECT_FALSE(pack->find(object_id(ObjectType::blob, "no")));
    EXPECT_EQ(pack->read(Oid{}).error().code, ErrorCode::not_found);
  }
}

TEST(InlinePack, RefusesEveryFlippedByte) {
  std::string bytes = small_pack().bytes;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string broken = bytes;
    broken[i] = static_cast<char>(broken[i] ^ 0x21);
    EXPECT_EQ(InlinePack::parse(broken).error().word, "CorruptPack") << i;
  }
  EXPECT_FALSE(InlinePack::parse(bytes.substr(0, bytes.size() - 1)));
  EXPECT_FALSE(InlinePack::parse(""));
}

/// A pack with a right trailer around these bytes.
std::string framed(std::string body, std::uint32_t count) {
  body = pack_header(count) + body;
  return body + std::string(sha1(body).view());
}

TEST(InlinePack, RefusesWrongContentUnderARightChecksum) {
  std::string entry;
  append_entry(entry, ObjectType::blob, "hello", 1);
  EXPECT_TRUE(InlinePack::parse(framed(entry, 1)));
  std::string longer = entry, shorter = entry, delta = entry, reserved = entry;
  longer[0] = static_cast<char>(longer[0] + 1);
  shorter[0] = static_cast<char>(shorter[0] - 1);
  delta[0] = static_cast<char>(6 << 4 | 5);
  reserved[0] = static_cast<char>(5 << 4 | 5);
  for (const std::string& bad :
       {framed(longer, 1), framed(shorter, 1), framed(delta, 1), framed(reserved, 1),
        framed(entry, 2), framed(entry, 0), framed(entry + entry, 2), framed(entry + "x", 1),
        framed("", 1), framed("", 0xffffffff), framed("\xbf\xff\xff\xff\xff\xff\xff\xff\x7f", 1),
        framed("\xbf\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 1)})
    EXPECT_EQ(InlinePack::parse(bad).error().word, "CorruptPack");
  EXPECT_TRUE(InlinePack::parse(framed("", 0)));
}

TEST(InlinePack, LoadRefusesAnIndexOfAnotherPack) {
  PackBytes made = small_pack();
  PackBuilder builder;
  builder.add(ObjectType::blob, "other");
  PackBytes other = builder.finish();
  EXPECT_FALSE(InlinePack::load(made.bytes, write_idx_v2(other.index, other.checksum)));
  EXPECT_FALSE(InlinePack::load(made.bytes, write_idx_v2(other.index, made.checksum)));
  for (auto& entry : made.index) entry.offset = 1u << 30;
  EXPECT_FALSE(InlinePack::load(made.bytes, write_idx_v2(made.index, made.checksum)));
}

TEST(InlinePack, ListsARangeOfNames) {
  auto pack = InlinePack::from(small_pack());
  std::vector<Oid> all, some;
  pack->list(Oid{}, *Oid::parse(std::string(40, 'f')), 100, all);
  EXPECT_EQ(all.size(), 5u);
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
  pack->list(all[1], all[3], 2, some);
  EXPECT_EQ(some, (std::vector<Oid>{all[1], all[2]}));
}

TEST(PackIndex, HoldsLargeOffsets) {
  std::vector<PackIndexEntry> index{{object_id(ObjectType::blob, "a"), 12, 1},
                                    {object_id(ObjectType::blob, "b"), 0x7fff'ffff, 2},
                                    {object_id(ObjectType::blob, "c"), 0x8000'0000, 3},
                                    {object_id(ObjectType::blob, "d"), 0x12'3456'7890, 4}};
  std::sort(index.begin(), index.end(), [](auto& a, auto& b) { return a.oid < b.oid; });
  std::string bytes = write_idx_v2(index, sha1("pack"));
  auto parsed = parse_idx(bytes);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->entries, index);
  EXPECT_EQ(parsed->pack_checksum, sha1("pack"));
}

TEST(PackIndex, RefusesEveryFlippedByte) {
  PackBytes made = small_pack();
  std::string bytes = write_idx_v2(made.index, made.checksum);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string broken = bytes;
    broken[i] = static_cast<char>(broken[i] ^ 0x80);
    EXPECT_FALSE(parse_idx(broken)) << i;
    (void)parse_idx(broken, false);  // Whatever it says, it stays within its bytes.
  }
  for (std::size_t size = 0; size < bytes.size(); size += 7)
    EXPECT_FALSE(parse_idx(bytes.substr(0, size)));
}

TEST(MergePacks, KeepsEveryObjectOnce) {
  PackBuilder one, two;
  Oid first = add_commit(one, {{"a", "1"}, {"same", "same"}});
  Oid second = add_commit(two, {{"a", "2"}, {"same", "same"}}, {first});
  std::vector packs{InlinePack::from(one.finish()), InlinePack::from(two.finish())};
  auto merged = InlinePack::parse(merge_packs(packs, ObjectSource(packs))->bytes);
  ASSERT_TRUE(merged);
  EXPECT_EQ((*merged)->count(), 7u);
  EXPECT_TRUE((*merged)->contains(first) && (*merged)->contains(second));
  auto again = merge_packs({*merged}, ObjectSource({*merged}));
  EXPECT_EQ(again->bytes, (*merged)->bytes());
}

TEST(PackFileWriter, WritesTheBytesThatMemoryHas) {
  TempFolder folder;
  auto writer = PackFileWriter::create(folder.path("x.pack"));
  ASSERT_TRUE(writer);
  PackBuilder builder;
  for (int i = 0; i < 3000; ++i) {
    std::string content = std::to_string(i) + std::string(static_cast<std::size_t>(i), 'z');
    EXPECT_EQ(*writer->add(ObjectType::blob, content), builder.add(ObjectType::blob, content));
  }
  ASSERT_TRUE(writer->add(ObjectType::blob, "0"));  // Once more: nothing is added.
  auto finished = writer->finish();
  ASSERT_TRUE(finished);
  PackBytes expected = builder.finish();
  EXPECT_EQ(finished->checksum, expected.checksum);
  EXPECT_EQ(finished->index, expected.index);
  EXPECT_EQ(finished->size_bytes, expected.bytes.size());
  EXPECT_EQ(testing::read_file(folder.path("x.pack")), expected.bytes);
}

TEST(PackFileWriter, LeavesNothingWithoutFinish) {
  TempFolder folder;
  {
    auto writer = PackFileWriter::create(folder.path("x.pack"));
    ASSERT_TRUE(writer && writer->add(ObjectType::blob, "a"));
    EXPECT_FALSE(PackFileWriter::create(folder.path("x.pack")));
  }
  EXPECT_FALSE(std::filesystem::exists(folder.path("x.pack")));
  EXPECT_EQ(PackFileWriter::create(folder.path("no/x.pack")).error().code, ErrorCode::unavailable);
}

TEST(DiskError, FullDiskIsStorageFull) {
  int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(full, 0);
  EXPECT_EQ(write_fully(full, "x", "/dev/full").error().code, ErrorCode::storage_full);
  ::close(full);
}

}  // namespace
}  // namespace cairn::git
