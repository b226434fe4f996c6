#include "hub/fetch/fetch.h"

#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>
#include <unistd.h>

#include "hub/fetch/answers.h"
#include "hub/repo/testing/hub.h"
#include "platform/git/pkt_line.h"

namespace cairn::fetch {
namespace {

using git::Protocol;

/// All of an answer, on the thread that asked for it.
Task<Result<std::string>> read_answer(Answer answer) {
  if (auto* text = std::get_if<std::string>(&answer)) co_return *text;
  std::string out;
  if (auto* file = std::get_if<FileBody>(&answer)) {
    out.resize(file->size_bytes);
    EXPECT_EQ(::pread(file->descriptor, out.data(), out.size(), 0),
              static_cast<ssize_t>(out.size()));
    co_return out;
  }
  auto& stream = std::get<std::shared_ptr<StreamBody>>(answer);
  for (;;) {
    CAIRN_CO_TRY(bytes, co_await stream->next());
    if (bytes.empty()) co_return out;
    out += bytes;
  }
}

class FetchTest : public testing::Test {
 protected:
  FetchTest() {
    folder_ =
        std::filesystem::temp_directory_path() / ("cairn-fetch-" + hex_encode(random_bytes(8)));
    open({});
    repo = hub.create(hub.ada, "bert");
  }
  ~FetchTest() override {
    fetches.reset();
    std::filesystem::remove_all(folder_);
  }
  void open(Options options) {
    fetches.reset();
    options.cache_folder = folder_.string();
    fetches = std::make_unique<Fetches>(*hub.database, *hub.history, hub.blocking, options);
  }

  static std::string request(std::vector<git::Oid> wants, Protocol protocol,
                             std::vector<git::Oid> haves = {}, bool done = true) {
    git::FetchRequest out;
    out.wants = std::move(wants);
    out.haves = std::move(haves);
    out.options = protocol == Protocol::v2 ? std::vector<std::string>{"no-progress"}
                                           : std::vector<std::string>{};
    out.capabilities = {"side-band-64k", "no-progress"};
    out.end = done ? git::FetchRequest::End::done : git::FetchRequest::End::open;
    return git::encode_fetch(out, protocol);
  }
  Result<std::string> ask(std::string text, Protocol protocol = Protocol::v2) {
    auto both = [](Fetches& from, account::Actor actor, repo::RepoRef about, Protocol spoken,
                   std::string asked) -> Task<Result<std::string>> {
      CAIRN_CO_TRY(answer, co_await from.answer(actor, about, spoken, asked));
      co_return co_await read_answer(std::move(answer));
    };
    return hub.run(both(*fetches, hub.bob, repo, protocol, std::move(text)));
  }
  /// The bytes of the pack, however git cut them into packets.
  std::string pack(const std::string& asked) {
    git::PktReader reader;
    reader.feed(hub.must(ask(asked)));
    std::string out;
    for (;;) {
      auto pkt = hub.must(reader.next());
      if (!pkt) return out;
      if (pkt->data.starts_with('\1')) out += pkt->data.substr(1);
    }
  }
  /// git's refusal, or empty when objects came.
  std::string refused(const git::Oid& want, Protocol protocol) {
    auto text = hub.must(ask(request({want}, protocol), protocol));
    git::PktReader reader;
    reader.feed(text);
    auto first = hub.must(reader.next());
    if (!first) return "no answer";
    return first->data.starts_with("ERR ") ? std::string(first->line().substr(4)) : "";
  }
  static std::string not_our_ref(const git::Oid& oid) {
    return "upload-pack: not our ref " + oid.hex();
  }

  /// A commit that no ref holds any more, and what it brought.
  git::Oid forced_away() {
    auto main = head();
    branch("refs/heads/side", {}, main);
    auto made = hub.must(
        hub.commit(hub.ada, hub.again(repo), hub.header("Add x") + hub.file("x", "x\n"), "side"));
    branch("refs/heads/side", made.commit->oid, {});
    return made.commit->oid;
  }
  void branch(std::string name, std::optional<git::Oid> from, std::optional<git::Oid> to) {
    auto move = [&](db::Tx& tx) {
      return hub.history->move_ref(tx, repo->id, name, from, to, {}, "test");
    };
    hub.must(hub.write(move));
  }
  git::Oid head() { return hub.must(git::Oid::parse(hub.again(repo)->sha)); }

