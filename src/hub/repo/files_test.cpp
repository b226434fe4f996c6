#include "hub/repo/files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hub/repo/testing/hub.h"

namespace cairn::repo {
namespace {

using testing::Hub;
using Names = std::vector<std::string>;

class FilesTest : public ::testing::TestWithParam<db::Engine> {
 protected:
  FilesTest() { repo = hub.create(hub.ada, "bert"); }

  Hub hub{GetParam()};
  RepoRef repo;

  template <class T>
  static std::string word(const Result<T>& result) {
    return result ? "" : result.error().word;
  }
  Result<Content> content(std::string revision, std::string path) {
    return hub.run(hub.files->content(repo, std::move(revision), std::move(path)));
  }
  Result<CommitRef> branch(NewBranch branch) {
    return hub.run(hub.files->create_branch(hub.ada, repo, std::move(branch)));
  }
  Result<> tag(NewTag tag) { return hub.run(hub.files->create_tag(hub.ada, repo, std::move(tag))); }
};

TEST_P(FilesTest, ContentIsReadInEveryFormOfARevision) {
  auto commit = hub.put(repo, "data/a.txt", "hello");
  hub.must(tag({.name = "v1", .revision = "main", .message = "first"}));
  auto hex = commit->oid.hex();
  for (const std::string& revision :
       {std::string("main"), std::string(""), std::string("HEAD"), std::string("refs/heads/main"),
        std::string("v1"), std::string("refs/tags/v1"), hex, hex.substr(0, 7)}) {
    auto found = content(revision, "data/a.txt");
    ASSERT_TRUE(found) << revision << found.error().message;
    EXPECT_EQ(*found->blob, "hello");
    EXPECT_EQ(found->commit->oid, commit->oid);
    EXPECT_EQ(found->entry.oid, git::object_id(git::ObjectType::blob, "hello"));
    EXPECT_EQ(found->immutable, revision == hex);
  }
}

TEST_P(FilesTest, SecondReadTakesNoDatabase) {
  hub.put(repo, "a.txt", "hello");
  hub.must(content("main", "a.txt"));
  auto known = hub.files->cached_content(*repo, "main", "a.txt");
  ASSERT_TRUE(known);
  EXPECT_EQ(*known->blob, "hello");
  auto next = hub.put(repo, "a.txt", "changed");
  auto after = hub.files->cached_content(*repo, "main", "a.txt");
  EXPECT_TRUE(!after || *after->blob == "changed");
  EXPECT_EQ(*hub.must(content("main", "a.txt")).blob, "changed");
}

TEST_P(FilesTest, MissingThingsAreToldApart) {
  auto head = repo->sha;
  for (const auto* revision : {"none", "0000000000000000000000000000000000000000",
                               "--upload-pack=x", "@{1}", "refs/pr/1", "a..b", "ab cd", "\xff"}) {
    auto missing = content(revision, ".gitattributes");
    EXPECT_EQ(word(missing), "RevisionNotFound") << revision;
  }
  EXPECT_EQ(word(content(std::string("a\0b", 3), "x")), "RevisionNotFound");
  hub.put(repo, "dir/a.txt", "x");
  for (const auto* path : {"none", "dir", "dir/a.txt/b", "../a", "", "/dir/a.txt", "dir//a.txt"}) {
    auto missing = content("main", path);
    ASSERT_EQ(word(missing), "EntryNotFound") << path;
    EXPECT_EQ(missing.error().message, "Entry not found");
    ASSERT_EQ(missing.error().fields.size(), 1u);
    EXPECT_EQ(missing.error().fields[0].second, hub.again(repo)->sha);
  }
}

TEST_P(FilesTest, LargeFileIsNamedNotRead) {
  auto digest = hub.upload(repo, "weights");
  hub.must(hub.commit(hub.ada, repo, Hub::header("w") + Hub::large("w.bin", digest)));
  for (int warm = 0; warm < 2; ++warm) {
    auto found = hub.must(content("main", "w.bin"));
    EXPECT_EQ(found.blob, nullptr);
    EXPECT_EQ(found.entry.lfs, digest);
    EXPECT_EQ(found.entry.size_bytes, 7u);
  }
  EXPECT_EQ(hub.text(repo, "w.bin"), "version https://git-lfs.github.com/spec/v1\noid sha256:" +
                                         digest.hex() + "\nsize 7\n");
}

TEST_P(FilesTest, TreePagesStayOnTheirCommit) {
  std::string body = Hub::header("many");
  for (int i = 0; i < 25; ++i)
    body += Hub::file("dir/f" + std::to_string(10 + i), std::to_string(i));
  hub.must(hub.commit(hub.ada, repo, body));
  TreeQuery query{.folder = "dir/", .expand = true, .limit = 10};
  Names all;
  for (int pages = 0; pages < 3; ++pages) {
    auto page = hub.must(hub.run(hub.files->tree(repo, "main", query)));
    for (const auto& e : page.entries) {
      all.push_back(e.entry.path);
      ASSERT_TRUE(e.last_commit);
      EXPECT_EQ(e.last_commit->title, "many");
    }
    ASSERT_EQ(page.next.has_value(), pages < 2);
    query.cursor = page.next;
    hub.put(repo, "dir/a-new-" + std::to_string(pages), "moves what follows");
  }
  ASSERT_EQ(all.size(), 25u);
  EXPECT_EQ(all.front(), "dir/f10");
  EXPECT_EQ(all.back(), "dir/f34");

  TreeQuery first{.folder = "dir", .limit = 10};
  auto page = hub.must(hub.run(hub.files->tree(repo, "main", first)));
  TreeQuery other{.folder = "", .limit = 10, .cursor = page.next};
  EXPECT_EQ(word(hub.run(hub.files->tree(repo, "main", other))), "InvalidCursor");
  EXPECT_EQ(word(hub.run(hub.files->tree(repo, "main", {.folder = "dir/f10"}))), "EntryNotFound");
  EXPECT_EQ(word(hub.run(hub.files->tree(repo, "main", {.folder = "none"}))), "EntryNotFound");
}

TEST_P(FilesTest, PathsInfoLeavesOutWhatIsMissing) {
  hub.put(repo, "dir/a.txt", "x");
  auto found = hub.must(
      hub.run(hub.files->paths_info(repo, "main", {"dir", "none", "dir/a.txt", "../x", ""}, true)));
  ASSERT_EQ(found.size(), 2u);
  EXPECT_TRUE(found[0].entry.is_folder());
  EXPECT_EQ(found[1].entry.path, "dir/a.txt");
  EXPECT_EQ(found[1].last_commit->title, "Add dir/a.txt");
  auto many = std::vector<std::string>(2001, "a");
  auto refused = hub.run(hub.files->paths_info(repo, "main", many, false));
  EXPECT_EQ(refused.error().code, ErrorCode::too_large);
  EXPECT_TRUE(refused.error().message.starts_with("too many parameters"));
}

TEST_P(FilesTest, RootHasTheSizeOfEverything) {
  hub.put(repo, "dir/a.txt", std::string(1000, 'x'));
  auto root = hub.must(hub.run(hub.files->entry(repo, "main", "")));
  auto attributes = hub.text(repo, ".gitattributes").size();
  EXPECT_EQ(root.entry.size_bytes, 1000 + attributes);
  EXPECT_EQ(root.entry.files, 2u);
}

TEST_P(FilesTest, BranchesAreMadeListedAndDeleted) {
  auto commit = hub.put(repo, "a.txt", "x");
  hub.must(branch({.name = "feature/x"}));
  hub.must(branch({.name = "old", .starting_point = repo->sha}));
  hub.must(branch({.name = "blank", .empty = true}));
  EXPECT_EQ(hub.listing(repo, "blank"), Names{});
  EXPECT_EQ(hub.listing(repo, "old"), Names{".gitattributes"});
  auto refs = hub.must(hub.run(hub.files->refs(repo, true)));
  Names names;
  for (const auto& ref : refs.branches) names.push_back(ref.name);
  EXPECT_EQ(names, (Names{"blank", "feature/x", "main", "old"}));
  EXPECT_EQ(refs.branches[1].commit, commit->oid);

  EXPECT_EQ(word(branch({.name = "old"})), "RefExists");
  EXPECT_EQ(branch({.name = "old"}).error().message, "Reference refs/heads/old already exists");
  EXPECT_EQ(hub.must(branch({.name = "old", .overwrite = true}))->oid, commit->oid);
  EXPECT_EQ(word(branch({.name = "feature"})), "RefConflict");
  EXPECT_EQ(word(branch({.name = "new", .starting_point = "none"})), "RevisionNotFound");
  for (const auto* bad : {"refs/heads/x", "a..b", "", "-x", "a b", "HEAD", "x.lock", "\xff",
                          "0123456789012345678901234567890123456789"})
    EXPECT_EQ(word(branch({.name = bad})), "InvalidReference") << bad;

  auto remove = [&](const Actor& actor, std::string name) {
    return word(hub.run(hub.files->delete_branch(actor, repo, std::move(name))));
  };
  EXPECT_EQ(remove(hub.ada, "main"), "CannotDeleteBranch");
  EXPECT_EQ(remove(hub.bob, "old"), "Forbidden");
  EXPECT_EQ(remove(hub.ada, "old"), "");
  EXPECT_EQ(remove(hub.ada, "old"), "RevisionNotFound");
  EXPECT_EQ(word(content("old", "a.txt")), "RevisionNotFound");
}

TEST_P(FilesTest, MovingTheDefaultBranchMovesTheCard) {
  hub.put(repo, "README.md", "---\nlicense: mit\n---\n");
  auto old = repo->sha;
  hub.must(branch({.name = "main", .starting_point = old, .overwrite = true}));
  auto info = hub.must(hub.run(hub.repos->info(hub.again(repo), "", {})));
  EXPECT_EQ(info.repo->sha, old);
  EXPECT_TRUE(info.card->data.is_null());
  EXPECT_THAT(info.card->fields.tags, ::testing::Not(::testing::Contains("license:mit")));
}

TEST_P(FilesTest, AnotherDefaultBranchBringsItsCardAndHead) {
  auto set = [&](const Actor& actor, std::string name) {
    return word(hub.run(hub.files->set_default_branch(actor, repo, std::move(name))));
  };
  hub.put(repo, "README.md", "---\nlicense: mit\n---\n");
  hub.must(branch({.name = "dev"}));
  auto on_dev = hub.must(
      hub.commit(hub.ada, repo,
                 Hub::header("other") + Hub::file("README.md", "---\nlicense: gpl\n---\n"), "dev"));
  hub.must(content("HEAD", "README.md"));  // What memory holds must not outlive the change.
  EXPECT_EQ(set(hub.ada, "dev"), "");
  auto now = hub.again(repo);
  EXPECT_EQ(now->default_branch, "dev");
  EXPECT_EQ(now->sha, on_dev.commit->oid.hex());
  auto info = hub.must(hub.run(hub.repos->info(now, "", {})));
  EXPECT_EQ(info.commit->oid, on_dev.commit->oid);
  EXPECT_THAT(info.card->fields.tags, ::testing::Contains("license:gpl"));
  for (const auto* revision : {"", "HEAD"})
    EXPECT_EQ(hub.must(hub.run(hub.files->content(now, revision, "README.md"))).commit->oid,
              on_dev.commit->oid);
  EXPECT_EQ(*hub.must(content("main", "README.md")).blob, "---\nlicense: mit\n---\n");

  // Commits follow: those to dev move the head and the card, those to main neither.
  hub.must(hub.commit(hub.ada, now, Hub::header("m") + Hub::file("README.md", "plain"), "main"));
  EXPECT_EQ(hub.again(repo)->sha, on_dev.commit->oid.hex());
  auto next = hub.must(hub.commit(hub.ada, now, Hub::header("d") + Hub::file("x", "y"), "dev"));
  EXPECT_EQ(hub.again(repo)->sha, next.commit->oid.hex());
  EXPECT_THAT(hub.must(hub.run(hub.repos->info(hub.again(repo), "", {}))).card->fields.tags,
              ::testing::Contains("license:gpl"));

  // Neither the one nor the other can be deleted.
  for (const auto* name : {"dev", "main"})
    EXPECT_EQ(word(hub.run(hub.files->delete_branch(hub.ada, now, name))), "CannotDeleteBranch");
  EXPECT_EQ(set(hub.ada, "main"), "");
  EXPECT_EQ(word(hub.run(hub.files->delete_branch(hub.ada, hub.again(repo), "dev"))), "");

  EXPECT_EQ(set(hub.ada, "dev"), "RevisionNotFound");
  EXPECT_EQ(set(hub.ada, "refs/heads/main"), "RevisionNotFound");
  EXPECT_EQ(set(hub.ada, ""), "RevisionNotFound");
  EXPECT_EQ(set(hub.bob, "main"), "Forbidden");
}

TEST_P(FilesTest, TagsAreLightOrAnnotated) {
  hub.must(tag({.name = "light", .revision = "main"}));
  hub.must(tag({.name = "v1.0", .revision = "main", .message = "First release"}));
  auto refs = hub.must(hub.run(hub.files->refs(repo, false)));
  ASSERT_EQ(refs.tags.size(), 2u);
  EXPECT_EQ(refs.tags[1].name, "v1.0");
  EXPECT_EQ(refs.tags[1].commit.hex(), repo->sha) << "the commit, not the tag object";
  EXPECT_EQ(word(tag({.name = "v1.0", .revision = "main"})), "RefExists");
  EXPECT_EQ(word(tag({.name = "x", .revision = "none"})), "RevisionNotFound");
  EXPECT_EQ(word(tag({.name = "a^", .revision = "main"})), "InvalidReference");
  EXPECT_EQ(word(hub.run(hub.files->create_tag(hub.bob, repo, {"b", "main", ""}))), "Forbidden");
  hub.must(branch({.name = "light"}));  // A branch may share its name with a tag.
  hub.must(hub.run(hub.files->delete_tag(hub.ada, repo, "v1.0")));
  EXPECT_EQ(word(hub.run(hub.files->delete_tag(hub.ada, repo, "v1.0"))), "RevisionNotFound");
}

TEST_P(FilesTest, LogIsNewestFirstInPages) {
  for (int i = 0; i < 4; ++i) hub.put(repo, "a.txt", std::to_string(i));
  LogQuery query{.limit = 2};
  auto page = hub.must(hub.run(hub.files->log(repo, "main", query)));
  EXPECT_EQ(page.total, 5);
  ASSERT_EQ(page.commits.size(), 2u);
  hub.put(repo, "b.txt", "meanwhile");
  query.cursor = page.next;
  auto second = hub.must(hub.run(hub.files->log(repo, "main", query)));
  EXPECT_EQ(second.commits[0]->oid, page.commits[1]->parents.at(0));
  query.cursor = second.next;
  auto last = hub.must(hub.run(hub.files->log(repo, "main", query)));
  ASSERT_EQ(last.commits.size(), 1u);
  EXPECT_EQ(last.commits[0]->title, "initial commit");
  EXPECT_FALSE(last.next);
  EXPECT_EQ(hub.must(hub.run(hub.files->log(repo, "main", {.limit = 2, .page = 2}))).commits.size(),
            2u);
  EXPECT_EQ(word(hub.run(hub.files->log(repo, "none", {}))), "RevisionNotFound");
}

INSTANTIATE_TEST_SUITE_P(Engines, FilesTest, ::testing::ValuesIn(db::testing::engines()),
                         [](const auto& info) { return db::testing::to_string(info.param); });

}  // namespace
}  // namespace cairn::repo
