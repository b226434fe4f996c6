#pragma once
// A hub of one repository for tests of this module.
#include <filesystem>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include "base/random.h"
#include "hub/history/history.h"
#include "platform/git/git_program.h"

namespace cairn::history {
namespace asio = boost::asio;

/// A hub of one repository on a temporary folder, with the real database, store and git.
class HistoryTest : public testing::Test {
 protected:
  HistoryTest() {
    folder_ =
        std::filesystem::temp_directory_path() / ("cairn-history-" + hex_encode(random_bytes(8)));
    std::filesystem::create_directories(folder_);
    open();
    auto first = history_->prepare_first(author(), {"initial commit", ""}, [](Editor& e) {
      return e.put(*git::parse_path(".gitattributes"), "*.bin filter=lfs\n");
    });
    auto insert = [&](db::Tx& tx) {
      return history_->insert_first(tx, repo_, "refs/heads/main", **first, {});
    };
    EXPECT_TRUE(database_->write_now(insert));
  }
  ~HistoryTest() override {
    history_.reset();
    database_.reset();
    std::filesystem::remove_all(folder_);
  }

  void open() {
    database_ = *db::Database::open({.url = "sqlite:" + (folder_ / "db").string()});
    EXPECT_TRUE(database_->migrate(migrations(), "test"));
    store_ = *storage::open_local_store((folder_ / "objects").string());
    history_ = make_history(*database_, *store_, blocking_, clock_,
                            {.cache_folder = (folder_ / "cache").string()});
  }
  void reopen() {
    history_.reset();
    store_.reset();
    database_.reset();
    open();
  }

  static git::Signature author() {
    return {"ada", "ada@users.noreply.localhost", 1'767'322'800, 0};
  }

  CommitPlan plan(std::string title, std::function<Result<>(Editor&)> edit) {
    CommitPlan out;
    out.repo = repo_;
    out.ref = "refs/heads/main";
    out.author = author();
    out.message = {std::move(title), ""};
    out.edit = std::move(edit);
    return out;
  }
  CommitPlan put(std::string path, std::string content) {
    return plan("Add " + path, [=](Editor& e) { return e.put(*git::parse_path(path), content); });
  }

  Result<CommitInfo> commit(CommitPlan p) {
    std::vector<CommitPlan> one;
    one.push_back(std::move(p));
    return commit_all(std::move(one)).front();
  }
  /// All at once, from coroutines on two threads.
  std::vector<Result<CommitInfo>> commit_all(std::vector<CommitPlan> plans) {
    asio::io_context io;
    std::vector<std::future<Result<CommitInfo>>> waiting;
    for (auto& p : plans)
      waiting.push_back(asio::co_spawn(io, history_->commit(std::move(p)), asio::use_future));
    std::thread other([&] { io.run(); });
    io.run();
    other.join();
    std::vector<Result<CommitInfo>> out;
    for (auto& w : waiting) out.push_back(w.get());
    return out;
  }

  Result<CommitInfo> resolve(std::string revision) {
    auto read = [&](db::Tx& tx) { return history_->resolve(tx, repo_, revision, "main"); };
    return database_->read_now(read);
  }
  std::vector<std::string> listing(const CommitInfo& at, TreeQuery query) {
    std::vector<std::string> out;
    for (;;) {
      auto page = history_->tree(at, query);
      EXPECT_TRUE(page);
      if (!page) return out;
      for (const auto& e : page->entries) out.push_back(e.path);
      if (!page->next) return out;
      query.after = page->next;
    }
  }
  std::vector<Ref> refs(RepoId repo = RepoId{7}) {
    auto read = [&](db::Tx& tx) -> Result<std::vector<Ref>> {
      return history_->refs(tx, repo, "");
    };
    return *database_->read_now(read);
  }
  /// `git fsck --strict` of an export, and our own check.
  void expect_sound(RepoId repo = RepoId{7}) {
    auto found = history_->check(repo);
    ASSERT_TRUE(found) << found.error().message;
    for (const auto& f : *found) ADD_FAILURE() << f.what;
    auto bare = (folder_ / ("bare" + hex_encode(random_bytes(4)))).string();
    auto exported = history_->export_bare(repo, bare);
    ASSERT_TRUE(exported) << exported.error().message;
    auto report = git::fsck(bare);
    ASSERT_TRUE(report) << report.error().message;
    for (const auto& problem : report->problems) ADD_FAILURE() << problem;
  }

  RepoId repo_{7};
  std::filesystem::path folder_;
  Blocking blocking_{4};
  ManualClock clock_;
  std::unique_ptr<db::Database> database_;
  std::unique_ptr<storage::ObjectStore> store_;
  std::unique_ptr<History> history_;
};

}  // namespace cairn::history
