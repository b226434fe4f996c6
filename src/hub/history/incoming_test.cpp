#include <filesystem>
#include <fstream>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include "base/random.h"
#include "base/text.h"
#include "hub/history/history.h"
#include "platform/git/git_program.h"
#include "platform/process/process.h"

namespace cairn::history {
namespace {

/// A repository of the hub and a clone of it that the real git works in.
class IncomingTest : public testing::Test {
 protected:
  IncomingTest() {
    folder_ =
        std::filesystem::temp_directory_path() / ("cairn-incoming-" + hex_encode(random_bytes(8)));
    std::filesystem::create_directories(folder_);
    database_ = *db::Database::open({.url = "sqlite:" + (folder_ / "db").string()});
    EXPECT_TRUE(database_->migrate(migrations(), "test"));
    store_ = *storage::open_local_store((folder_ / "objects").string());
    history_ = make_history(*database_, *store_, blocking_, clock_,
                            {.cache_folder = (folder_ / "cache").string()});
    git("init -q -b main work");
  }
  ~IncomingTest() override {
    history_.reset();
    database_.reset();
    std::filesystem::remove_all(folder_);
  }

  /// Runs a script in the clone (in the test's folder while there is none). @return its output.
  std::string sh(const std::string& script) {
    auto work = folder_ / "work";
    process::Command command{.argv = {"sh", "-ec", script}};
    command.directory = std::filesystem::exists(work) ? work.string() : folder_.string();
    command.environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"},
                           {"HOME", folder_.string()},
                           {"GIT_AUTHOR_NAME", "Ada"},
                           {"GIT_AUTHOR_EMAIL", "ada@hub.example"},
                           {"GIT_COMMITTER_NAME", "Ada"},
                           {"GIT_COMMITTER_EMAIL", "ada@hub.example"},
                           {"LC_ALL", "C"}};
    command.deadline = minutes(5);
    auto output = process::run(command);
    EXPECT_TRUE(output);
    EXPECT_EQ(output->exit_code, 0) << script << "\n" << output->err;
    return std::string(trim(output->out));
  }
  std::string git(const std::string& arguments) { return sh("git " + arguments); }
  git::Oid oid(const std::string& revision) {
    return *git::Oid::parse(git("rev-parse " + revision));
  }

  /// What a push of `revisions` sends ("main ^origin"), checked by git in the quarantine.
  Result<std::unique_ptr<Incoming>> send(const std::string& revisions) {
    sh("for r in " + revisions +
       "; do echo $r; done | "
       "git pack-objects --revs --thin --stdout -q --delta-base-offset > ../sent.pack");
    std::ifstream in(folder_ / "sent.pack", std::ios::binary);
    std::string pack((std::istreambuf_iterator<char>(in)), {});
    auto count = static_cast<unsigned char>(pack[11]) + 256u * static_cast<unsigned char>(pack[10]);
    CAIRN_TRY(incoming, history_->receive(repo_));
    CAIRN_TRY(file, git::index_pack(incoming->folder(), pack, {.fix_thin = true}));
    CAIRN_CHECK(incoming->take(file, count));
    return std::move(incoming);
  }

  /// Moves one ref to a tip of what was sent. @return where it is then.
  Result<Tip> land(Incoming& incoming, const std::string& ref, const git::Oid& to,
                   std::optional<git::Oid> from) {
    CAIRN_TRY(tip, incoming.peel(to));
    CAIRN_CHECK(incoming.store());
    auto write = [&](db::Tx& tx) -> Result<> {
      CAIRN_CHECK(incoming.insert(tx));
      return history_->move_ref(tx, repo_, ref, from, tip.commit.oid, {}, "push", tip.tag_object);
    };
    CAIRN_CHECK(database_->write_now(write));
    return tip;
  }
  void push(const std::string& branch, std::optional<git::Oid> from = {}) {
    auto incoming = send(from ? branch + " ^" + from->hex() : branch);
    ASSERT_TRUE(incoming) << incoming.error().message;
    auto landed = land(**incoming, "refs/heads/" + branch, oid(branch), from);
    ASSERT_TRUE(landed) << landed.error().message;
  }