  repo::testing::Hub hub;
  std::unique_ptr<Fetches> fetches;
  repo::RepoRef repo;
  std::filesystem::path folder_;
};

constexpr Protocol protocols[] = {Protocol::v0, Protocol::v1, Protocol::v2};

TEST_F(FetchTest, EveryProtocolGivesAPack) {
  hub.put(repo, "a.txt", "hello\n");
  for (auto protocol : protocols) {
    auto text = hub.must(ask(request({head()}, protocol), protocol));
    EXPECT_TRUE(text.contains("PACK"));
    EXPECT_TRUE(text.ends_with("0000"));
    EXPECT_EQ(refused(head(), protocol), "");
  }
}

TEST_F(FetchTest, ValueOfAMomentAgoIsServedForTenMinutes) {
  auto gone = forced_away();
  for (auto protocol : protocols) EXPECT_EQ(refused(gone, protocol), "");
  hub.clock.advance(minutes(9));
  for (auto protocol : protocols) EXPECT_EQ(refused(gone, protocol), "");
  hub.clock.advance(minutes(2));
  for (auto protocol : protocols) EXPECT_EQ(refused(gone, protocol), not_our_ref(gone));
}

TEST_F(FetchTest, HiddenRefsAreNeitherToldNorReachable) {
  auto gone = forced_away();
  hub.clock.advance(minutes(11));
  branch("refs/cairn/kept", {}, gone);
  for (auto protocol : protocols) EXPECT_EQ(refused(gone, protocol), not_our_ref(gone));
  auto listed = hub.must(hub.run(fetches->advertise(repo, Protocol::v0)));
  EXPECT_TRUE(listed.contains("refs/heads/main"));
  EXPECT_FALSE(listed.contains("refs/cairn"));
  branch("refs/pr/1", {}, gone);
  EXPECT_EQ(refused(gone, Protocol::v2), "");
}

TEST_F(FetchTest, HavesThatNoRefReachesAreNotAcknowledged) {
  auto gone = forced_away();
  auto acknowledged = [&](const git::Oid& have) {
    return hub.must(ask(request({head()}, Protocol::v2, {have}, false)))
        .contains("ACK " + have.hex());
  };
  EXPECT_TRUE(acknowledged(head()));
  EXPECT_FALSE(acknowledged(gone));
  // The client goes on negotiating, as with any id that is not known.
  EXPECT_EQ(hub.must(ask(request({head()}, Protocol::v2, {gone}, false))),
            "0014acknowledgments\n0008NAK\n0000");
}

TEST_F(FetchTest, TreesAndBlobsAreGivenWhileARefReachesThem) {
  hub.put(repo, "dir/a.txt", "hello\n");
  auto blob = git::object_id(git::ObjectType::blob, "hello\n");
  for (auto protocol : protocols) EXPECT_EQ(refused(blob, protocol), "");
  forced_away();
  auto gone = git::object_id(git::ObjectType::blob, "x\n");
  for (auto protocol : protocols) EXPECT_EQ(refused(gone, protocol), not_our_ref(gone));
}

TEST_F(FetchTest, NewRefsAreToldAtOnce) {
  auto ls = [&] { return hub.must(ask("0014command=ls-refs\n0000")); };
  auto before = ls();
  EXPECT_EQ(ls(), before);
  auto made = hub.put(repo, "a.txt", "1");
  EXPECT_TRUE(ls().contains(made->oid.hex() + " refs/heads/main"));
  branch("refs/heads/dev", {}, made->oid);
  EXPECT_TRUE(ls().contains("refs/heads/dev"));
}

TEST_F(FetchTest, AnswerIsRecordedFromTheSecondQuestionOn) {
  for (int i = 0; i < 5; ++i) hub.put(repo, "f" + std::to_string(i), std::string(20'000, 'a' + i));
  auto asked = request({head()}, Protocol::v2);
  auto first = pack(asked);
  EXPECT_GT(first.size(), 100u);
  EXPECT_EQ(fetches->metrics().cached, 0u);
  EXPECT_TRUE(pack(asked) == first);
  EXPECT_EQ(fetches->metrics().cached, 1u);
  EXPECT_TRUE(pack(asked) == first);
  EXPECT_EQ(fetches->metrics().cached, 2u);
  // Another state of the repository is another question.
  hub.put(repo, "more", "x");
  hub.must(ask(asked));
  EXPECT_EQ(fetches->metrics().cached, 2u);
}

TEST_F(FetchTest, KeptAnswersDoNotOutliveTheRightToThem) {
  auto gone = forced_away();
  auto asked = request({gone}, Protocol::v2);
  for (int i = 0; i < 3; ++i) hub.must(ask(asked));
  EXPECT_EQ(fetches->metrics().cached, 2u);
  hub.clock.advance(minutes(11));
  EXPECT_EQ(refused(gone, Protocol::v2), not_our_ref(gone));
}

TEST_F(FetchTest, AnswersBeyondTheRoomAreNotKept) {
  open({.answer_cache_bytes = 1000});
  hub.put(repo, "a", std::string(5000, 'a'));
  auto asked = request({head()}, Protocol::v2);
  auto first = pack(asked);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(pack(asked) == first);
  EXPECT_EQ(fetches->metrics().cached, 0u);
}

TEST_F(FetchTest, FoldersGoWhenNobodyAsksForThem) {
  hub.must(ask(request({head()}, Protocol::v2)));
  auto folders = [&] {
    auto list = std::filesystem::directory_iterator(folder_ / "snapshots");
    return std::distance(begin(list), end(list));
  };
  EXPECT_EQ(folders(), 1);
  for (int i = 0; i < 3; ++i) fetches->tidy();
  EXPECT_EQ(folders(), 0);
}

TEST_F(FetchTest, EmptyRequestAsksForNothing) {
  EXPECT_EQ(hub.must(ask("0000", Protocol::v0)), "");
  EXPECT_TRUE(hub.must(ask("0000", Protocol::v2)).contains("ERR The git request"));
  EXPECT_EQ(ask("0003", Protocol::v2).error().word, "InvalidPktLine");
}

// ---- Recordings ----

TEST(Answers, ReadersFollowTheWriterAndReadTheSame) {
  auto folder = std::filesystem::temp_directory_path() / hex_encode(random_bytes(8));
  {
    Answers answers(folder.string(), 100 << 20);
    process::Command command{
        .argv = {"sh", "-c", "for i in 1 2 3 4 5; do seq 20000; sleep 0.02; done"}};
    EXPECT_EQ(answers.begin("key", 10, command, nullptr), nullptr);
    auto recording = answers.begin("key", 10, command, nullptr);
    ASSERT_NE(recording, nullptr);
    EXPECT_EQ(answers.find("key"), recording);
    boost::asio::io_context io;
    std::vector<std::string> got(8);
    for (auto& out : got) {
      auto keep = [](std::string& into, std::shared_ptr<Recording> from) -> Task<> {
        auto text = co_await read_answer(Recording::read(std::move(from)));
        into = text ? *text : "failed";
      };
      boost::asio::co_spawn(io, keep(out, recording), boost::asio::detached);
    }
    io.run();
    for (const auto& out : got) EXPECT_TRUE(out == got[0]);
    EXPECT_EQ(got[0].size(), 5u * 108'894);
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder)) << "what was kept goes with its keeper";
  std::filesystem::remove_all(folder);
}

TEST(Answers, FailedProgramIsTriedAgain) {
  auto folder = std::filesystem::temp_directory_path() / hex_encode(random_bytes(8));
  Answers answers(folder.string(), 100 << 20);
  process::Command command{.argv = {"sh", "-c", "echo part; exit 1"}};
  EXPECT_EQ(answers.begin("key", 10, command, nullptr), nullptr);
  auto recording = answers.begin("key", 10, command, nullptr);
  ASSERT_NE(recording, nullptr);
  while (answers.find("key")) std::this_thread::yield();
  EXPECT_EQ(recording->state(), Recording::State::failed);
  std::filesystem::remove_all(folder);
}

TEST(Answers, WhatNobodyAsksForLeavesTheDisk) {
  auto folder = std::filesystem::temp_directory_path() / hex_encode(random_bytes(8));
  Answers answers(folder.string(), 100 << 20);
  process::Command command{.argv = {"sh", "-c", "echo all"}};
  EXPECT_EQ(answers.begin("key", 10, command, nullptr), nullptr);
  auto made = answers.begin("key", 10, command, nullptr);
  while (made->state() == Recording::State::running) std::this_thread::yield();
  made.reset();
  for (std::uint64_t i = 0; i < Answers::idle_rounds; ++i) answers.tidy();
  EXPECT_TRUE(answers.find("key"));
  for (std::uint64_t i = 0; i <= Answers::idle_rounds; ++i) answers.tidy();
  EXPECT_FALSE(answers.find("key"));
  EXPECT_TRUE(std::filesystem::is_empty(folder));
  std::filesystem::remove_all(folder);
}

TEST(Answers, LeastRecentlyUsedGoFirst) {
  auto folder = std::filesystem::temp_directory_path() / hex_encode(random_bytes(8));
  Answers answers(folder.string(), 100'000);
  process::Command command{.argv = {"sh", "-c", "head -c 20000 /dev/zero"}};
  auto record = [&](std::string key) {
    EXPECT_EQ(answers.begin(key, 10, command, nullptr), nullptr);
    auto made = answers.begin(key, 10, command, nullptr);
    while (made->state() == Recording::State::running) std::this_thread::yield();
  };
  for (std::string key : {"a", "b", "c", "d"}) record(key);
  EXPECT_TRUE(answers.find("a"));  // Now b is the oldest.
  for (std::string key : {"e", "f"}) record(key);
  // Room is made after the answer is whole. Not by find(): to ask for an answer is to use it.
  auto files = [&] {
    auto list = std::filesystem::directory_iterator(folder);
    return std::distance(begin(list), end(list));
  };
  while (files() > 5) std::this_thread::yield();
  EXPECT_FALSE(answers.find("b"));
  EXPECT_TRUE(answers.find("a"));
  EXPECT_TRUE(answers.find("f"));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace cairn::fetch
