#include "hub/repo/commits.h"

#include <gtest/gtest.h>

#include "hub/repo/testing/hub.h"
#include "platform/git/attributes.h"

namespace cairn::repo {
namespace {

using testing::Hub;
using Names = std::vector<std::string>;

class CommitsTest : public ::testing::TestWithParam<db::Engine> {
 protected:
  CommitsTest() { repo = hub.create(hub.ada, "bert"); }

  Hub hub{GetParam()};
  RepoRef repo;

  Result<CommitMade> commit(std::string ops, std::string revision = "main",
                            std::string parent = "") {
    return hub.commit(hub.ada, repo, Hub::header("Change", parent) + ops, std::move(revision));
  }
  std::string word(std::string ops, std::string revision = "main", std::string parent = "") {
    auto made = commit(std::move(ops), std::move(revision), std::move(parent));
    return made ? "" : made.error().word;
  }
  static std::string gone(std::string path) { return Hub::line("deletedFile", {{"path", path}}); }
};

TEST_P(CommitsTest, EverythingOrNothingAndTheAnswerNamesThePage) {
  auto made = hub.must(commit(Hub::file("a.txt", "1") + Hub::file("dir/b.txt", "2")));
  EXPECT_EQ(made.url, "http://hub.example:2247/ada/bert/commit/" + made.commit->oid.hex());
  EXPECT_EQ(made.commit->author_email, "ada@users.noreply.hub.example");
  EXPECT_EQ(hub.listing(repo), (Names{".gitattributes", "a.txt", "dir/b.txt"}));
  EXPECT_EQ(hub.again(repo)->sha, made.commit->oid.hex());
  EXPECT_EQ(hub.events().back(), "repo.commit");

  EXPECT_EQ(word(Hub::file("c.txt", "3") + gone("none")), "EntryNotFound");
  EXPECT_TRUE(commit(gone("none")).error().message.contains("A file with this name doesn't exist"));
  EXPECT_EQ(word(Hub::file("a.txt/b", "3")), "PathConflict");
  EXPECT_EQ(hub.again(repo)->sha, made.commit->oid.hex()) << "nothing was saved";
}

TEST_P(CommitsTest, DeletionsComeBeforeAdditionsWhateverTheOrder) {
  hub.must(commit(Hub::file("dir/a", "1") + Hub::file("dir/b", "2") + Hub::file("c", "3")));
  hub.must(commit(Hub::file("dir/a", "1") + Hub::line("deletedFolder", {{"path", "dir/"}}) +
                  gone("dir/b")));
  EXPECT_EQ(hub.listing(repo), (Names{".gitattributes", "c", "dir/a"}));
  hub.must(commit(gone("dir") + Hub::file("dir", "now a file")));
  EXPECT_EQ(hub.text(repo, "dir"), "now a file");
}

TEST_P(CommitsTest, RenamesKeepOrReplaceContent) {
  hub.must(commit(Hub::file("a", "1") + Hub::file("b", "2")));
  hub.must(commit(Hub::line("file", {{"path", "x/a"}, {"oldPath", "a"}}) +
                  Hub::line("file", {{"path", "x/b"}, {"oldPath", "b"}, {"content", "new"}})));
  EXPECT_EQ(hub.listing(repo), (Names{".gitattributes", "x/a", "x/b"}));
  EXPECT_EQ(hub.text(repo, "x/a"), "1");
  EXPECT_EQ(hub.text(repo, "x/b"), "new");
  EXPECT_EQ(word(Hub::line("file", {{"path", "x/y"}, {"oldPath", "x"}})), "InvalidRename");
  EXPECT_EQ(word(Hub::line("file", {{"path", "z"}, {"oldPath", "none"}})), "EntryNotFound");
}

TEST_P(CommitsTest, StaleParentIsRefusedAndAShortOneServes) {
  auto first = hub.put(repo, "a", "1");
  auto second = hub.put(repo, "a", "2");
  EXPECT_EQ(word(Hub::file("b", "x"), "main", first->oid.hex()), "StaleParent");
  auto stale = commit(Hub::file("b", "x"), "main", first->oid.hex());
  EXPECT_EQ(stale.error().code, ErrorCode::precondition_failed);
  EXPECT_EQ(stale.error().message,
            "The branch was updated since you opened this page. Please refresh and try again.");
  EXPECT_EQ(word(Hub::file("b", "x"), "main", second->oid.hex().substr(0, 7)), "");
  EXPECT_EQ(word(Hub::file("b", "x"), "main", "xyz"), "InvalidParent");

  auto admit = [&](CommitHeader header, std::string revision, const Actor& actor) {
    auto result = hub.run(hub.commits->admit(actor, repo, std::move(revision), header, false));
    return result ? "" : result.error().word;
  };
  EXPECT_EQ(admit({"s", "", first->oid.hex()}, "main", hub.ada), "StaleParent");
  EXPECT_EQ(admit({"s", "", {}}, "main", hub.ada), "");
  EXPECT_EQ(admit({"s", "", {}}, "none", hub.ada), "RevisionNotFound");
  EXPECT_EQ(admit({"s", "", {}}, "main", hub.bob), "Forbidden");
}

TEST_P(CommitsTest, GoOnlyToBranchesOfThoseWhoMay) {
  hub.must(hub.run(hub.files->create_tag(hub.ada, repo, {"v1", "main", ""})));
  hub.must(hub.run(hub.files->create_branch(hub.ada, repo, {.name = "dev"})));
  auto op = Hub::file("a", "x");
  EXPECT_EQ(word(op, "v1"), "NotABranch");
  EXPECT_EQ(word(op, "refs/tags/v1"), "NotABranch");
  EXPECT_EQ(word(op, repo->sha), "NotABranch");
  EXPECT_EQ(word(op, repo->sha.substr(0, 8)), "NotABranch");
  EXPECT_EQ(word(op, "none"), "RevisionNotFound");
  EXPECT_EQ(word(op, "../x"), "RevisionNotFound");
  EXPECT_EQ(word(op, "refs/pr/1"), "NotImplemented");
  EXPECT_EQ(word(op, "refs/heads/dev"), "");
  EXPECT_EQ(word(""), "EmptyCommit");
  EXPECT_TRUE(commit("").error().message.contains("Add a line with the key `lfsFile`"));
  EXPECT_EQ(hub.commit(hub.bob, repo, Hub::header("x") + op).error().word, "Forbidden");
  EXPECT_EQ(hub.again(repo)->sha, repo->sha) << "main did not move";
  hub.must(hub.run(hub.repos->remove(hub.ada, RepoKind::model, "ada/bert")));
  EXPECT_EQ(word(op), "RepoNotFound");
}

TEST_P(CommitsTest, SameContentAgainIsACommitAllTheSame) {
  auto first = hub.must(commit(Hub::file("a", "1")));
  auto again = hub.must(commit(Hub::file("a", "1")));
  EXPECT_NE(first.commit->oid, again.commit->oid);
  EXPECT_EQ(first.commit->tree, again.commit->tree);
  auto entry = hub.must(hub.run(hub.files->entry(repo, "main", "a")));
  EXPECT_EQ(entry.entry.last_commit, first.commit->oid);
}

TEST_P(CommitsTest, LargeFileMustHaveBeenUploadedHere) {
  auto other = hub.create(hub.ada, "other");
  auto digest = hub.upload(other, "weights");
  EXPECT_EQ(word(Hub::large("w.bin", digest)), "LfsObjectNotFound");
  hub.upload(repo, "weights");
  EXPECT_EQ(word(Hub::large("w.bin", digest)), "");
  EXPECT_EQ(word(Hub::line("lfsFile", {{"path", "v.bin"}, {"oid", digest.hex()}, {"size", 8}})),
            "LfsSizeMismatch");
  EXPECT_GE(hub.again(repo)->storage_bytes, 7);
  auto list = [&](db::Tx& tx) -> Result<std::vector<lfs::File>> {
    return lfs::list_files(tx, repo->id, {}, 10);
  };
  auto files = hub.must(hub.read(list));
  ASSERT_EQ(files.size(), 1u);
  EXPECT_EQ(files[0].path, "w.bin");
  EXPECT_EQ(files[0].ref, "refs/heads/main");
}

TEST_P(CommitsTest, UntrackedLargeFilesGetTheirAttributeInTheSameCommit) {
  auto digest = hub.upload(repo, "weights");
  auto before = hub.text(repo, ".gitattributes");
  hub.must(commit(Hub::large("w.safetensors", digest)));
  EXPECT_EQ(hub.text(repo, ".gitattributes"), before) << "covered already";
  const Names paths = {"plain.txt", "dir/with space.txt", "a*b[1].txt", "#hash.txt", "q\"uote.txt"};
  std::string ops;
  for (const auto& path : paths) ops += Hub::large(path, digest);
  hub.must(commit(ops));
  git::Attributes rules;
  ASSERT_TRUE(rules.add(hub.text(repo, ".gitattributes")));
  for (const auto& path : paths)
    EXPECT_TRUE(rules.is_lfs(*git::parse_path(path))) << path << "\n"
                                                      << hub.text(repo, ".gitattributes");
  EXPECT_FALSE(rules.is_lfs(*git::parse_path("other.txt")));
  EXPECT_FALSE(rules.is_lfs(*git::parse_path("dir/plain.txt")));
  EXPECT_EQ(word(Hub::large(".gitattributes", digest)), "InvalidSpecialFile");
}

TEST_P(CommitsTest, CardIsReadWithTheCommitAndABrokenOneIsRefused) {
  hub.must(commit(Hub::file("README.md", "---\nlicense: mit\ntags: [a]\n---\n# Hi")));
  auto card = hub.must(hub.run(hub.repos->card(hub.again(repo))));
  EXPECT_EQ(card->data.at("license").as_string(), "mit");
  auto broken = commit(Hub::file("README.md", "---\nlicense: [\n---\n"));
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().word, "InvalidCard");
  EXPECT_EQ(broken.error().code, ErrorCode::invalid_argument);
  hub.must(hub.run(hub.files->create_branch(hub.ada, repo, {.name = "dev"})));
  hub.must(commit(Hub::file("README.md", "---\nlicense: gpl\n---\n"), "dev"));
  card = hub.must(hub.run(hub.repos->card(hub.again(repo))));
  EXPECT_EQ(card->data.at("license").as_string(), "mit") << "another branch's card is not shown";
  hub.must(commit(gone("README.md")));
  card = hub.must(hub.run(hub.repos->card(hub.again(repo))));
  EXPECT_TRUE(card->data.is_null());
}

TEST_P(CommitsTest, FilesThatGitReadsAreChecked) {
  EXPECT_EQ(word(Hub::file(".gitattributes", std::string(3000, 'x'))), "InvalidSpecialFile");
  EXPECT_EQ(word(Hub::file(".gitattributes", "*.bin filter=lfs\n")), "");
}

TEST_P(CommitsTest, MessageIsOneTitleAndABody) {
  CommitRequest request;
  request.header = {"  First line\nsecond", "more\n", {}};
  request.staging = hub.commits->stage();
  auto blob = hub.must(request.staging->add("x"));
  request.ops.emplace_back(PutFile{*git::parse_path("a"), blob, 1});
  auto made = hub.must(hub.run(hub.commits->commit(hub.ada, repo, "main", request, false)));
  EXPECT_EQ(made.commit->title, "First line");
  EXPECT_EQ(made.commit->message, "second\n\nmore");
  EXPECT_EQ(hub.run(hub.commits->commit(hub.ada, repo, "main", {}, false)).error().word,
            "InvalidCommitBody");
}

TEST_P(CommitsTest, PreuploadSaysWhereFilesGoAndWhatIsThere) {
  auto digest = hub.upload(repo, "weights");
  hub.must(commit(Hub::file("a.txt", "hello") + Hub::large("w.bin", digest) +
                  Hub::file(".gitignore", "*.log\n!keep.log\n") +
                  Hub::file("raw/.gitattributes", "*.bin -filter\n")));
  PreuploadQuery query;
  auto ask = [&](std::string path, std::uint64_t size, std::string sample) {
    query.files.push_back({std::move(path), size, std::move(sample)});
  };
  ask("a.txt", 5, "hello");
  ask("w.bin", 7, "weights");
  ask("raw/x.bin", 7, "text");
  ask("b.dat", 3, std::string("\0\1\2", 3));
  ask("big.txt", 20'000'000, "text");
  ask("empty.bin", 0, "");
  ask("run.log", 3, "abc");
  ask("keep.log", 3, "abc");
  ask("README.md", 3, "abc");
  auto answer = hub.must(hub.run(hub.commits->preupload(hub.ada, repo, "main", query, false)));
  std::string modes, ignored;
  for (const auto& file : answer.files) {
    modes += file.mode == UploadMode::lfs ? 'L' : 'r';
    ignored += file.ignored ? 'i' : '.';
  }
  EXPECT_EQ(modes, "rLrLLrrrr");
  EXPECT_EQ(ignored, "......i..");
  EXPECT_EQ(answer.files[0].oid, git::object_id(git::ObjectType::blob, "hello").hex());
  EXPECT_EQ(answer.files[1].oid, digest.hex());
  EXPECT_FALSE(answer.files[2].oid);
  EXPECT_EQ(answer.commit->oid.hex(), hub.again(repo)->sha);

  query.git_attributes = "*.txt filter=lfs\n";
  query.git_ignore = "a.txt\n";
  answer = hub.must(hub.run(hub.commits->preupload(hub.ada, repo, "main", query, false)));
  EXPECT_EQ(answer.files[0].mode, UploadMode::lfs);
  EXPECT_TRUE(answer.files[0].ignored);
  EXPECT_FALSE(answer.files[6].ignored);
}

TEST_P(CommitsTest, PreuploadRefusesBadRequests) {
  auto refused = [&](const Actor& actor, PreuploadQuery query, std::string revision, bool pr) {
    auto result = hub.run(hub.commits->preupload(actor, repo, std::move(revision), query, pr));
    return result ? "" : result.error().word;
  };
  PreuploadQuery one{.files = {{"a", 1, "x"}}, .git_ignore = {}, .git_attributes = {}};
  EXPECT_EQ(refused(hub.bob, one, "main", false), "Forbidden");
  EXPECT_EQ(refused(hub.bob, one, "main", true), "NotImplemented") << "built without pull requests";
  EXPECT_EQ(refused(hub.ada, one, "none", false), "RevisionNotFound");
  for (const auto* bad : {"../a", "a//b", ".git/x", "a\\b", "", "/a"}) {
    PreuploadQuery query{.files = {{bad, 1, "x"}}, .git_ignore = {}, .git_attributes = {}};
    EXPECT_EQ(refused(hub.ada, query, "main", false), "InvalidPath") << bad;
  }
  PreuploadQuery many;
  many.files.assign(1001, {"a", 1, "x"});
  EXPECT_EQ(refused(hub.ada, many, "main", false), "TooManyFiles");
  PreuploadQuery huge{.files = {{"w.bin", 6ull << 40, ""}}, .git_ignore = {}, .git_attributes = {}};
  EXPECT_EQ(refused(hub.ada, huge, "main", false), "FileTooLarge");
}

TEST_P(CommitsTest, ConcurrentCommittersAreAllKept) {
  boost::asio::io_context io;
  std::vector<std::optional<Result<CommitMade>>> answers(20);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    CommitBody body(CommitBody::Format::ndjson, hub.commits->stage());
    hub.must(body.feed(Hub::header("c") + Hub::file("f" + std::to_string(i), "x")));
    auto request = hub.must(body.finish());
    auto done = [&answers, i](std::exception_ptr failed, Result<CommitMade> made) {
      if (!failed) answers[i] = std::move(made);
    };
    boost::asio::co_spawn(io, hub.commits->commit(hub.ada, repo, "main", std::move(request), false),
                          done);
  }
  io.run();
  for (const auto& answer : answers) EXPECT_TRUE(answer && *answer);
  EXPECT_EQ(hub.listing(repo).size(), 21u);
  auto log = hub.must(hub.run(hub.files->log(repo, "main", {})));
  EXPECT_EQ(log.total, 21);
  EXPECT_EQ(hub.again(repo)->sha, log.commits[0]->oid.hex());
}