  CommitInfo resolve(const std::string& revision) {
    auto read = [&](db::Tx& tx) { return history_->resolve(tx, repo_, revision, "main"); };
    auto found = database_->read_now(read);
    EXPECT_TRUE(found) << revision;
    return found.value_or(CommitInfo{});
  }
  void build_sheets() {
    auto built = history_->build_sheets(repo_, [] { return false; });
    ASSERT_TRUE(built) << built.error().message;
    EXPECT_TRUE(*built);
  }
  void expect_sound() {
    auto found = history_->check(repo_);
    ASSERT_TRUE(found);
    for (const auto& f : *found) ADD_FAILURE() << f.what;
    auto bare = (folder_ / ("export-" + hex_encode(random_bytes(4)))).string();
    auto exported = history_->export_bare(repo_, bare);
    ASSERT_TRUE(exported) << exported.error().message;
    auto report = git::fsck(bare);
    ASSERT_TRUE(report);
    for (const auto& problem : report->problems) ADD_FAILURE() << problem;
  }
  /// Every file and folder, with the commit that `git log` says changed it last.
  void expect_last_commits_of_git(const std::string& revision) {
    auto commit = resolve(revision);
    ASSERT_TRUE(commit.sheet);
    auto listed = history_->tree(commit, {.folder = "", .recursive = true, .limit = 10'000});
    ASSERT_TRUE(listed);
    auto paths = split(git("ls-tree -r -t --name-only " + revision), '\n');
    ASSERT_EQ(listed->entries.size(), paths.size());
    for (const auto& entry : listed->entries)
      EXPECT_EQ(entry.last_commit.hex(),
                git("log -1 --format=%H " + revision + " -- " + entry.path))
          << entry.path;
  }

  const RepoId repo_{7};
  std::filesystem::path folder_;
  boost::asio::thread_pool pool_{1};
  Blocking blocking_{2};
  ManualClock clock_{Time{1'767'322'800'000'000}};
  std::unique_ptr<db::Database> database_;
  std::unique_ptr<storage::ObjectStore> store_;
  std::unique_ptr<History> history_;
};

TEST_F(IncomingTest, FirstPushIsThereAtOnceWithSizesAndLastCommits) {
  sh("mkdir a; echo one > a/x; echo two > y; git add .; git commit -qm 'First words' -m 'And "
     "more.'");
  sh("echo three > y; git commit -qam second");
  push("main");
  auto head = resolve("main");
  EXPECT_EQ(head.oid, oid("main"));
  EXPECT_EQ(head.generation, 2);
  EXPECT_EQ(head.title, "second");
  EXPECT_EQ(resolve(git("rev-parse main~1")).message, "And more.");
  ASSERT_TRUE(head.sheet);
  EXPECT_EQ(history_->entry(head, "a")->size_bytes, 4u);
  EXPECT_EQ(history_->entry(head, "a/x")->last_commit, oid("main~1"));
  EXPECT_EQ(**history_->blob(repo_, history_->entry(head, "y")->oid, 100), "three\n");
  expect_last_commits_of_git("main");
  expect_sound();
}

TEST_F(IncomingTest, ThinPackOntoALargeFileKeepsItsDelta) {
  sh("head -c 300000 /dev/urandom | base64 > big; git add .; git commit -qm one");
  push("main");
  auto before = oid("main");
  sh("echo more >> big; git commit -qam two");
  push("main", before);
  auto file = *history_->entry(resolve("main"), "big");
  EXPECT_EQ(std::to_string(file.size_bytes), git("cat-file -s main:big"));
  EXPECT_TRUE(history_->blob(repo_, file.oid, 1 << 20));
  expect_sound();
}

TEST_F(IncomingTest, ManyCommitsAreServedFromGitUntilTheirSheetsAreBuilt) {
  sh("for i in $(seq 80); do mkdir -p d$((i % 7)); echo $i > d$((i % 7))/f$((i % 50)); git add .;"
     " git commit -qm \"commit $i\"; done");
  auto incoming = send("main");
  ASSERT_TRUE(incoming);
  EXPECT_EQ((*incoming)->commits().size(), 80u);
  ASSERT_TRUE(land(**incoming, "refs/heads/main", oid("main"), {}));
  EXPECT_EQ((*incoming)->follow_up(), std::vector<std::string>{"history.sheets"});

  auto head = resolve("main");
  EXPECT_FALSE(head.sheet);
  EXPECT_EQ(history_->entry(head, "d1/f1")->size_bytes, 2u);
  EXPECT_EQ(history_->entry(head, "d1/nothing").error().word, "EntryNotFound");
  // A listing in steps of three says what one in one says, before and after.
  auto all = history_->tree(head, {.folder = "", .recursive = true, .limit = 10'000})->entries;
  std::vector<std::string> stepped;
  TreeQuery query{.folder = "", .recursive = true, .limit = 3, .after = {}};
  for (bool more = true; more;) {
    if (stepped.size() > 30) {
      build_sheets();  // In the middle of a listing.
      head = resolve("main");
    }
    auto page = history_->tree(head, query);
    ASSERT_TRUE(page);
    for (auto& entry : page->entries) stepped.push_back(entry.path);
    query.after = page->next;
    more = page->next.has_value();
  }
  ASSERT_TRUE(head.sheet);
  ASSERT_EQ(stepped.size(), all.size());
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(stepped[i], all[i].path);
  expect_last_commits_of_git("main");
  expect_sound();
}

TEST_F(IncomingTest, CommitOntoOneWithoutSheetKeepsItsFiles) {
  sh("for i in $(seq 70); do echo $i > f$i; git add .; git commit -qm $i; done");
  push("main");
  ASSERT_FALSE(resolve("main").sheet);
  CommitPlan plan;
  plan.repo = repo_;
  plan.ref = "refs/heads/main";
  plan.author = {"ada", "ada@hub.example", 1'767'322'800, 0};
  plan.message = {"by API", ""};
  plan.edit = [](Editor& e) { return e.put(*git::parse_path("new"), "text"); };
  auto made =
      boost::asio::co_spawn(pool_, history_->commit(std::move(plan)), boost::asio::use_future)
          .get();
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(history_->tree(*made, {})->entries.size(), 71u);
  expect_sound();
}

TEST_F(IncomingTest, LastCommitsOfMergesAreThoseOfGitLog) {
  // Random work on three branches that are merged now and then; some changes are made twice, so
  // that merges are the same as one parent or the other.
  sh(R"(git config merge.ours.driver true
        mkdir a b; for f in a/1 a/2 b/1 b/2 c; do echo 0 > $f; done
        git add .; git commit -qm base; git branch x; git branch y
        i=0
        for n in $(seq 60); do
          i=$(( (i * 1103515245 + 12345) % 2147483648 )); r=$(( (i / 65536) % 11 ))
          case $(( (i / 7) % 3 )) in 0) git checkout -q main;; 1) git checkout -q x;; 2) git checkout -q y;; esac
          if [ $r -lt 3 ]; then
            other=$(echo main x y | cut -d' ' -f$(( r + 1 )))
            git merge -q --no-edit -X ours $other >/dev/null 2>&1 || { git checkout -q --ours . ; git add -A; git commit -qm merged; }
          else
            f=$(echo a/1 a/2 b/1 b/2 c | cut -d' ' -f$(( r % 5 + 1 )))
            mkdir -p a b; echo $(( i % 4 )) > $f; git add -A; git diff --cached --quiet || git commit -qm "$n"
          fi
        done
        git checkout -q main; git merge -q --no-edit -X ours x >/dev/null; git merge -q --no-edit -X ours y >/dev/null)");
  EXPECT_GT(std::stoi(git("rev-list --merges --count main")), 2);
  push("main");
  build_sheets();
  EXPECT_FALSE(resolve("main").linear);
  for (auto revision : split(git("rev-list main"), '\n'))
    expect_last_commits_of_git(std::string(revision));
  expect_sound();
}

TEST_F(IncomingTest, AnnotatedTagsLeadToTheirCommits) {
  sh("echo 1 > f; git add .; git commit -qm one; git tag -a v1 -m 'Version 1'; git tag -a again -m "
     "x v1");
  push("main");
  auto incoming = send("again");
  ASSERT_TRUE(incoming);
  auto tip = land(**incoming, "refs/tags/again", oid("again"), {});
  ASSERT_TRUE(tip) << tip.error().message;
  EXPECT_EQ(tip->commit.oid, oid("main"));
  EXPECT_EQ(tip->tag_object, oid("again"));
  EXPECT_EQ(resolve("again").oid, oid("main"));
  // The same tag under another name: nothing is sent, and it is known.
  auto second = send("again ^main");
  ASSERT_TRUE(second);
  EXPECT_EQ((*second)->peel(oid("again"))->commit.oid, oid("main"));
  expect_sound();
}

TEST_F(IncomingTest, TagsOfTreesAndUnsentObjectsAreRefused) {
  sh("echo 1 > f; git add .; git commit -qm one; git tag -a tree -m x 'HEAD^{tree}'");
  push("main");
  auto incoming = send("tree");
  ASSERT_TRUE(incoming);
  EXPECT_EQ((*incoming)->peel(oid("tree")).error().word, "NotACommit");
  EXPECT_EQ((*incoming)->peel(oid("main^{tree}")).error().word, "NotACommit");
  EXPECT_EQ((*incoming)->peel(*git::Oid::parse(std::string(40, 'a'))).error().word,
            "MissingObject");
  // A commit that was force-pushed away is no longer a value that anybody may name without having
  // it.
  auto gone = oid("main");
  auto remove = [&](db::Tx& tx) {
    return history_->move_ref(tx, repo_, "refs/heads/main", gone, {}, {}, "delete");
  };
  ASSERT_TRUE(database_->write_now(remove));
  EXPECT_EQ((*incoming)->peel(gone).error().word, "MissingObject");
  auto again = send("main");
  ASSERT_TRUE(again);
  EXPECT_TRUE((*again)->peel(gone)) << "sent again, so the sender has it";
}

TEST_F(IncomingTest, PointersAreLargeFilesAndPathsAreChecked) {
  sh("printf 'version https://git-lfs.github.com/spec/v1\\noid sha256:%064d\\nsize 12345\\n' 7 > "
     "m.bin;"
     "echo small > s; git add .; git commit -qm one");
  auto incoming = send("main");
  ASSERT_TRUE(incoming);
  std::map<std::string, NewFile> files;
  auto visit = [&](const NewFile& file) -> Result<> {
    files[file.path] = file;
    return {};
  };
  ASSERT_TRUE((*incoming)->walk(visit));
  ASSERT_EQ(files.size(), 2u);
  ASSERT_TRUE(files["m.bin"].large);
  EXPECT_EQ(files["m.bin"].large->size_bytes, 12345u);
  EXPECT_FALSE(files["s"].large);
  ASSERT_TRUE(land(**incoming, "refs/heads/main", oid("main"), {}));
  EXPECT_EQ(history_->entry(resolve("main"), "m.bin")->size_bytes, 12345u);

  sh("git checkout -q --orphan bad; touch 'back\\slash'; git add .; git commit -qm bad");
  auto bad = send("bad");
  ASSERT_TRUE(bad);
  EXPECT_EQ((*bad)->walk(visit).error().word, "InvalidPath");
}

TEST_F(IncomingTest, NothingOfADroppedPushIsSeen) {
  sh("echo 1 > f; git add .; git commit -qm one");
  auto oid_sent = oid("main");
  {
    auto incoming = send("main");
    ASSERT_TRUE(incoming);
    ASSERT_TRUE((*incoming)->store());
  }
  auto read = [&](db::Tx& tx) { return history_->resolve(tx, repo_, oid_sent.hex(), "main"); };
  EXPECT_EQ(database_->read_now(read).error().word, "RevisionNotFound");
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / "cache" / "incoming"));
}

TEST_F(IncomingTest, RewrittenHistoryGivesItsSpaceBack) {
  sh("echo 1 > f; git add .; git commit -qm one");
  push("main");
  auto first = oid("main");
  sh("head -c 400000 /dev/urandom > secret; git add .; git commit -qm secret");
  push("main", first);
  auto secret = oid("main"), blob = oid("main:secret");
  sh("git checkout -q -b clean HEAD~1; echo 2 > f; git commit -qam two");
  push("clean");
  auto back = [&](db::Tx& tx) {
    return history_->move_ref(tx, repo_, "refs/heads/main", secret, first, {}, "force-push");
  };
  ASSERT_TRUE(database_->write_now(back));

  int epochs = 0;
  auto collect = [&](Time logged_before) {
    auto within = [&](db::Tx&, const Kept&) -> Result<> {
      ++epochs;
      return {};
    };
    return history_->collect({repo_, logged_before, within, true});
  };
  auto kept = collect(Time{0});
  ASSERT_TRUE(kept) << kept.error().message;
  EXPECT_FALSE(kept->looked) << "within its grace it may come back";
  EXPECT_TRUE(history_->blob(repo_, blob, 1 << 20));

  constexpr Time never{std::numeric_limits<std::int64_t>::max()};
  auto dropped = collect(never);
  ASSERT_TRUE(dropped) << dropped.error().message;
  EXPECT_EQ(dropped->commits, 1);
  EXPECT_GT(dropped->bytes_freed, 390'000);
  EXPECT_EQ(epochs, 1);
  EXPECT_FALSE(collect(never)->looked);
  clock_.advance(days(4000));  // The database has its own clock.
  EXPECT_GT(history_->sweep(seconds(1), false)->bytes, 390'000u);
  expect_sound();
  expect_last_commits_of_git("clean");
  // It may be pushed again like any other.
  git("checkout -q main");
  push("main", first);
  EXPECT_EQ(resolve("main").oid, secret);
  expect_sound();
}

TEST_F(IncomingTest, CollectingKeepsTagsThatNameTags) {
  sh("echo 1 > f; git add .; git commit -qm one; git tag -a inner -m inner HEAD");
  sh("git tag -a outer -m outer inner; git tag -d inner");
  push("main");
  auto sent = send("refs/tags/outer ^main");
  ASSERT_TRUE(sent) << sent.error().message;
  ASSERT_TRUE(land(**sent, "refs/tags/outer", oid("outer"), {}));
  sh("git checkout -q -b side; head -c 100000 /dev/urandom > big; git add .; git commit -qm big");
  push("side");
  auto side = oid("side");
  auto gone = [&](db::Tx& tx) {
    return history_->move_ref(tx, repo_, "refs/heads/side", side, std::nullopt, {}, "delete");
  };
  ASSERT_TRUE(database_->write_now(gone));
  auto collected =
      history_->collect({repo_, Time{std::numeric_limits<std::int64_t>::max()}, {}, true});
  ASSERT_TRUE(collected) << collected.error().message;
  EXPECT_EQ(collected->commits, 1);
  EXPECT_EQ(collected->packs, 1);
  expect_sound();
}

TEST_F(IncomingTest, TextsThatAreNotUtf8BecomeText) {
  sh(R"sh(git config i18n.commitEncoding latin1; printf 'caf\351' > ../message
        echo 1 > f; git add .; GIT_AUTHOR_NAME="$(printf 'Jos\351')" git commit -qF ../message)sh");
  push("main");
  auto head = resolve("main");
  EXPECT_EQ(head.title, "café");
  EXPECT_EQ(head.author_name, "José");
}

}  // namespace
}  // namespace cairn::history
