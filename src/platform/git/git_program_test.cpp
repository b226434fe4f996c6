#include "platform/git/git_program.h"

#include <thread>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "platform/git/attributes.h"
#include "platform/git/object_source.h"
#include "platform/git/special_file.h"
#include "platform/git/test_support.h"

namespace cairn::git {
namespace {

using testing::add_commit;
using testing::git_says;
using testing::TempFolder;

/// A history of `count` commits that change one large file a little, a pack each.
struct History {
  std::vector<std::shared_ptr<const InlinePack>> packs;
  std::vector<Oid> commits;
};

std::string version(int i) {
  std::string out;
  for (int line = 0; line < 500; ++line)
    out += "line " + std::to_string(line == i ? -line : line) + "\n";
  return out;
}

History make_history(int count) {
  History out;
  for (int i = 0; i < count; ++i) {
    PackBuilder builder;
    std::vector<Oid> parents;
    if (i > 0) parents.push_back(out.commits.back());
    out.commits.push_back(add_commit(builder,
                                     {{"data.txt", version(i)},
                                      {"run.sh", "#!/bin/sh\n", FileMode::executable},
                                      {"link", "data.txt", FileMode::symlink},
                                      {"empty", ""}},
                                     parents, "Version " + std::to_string(i) + "\n"));
    out.packs.push_back(InlinePack::from(builder.finish()));
  }
  return out;
}

BareFolder bare(const History& history) {
  BareFolder out;
  out.packs.assign(history.packs.begin(), history.packs.end());
  out.refs = {{"refs/heads/main", history.commits.back()},
              {"refs/heads/a/b", history.commits.front()}};
  return out;
}

TEST(BareFolder, FsckIsCleanAndGitReadsEveryObject) {
  TempFolder temp;
  auto history = make_history(3);
  PackBuilder tags;
  TagData tag{history.commits[1], ObjectType::commit, "v1", testing::ada(), "First\n"};
  Oid tag_oid = tags.add(ObjectType::tag, *encode_tag(tag));
  auto content = bare(history);
  content.packs.push_back(InlinePack::from(tags.finish()));
  content.packs.push_back(content.packs.front());  // Twice the same bytes: one file.
  content.refs.push_back({"refs/tags/v1", tag_oid});
  std::string folder = temp.path("bare");
  ASSERT_TRUE(make_bare_folder(folder, content));

  auto report = fsck(folder);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_TRUE(report->clean) << report->problems.front();
  EXPECT_EQ(git_says(folder, {"cat-file", "-p", "main:run.sh"}), "#!/bin/sh\n");
  EXPECT_EQ(git_says(folder, {"cat-file", "-p", "main~2:data.txt"}), version(0));
  EXPECT_EQ(git_says(folder, {"rev-parse", "v1^{commit}"}), history.commits[1].hex() + "\n");
  EXPECT_EQ(git_says(folder, {"log", "-1", "--format=%an|%ae|%at|%s", "main"}),
            "Ada Lovelace|ada@users.noreply.hub.example|1767322800|Version 2\n");
  std::string all = git_says(folder, {"cat-file", "--batch-all-objects", "--batch-check"});
  std::size_t lines = static_cast<std::size_t>(std::count(all.begin(), all.end(), '\n'));
  EXPECT_EQ(lines, 3u * 3 + 3 + 1);
  for (const auto& file : std::filesystem::directory_iterator(folder + "/objects/pack"))
    if (file.path().extension() == ".idx") git_says(folder, {"verify-pack", file.path().string()});
}

TEST(BareFolder, FsckAcceptsTheOddestThingsWeAccept) {
  TempFolder temp;
  PackBuilder builder;
  std::vector<TreeEntry> entries;
  for (const char* name :
       {"a:b", "con", "~", "git", "gitx~1", "git~2", "...", "-rf", ".gitx", "\xe6\xa8\xa1",
        "gi7eba", ".gitignore", ".mailmap", ".GITHUB", "a b.", "a\xe2\x80\x8c.git"}) {
    ASSERT_TRUE(parse_path(name)) << name;
    entries.push_back({FileMode::regular, name, builder.add(ObjectType::blob, name)});
  }
  std::string modules =
      "# x\n[submodule \"lib/a\"]\n\tpath = lib/a\n\turl = https://x.example/a.git\n\tbranch = "
      "main\n"
      "[submodule \"b\"]\n\tpath = b\n\turl = ../b.git\n\tupdate = none\n"
      "[submodule \"c\"]\n\tpath=c\n\turl=git@x.example:c/d.git\n";
  ASSERT_TRUE(check_special_file(*parse_path(".gitmodules"), FileMode::regular, modules));
  entries.push_back({FileMode::regular, ".gitmodules", builder.add(ObjectType::blob, modules)});
  std::string attributes = default_gitattributes(LargeFiles::weights_and_media) +
                           std::string(glob_bytes_max - 1, '#') + "\n";
  ASSERT_TRUE(check_special_file(*parse_path(".gitattributes"), FileMode::regular, attributes));
  entries.push_back(
      {FileMode::regular, ".gitattributes", builder.add(ObjectType::blob, attributes)});
  Oid tree = builder.add(ObjectType::tree, *encode_tree(entries));
  BareFolder content;
  std::vector<Oid> parents;
  for (const Signature& who : std::vector<Signature>{{"", "", 0, 0},
                                                     {"<>\n", "a b@\x01>", -5, 100'000},
                                                     {"\xff\xfe", "\xff", 1LL << 40, -100'000},
                                                     {"J. R. \"x\"", ".", 1, -1}}) {
    CommitData commit{tree, parents, who, who, "", parents.empty() ? "" : "no line end"};
    parents = {builder.add(ObjectType::commit, *encode_commit(commit))};
    TagData tag{parents[0], ObjectType::commit, "v\xc3\xa9/@", who, ""};
    content.refs.push_back({"refs/tags/t" + std::to_string(content.refs.size()),
                            builder.add(ObjectType::tag, *encode_tag(tag))});
  }
  content.refs.push_back({"refs/heads/main", parents[0]});
  content.packs = {InlinePack::from(builder.finish())};
  ASSERT_TRUE(make_bare_folder(temp.path("bare"), content));
  auto report = fsck(temp.path("bare"));
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->clean) << ::testing::PrintToString(report->problems);
}

TEST(BareFolder, CanBeCloned) {
  TempFolder temp;
  auto history = make_history(2);
  ASSERT_TRUE(make_bare_folder(temp.path("bare"), bare(history)));
  auto command = git_command(temp.path(), {"clone", "-q", "file://" + temp.path("bare"), "work"});
  command.environment.erase("GIT_DIR");
  command.environment["GIT_ALLOW_PROTOCOL"] = "file";
  auto output = process::run(command);
  ASSERT_TRUE(output) << output.error().message;
  ASSERT_EQ(output->exit_code, 0) << output->err;
  EXPECT_EQ(testing::read_file(temp.path("work/data.txt")), version(1));
  EXPECT_TRUE(std::filesystem::is_symlink(temp.path("work/link")));
}

TEST(BareFolder, EmptyRepositoryIsHealthy) {
  TempFolder temp;
  ASSERT_TRUE(make_bare_folder(temp.path("bare"), {}));
  auto report = fsck(temp.path("bare"));
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->clean) << report->problems.front();
}

TEST(BareFolder, RefusesAnExistingFolderAndNamesThatAreNoRefs) {
  TempFolder temp;
  ASSERT_TRUE(make_bare_folder(temp.path("bare"), {}));
  EXPECT_EQ(make_bare_folder(temp.path("bare"), {}).error().code, ErrorCode::conflict);
  EXPECT_FALSE(make_bare_folder(temp.path("b"), {.head_ref = "refs/heads/a\nx"}));
  EXPECT_FALSE(make_bare_folder(temp.path("b"), {.refs = {{"HEAD", Oid{}}}}));
  EXPECT_EQ(make_bare_folder(temp.path("no/b"), {}).error().code, ErrorCode::unavailable);
}

TEST(Fsck, ReportsWhatIsMissing) {
  TempFolder temp;
  auto history = make_history(2);
  auto content = bare(history);
  content.packs.erase(content.packs.begin());
  ASSERT_TRUE(make_bare_folder(temp.path("bare"), content));
  auto report = fsck(temp.path("bare"));
  ASSERT_TRUE(report);
  EXPECT_FALSE(report->clean);
  EXPECT_FALSE(report->problems.empty());
}

TEST(IndexPack, TakesAWholePack) {
  TempFolder temp;
  ASSERT_TRUE(make_bare_folder(temp.path("bare"), {}));
  auto history = make_history(1);
  auto in_memory = index_pack(temp.path("bare"), history.packs[0]->bytes());
  ASSERT_TRUE(in_memory) << in_memory.error().message;
  EXPECT_EQ(in_memory->checksum, history.packs[0]->checksum());
  EXPECT_TRUE(std::filesystem::exists(in_memory->pack_path));
  // git's index and ours are the same bytes.
  std::string idx_path = in_memory->pack_path.substr(0, in_memory->pack_path.size() - 5) + ".idx";
  EXPECT_EQ(testing::read_file(idx_path),
            write_idx_v2(history.packs[0]->index(), history.packs[0]->checksum()));

  testing::write_file(temp.path("x.pack"), history.packs[0]->bytes());
  auto on_disk = index_pack_file(temp.path("bare"), temp.path("x.pack"));
  ASSERT_TRUE(on_disk) << on_disk.error().message;
  EXPECT_EQ(on_disk->checksum, in_memory->checksum);
  EXPECT_TRUE(DiskPack::open(on_disk->pack_path));
  EXPECT_FALSE(index_pack_file(temp.path("bare"), "--upload-pack=x.pack"));
}

TEST(IndexPack, RefusesABadPackWithGitsReason) {
  TempFolder temp;
  ASSERT_TRUE(make_bare_folder(temp.path("bare"), {}));
  auto history = make_history(1);
  std::string broken = history.packs[0]->bytes();
  broken[40] = static_cast<char>(broken[40] ^ 1);
  EXPECT_EQ(index_pack(temp.path("bare"), broken).error().word, "InvalidPack");

  PackBuilder builder;
  std::string tree("100644 .git\0", 12);
  tree += builder.add(ObjectType::blob, "x").view();
  builder.add(ObjectType::tree, tree);
  auto error = index_pack(temp.path("bare"), builder.finish().bytes).error();
  EXPECT_EQ(error.code, ErrorCode::unprocessable);

  EXPECT_FALSE(index_pack(temp.path("bare"), history.packs[0]->bytes(), {.bytes_max = 100}));
}

TEST(PackObjects, MergesAllPacksWithDeltas) {
  TempFolder temp;
  auto history = make_history(20);
  ASSERT_TRUE(make_bare_folder(temp.path("bare"), bare(history)));
  std::filesystem::create_directory(temp.path("out"));
  auto merged = pack_objects(temp.path("bare"), temp.path("out"));
  ASSERT_TRUE(merged) << merged.error().message;
  auto pack = DiskPack::open(merged->pack_path);
  ASSERT_TRUE(pack) << pack.error().message;

  std::uint64_t before = 0;
  ObjectSource memory(history.packs), disk({}, {*pack});
  std::size_t objects = 0;
  for (const auto& each : history.packs) {
    before += each->bytes().size();
    for (std::size_t i = 0; i < each->count(); ++i, ++objects) {
      Oid oid = each->oid_at(i);
      EXPECT_EQ(*disk.header(oid), *memory.header(oid));
      auto from_disk = disk.read(oid, 1 << 20, VerifyHash::yes);
      ASSERT_TRUE(from_disk) << from_disk.error().message;
      EXPECT_EQ(from_disk->content, memory.read(oid, 1 << 20)->content);
    }
  }
  EXPECT_LT(std::filesystem::file_size(merged->pack_path), before / 3);

  // One more snapshot, of this pack alone, hard-linked.
  ASSERT_TRUE(
      make_bare_folder(temp.path("next"), {.packs = {*merged}, .refs = bare(history).refs}));
  struct stat info{};
  ASSERT_EQ(::stat(merged->pack_path.c_str(), &info), 0);
  EXPECT_EQ(info.st_nlink, 2u);
  EXPECT_TRUE(fsck(temp.path("next"))->clean);
}

TEST(DiskPack, ReadsOnAfterItsFilesAreGone) {
  TempFolder temp;
  auto history = make_history(5);
  ASSERT_TRUE(make_bare_folder(temp.path("bare"), bare(history)));
  std::filesystem::create_directory(temp.path("out"));
  auto merged = pack_objects(temp.path("bare"), temp.path("out"));
  ASSERT_TRUE(merged);
  auto pack = DiskPack::open(merged->pack_path);
  ASSERT_TRUE(pack);
  std::filesystem::remove_all(temp.path("out"));

  // From several threads at once, each object.
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (std::size_t i = 0; i < (*pack)->count(); ++i) {
        Oid oid = (*pack)->oid_at(i);
        auto object = (*pack)->read(oid);
        if (!object || object_id(object->type, object->content) != oid) ++wrong;
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ((*pack)->read(Oid{}).error().code, ErrorCode::not_found);
  EXPECT_EQ((*pack)->header(*Oid::parse(std::string(40, 'f'))).error().code, ErrorCode::not_found);
}

TEST(DiskPack, RefusesMissingAndMismatchedFiles) {
  TempFolder temp;
  auto history = make_history(2);
  const auto &a = *history.packs[0], &b = *history.packs[1];
  EXPECT_EQ(DiskPack::open(temp.path("a.pack")).error().code, ErrorCode::not_found);
  testing::write_file(temp.path("a.pack"), a.bytes());
  EXPECT_EQ(DiskPack::open(temp.path("a.pack")).error().code, ErrorCode::not_found);
  testing::write_file(temp.path("a.idx"), write_idx_v2(b.index(), b.checksum()));
  EXPECT_EQ(DiskPack::open(temp.path("a.pack")).error().code, ErrorCode::corrupt);
  testing::write_file(temp.path("a.idx"), "short");
  EXPECT_EQ(DiskPack::open(temp.path("a.pack")).error().code, ErrorCode::corrupt);
  testing::write_file(temp.path("a.idx"), write_idx_v2(a.index(), a.checksum()));
  EXPECT_TRUE(DiskPack::open(temp.path("a.pack")));
}

TEST(ObjectSource, ReadsAcrossPacksAndKeepsLimits) {
  auto history = make_history(2);
  ObjectSource source({history.packs[0]});
  EXPECT_FALSE(source.contains(history.commits[1]));
  ObjectSource both = source.with(history.packs[1]);
  EXPECT_FALSE(source.contains(history.commits[1]));
  auto commit = both.read_commit(history.commits[1]);
  ASSERT_TRUE(commit);
  EXPECT_EQ(commit->parents.front(), history.commits[0]);
  auto tree = both.read_tree(commit->tree);
  ASSERT_TRUE(tree);
  EXPECT_EQ(tree->size(), 4u);
  EXPECT_EQ(both.read_tree(history.commits[0]).error().code, ErrorCode::not_found);
  EXPECT_EQ(both.read_tag(history.commits[0]).error().code, ErrorCode::not_found);
  EXPECT_TRUE(both.read_tree(object_id(ObjectType::tree, ""))->empty());
  Oid file = tree->front().oid;
  EXPECT_EQ(both.read(file, 100).error().code, ErrorCode::too_large);
  EXPECT_EQ(both.read(Oid{}, 100).error().word, "ObjectNotFound");
  EXPECT_EQ(both.header(Oid{}).error().word, "ObjectNotFound");
}

TEST(ObjectSource, VerifyFindsContentUnderAWrongName) {
  PackBuilder builder;
  builder.add(ObjectType::blob, "a");
  auto made = builder.finish();
  Oid wrong = object_id(ObjectType::blob, "b");
  made.index.front().oid = wrong;
  ObjectSource source({InlinePack::from(std::move(made))});
  EXPECT_TRUE(source.read(wrong, 10));
  EXPECT_EQ(source.read(wrong, 10, VerifyHash::yes).error().word, "CorruptObject");
}

TEST(ObjectSource, FindsAbbreviatedNames) {
  PackBuilder one, two;
  for (int i = 0; i < 3000; ++i) one.add(ObjectType::blob, std::to_string(i));
  for (int i = 2000; i < 4000; ++i) two.add(ObjectType::blob, std::to_string(i));
  ObjectSource source({InlinePack::from(one.finish()), InlinePack::from(two.finish())});
  Oid oid = object_id(ObjectType::blob, "2500");
  auto found = source.find_prefix(oid.hex().substr(0, 12));
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, std::vector<Oid>{oid});
  EXPECT_EQ(*source.find_prefix(oid.hex()), std::vector<Oid>{oid});
  // 4000 names over 65536 prefixes: some prefix of four has two.
  std::set<std::string> seen;
  std::string twice;
  for (int i = 0; i < 4000; ++i)
    if (auto four = object_id(ObjectType::blob, std::to_string(i)).hex().substr(0, 4);
        !seen.insert(four).second)
      twice = four;
  EXPECT_GE(source.find_prefix(twice)->size(), 2u);
  EXPECT_EQ(source.find_prefix(twice, 1)->size(), 1u);
  for (std::string_view bad : {"abc", "ABCD", "xyz0", ""})
    EXPECT_EQ(source.find_prefix(bad).error().word, "InvalidOid") << bad;
}

}  // namespace
}  // namespace cairn::git