TEST_P(CommitsTest, ManyLargeFilesAreCheckedAndNamedInSteps) {
  std::string ops;
  for (int i = 0; i < 450; ++i)
    ops += Hub::large("w" + std::to_string(i) + ".bin", hub.upload(repo, std::to_string(i)));
  hub.must(commit(ops));
  auto list = [&](db::Tx& tx) -> Result<std::vector<lfs::File>> {
    return lfs::list_files(tx, repo->id, {}, 1000);
  };
  auto files = hub.must(hub.read(list));
  ASSERT_EQ(files.size(), 450u);
  for (const auto& file : files) EXPECT_TRUE(file.path);
}

TEST_P(CommitsTest, LargeFileTakenAwayMeanwhileIsMissedInTheTransaction) {
  auto digest = hub.upload(repo, "weights");
  auto take = [&](db::Tx& tx) -> Result<> {
    EXPECT_TRUE(lfs::unlink(tx, repo->id, digest, lfs::Parting::at_once));
    raise_gc_epoch(tx, repo->id);
    return {};
  };
  // The body is read and checked; then the file goes, before the branch moves.
  CommitRequest request;
  request.header.summary = "w";
  request.ops.emplace_back(PutLarge{*git::parse_path("w.bin"), digest, {}});
  boost::asio::io_context io;
  std::optional<Result<CommitMade>> answer;
  auto done = [&](std::exception_ptr, Result<CommitMade> made) { answer = std::move(made); };
  boost::asio::co_spawn(io, hub.commits->commit(hub.ada, repo, "main", request, false), done);
  io.run_one();  // Starts it: the check is queued.
  hub.must(hub.write(take));
  io.run();
  ASSERT_TRUE(answer);
  if (!*answer) EXPECT_EQ(answer->error().word, "LfsObjectNotFound");
  auto linked = [&](db::Tx& tx) -> Result<bool> {
    return lfs::linked(tx, repo->id, digest).has_value();
  };
  EXPECT_FALSE(hub.must(hub.read(linked)));
  EXPECT_FALSE(*answer) << "a commit must not name a file that is gone";
}

INSTANTIATE_TEST_SUITE_P(Engines, CommitsTest, ::testing::ValuesIn(db::testing::engines()),
                         [](const auto& info) { return db::testing::to_string(info.param); });

}  // namespace
}  // namespace cairn::repo
