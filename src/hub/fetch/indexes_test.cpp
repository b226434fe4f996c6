#include "hub/fetch/indexes.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/random.h"
#include "platform/git/object.h"
#include "platform/git/pack.h"

namespace cairn::fetch {
namespace {

namespace fs = std::filesystem;

class IndexesTest : public testing::Test {
 protected:
  IndexesTest() : folder_(fs::temp_directory_path() / hex_encode(random_bytes(8))) {
    fs::create_directories(folder_);
  }
  ~IndexesTest() override { fs::remove_all(folder_); }

  /// A pack on disk of one commit with one file.
  git::PackFile pack_on_disk(const git::Oid* parent, git::Oid& made) {
    auto memory = pack(parent, made);
    auto base = (folder_ / ("pack-" + memory->checksum().hex())).string();
    write(base + ".pack", memory->bytes());
    write(base + ".idx", git::write_idx_v2(memory->index(), memory->checksum()));
    return {base + ".pack", memory->checksum()};
  }
  std::shared_ptr<const git::InlinePack> pack(const git::Oid* parent, git::Oid& made) {
    git::PackBuilder builder;
    auto blob = builder.add(git::ObjectType::blob, std::to_string(++count_));
    auto tree = builder.add(git::ObjectType::tree,
                            *git::encode_tree({{git::FileMode::regular, "f", blob}}));
    git::Signature ada{"Ada", "ada@hub.example", 1'767'322'800, 0};
    git::CommitData commit{tree, {}, ada, ada, "", "Change\n"};
    if (parent) commit.parents.push_back(*parent);
    made = builder.add(git::ObjectType::commit, *git::encode_commit(commit));
    return git::InlinePack::from(builder.finish());
  }
  std::string snapshot(const std::vector<git::FolderPack>& packs, const git::Oid& head) {
    auto path = (folder_ / hex_encode(random_bytes(4))).string();
    git::BareFolder content;
    content.packs = packs;
    content.refs = {{"refs/heads/main", head}};
    EXPECT_TRUE(git::make_bare_folder(path, content));
    return path;
  }
  static int index_files(const std::string& folder) {
    int count = 0;
    for (const auto& file : fs::directory_iterator(folder + "/objects/pack"))
      count += file.path().filename().string().starts_with("multi-pack-index");
    return count;
  }
  static void write(const std::string& path, std::string_view bytes) {
    FILE* file = ::fopen(path.c_str(), "wb");
    ::fwrite(bytes.data(), 1, bytes.size(), file);
    ::fclose(file);
  }

  fs::path folder_;
  int count_ = 0;
};

TEST_F(IndexesTest, SnapshotsOfTheSamePacksShareOne) {
  Indexes indexes((folder_ / "indexes").string(), 1);
  git::Oid first, second, third;
  std::vector<git::FolderPack> packs = {pack_on_disk(nullptr, first), pack_on_disk(&first, second)};
  auto one = snapshot(packs, second);
  indexes.attach(one, packs, nullptr);
  indexes.wait();
  EXPECT_EQ(index_files(one), 2) << "an index and its bitmap";
  // A small pack came since: what is on disk is still indexed, and the whole is sound.
  packs.emplace_back(pack(&second, third));
  auto two = snapshot(packs, third);
  indexes.attach(two, packs, nullptr);
  EXPECT_EQ(index_files(two), 2) << "linked at once";
  auto report = git::fsck(two);
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->clean) << (report->problems.empty() ? "" : report->problems[0]);
}

TEST_F(IndexesTest, FewObjectsHaveNone) {
  Indexes indexes((folder_ / "indexes").string(), 100);
  git::Oid first;
  std::vector<git::FolderPack> packs = {pack_on_disk(nullptr, first)};
  auto one = snapshot(packs, first);
  indexes.attach(one, packs, nullptr);
  indexes.wait();
  EXPECT_EQ(index_files(one), 0);
}

TEST_F(IndexesTest, PacksThatLeanOnSmallOnesHaveNone) {
  Indexes indexes((folder_ / "indexes").string(), 1);
  git::Oid first, second;
  auto base = pack(nullptr, first);
  std::vector<git::FolderPack> packs = {base, pack_on_disk(&first, second)};
  auto one = snapshot(packs, second);
  indexes.attach(one, packs, nullptr);
  indexes.wait();
  auto report = git::fsck(one);
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->clean);
}

}  // namespace
}  // namespace cairn::fetch
