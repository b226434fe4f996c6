#include "hub/imports/imports.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "hub/imports/lfs_client.h"
#include "hub/imports/run.h"
#include "hub/imports/source.h"
#include "hub/imports/store.h"
#include "hub/repo/testing/hub.h"

namespace cairn::imports {
namespace {

TEST(ImportSource, IsWhatGitCloneTakes) {
  auto source = parse_source("https://git.example:8443/lab/bert.git/");
  ASSERT_TRUE(source);
  EXPECT_EQ(source->url, "https://git.example:8443/lab/bert.git");
  EXPECT_EQ(source->origin, "https://git.example:8443");
  EXPECT_EQ(source->name, "bert");
  EXPECT_EQ(source->kind, RepoKind::model);
  EXPECT_EQ(lfs_url(*source), "https://git.example:8443/lab/bert.git/info/lfs");
  auto words = parse_source("HTTPS://hub.example/datasets/ada/words");
  ASSERT_TRUE(words);
  EXPECT_EQ(words->kind, RepoKind::dataset);
  EXPECT_EQ(lfs_url(*words), "https://hub.example/datasets/ada/words.git/info/lfs");
  EXPECT_EQ(parse_source("https://hub.example/spaces/ada/demo")->kind, RepoKind::space);
}

TEST(ImportSource, IsNoOtherProtocolAndHoldsNoSecret) {
  for (const char* bad :
       {"", "bert", "file:///etc", "ssh://git@host/x", "ext::sh -c id", "git@host:x/y", "https://",
        "https://host", "https://host/", "https://u:p@host/x", "https:///x/y", "https://host/x?y=1",
        "https://host/x#y", "https://host/a/../b", "https://host/a//b", "https://host/x y",
        "https://host/x\ny", "https://host/.git"})
    EXPECT_EQ(parse_source(bad).error().word, "InvalidSource") << bad;
}

TEST(ImportLfs, OffersAreReadAndStrangersHeadersAreChecked) {
  auto source = *parse_source("https://git.example/lab/bert");
  lfs::Wanted here{sha256("a"), 1}, gone{sha256("b"), 1}, own{sha256("c"), 1};
  std::string body = R"({"objects": [
    {"oid": ")" + own.sha256.hex() +
                     R"(", "actions": {"download": {"href": "/objects/c"}}},
    {"oid": ")" + here.sha256.hex() +
                     R"(", "actions": {"download": {"href": "https://cdn.example/a",
      "header": {"X-Key": "k", "Bad\r\nName": "x", "Bad": "x\r\nEvil: 1"}}}},
    {"oid": ")" + gone.sha256.hex() +
                     R"(", "error": {"code": 404, "message": "no"}}]})";
  auto offers = parse_batch(body, {here, gone, own}, source, "Basic secret");
  ASSERT_TRUE(offers);
  ASSERT_EQ(offers->size(), 3u);
  EXPECT_EQ((*offers)[0].url, "https://cdn.example/a");
  EXPECT_EQ((*offers)[0].headers.size(), 1u) << "the token goes to no other server";
  EXPECT_EQ((*offers)[0].headers.get("X-Key"), "k");
  EXPECT_TRUE((*offers)[1].url.empty());
  EXPECT_EQ((*offers)[2].url, "https://git.example/objects/c");
  EXPECT_EQ((*offers)[2].headers.get("Authorization"), "Basic secret");
  for (const char* bad : {"", "[]", "{\"objects\": 1}", "<html>"})
    EXPECT_EQ(parse_batch(bad, {here}, source, "").error().word, "SourceUnavailable") << bad;
}

TEST(ImportFolder, GoesByTheImportsNumberAlone) {
  namespace fs = std::filesystem;
  const std::string root = testing::TempDir() + "imports-" + make_public_id().hex;
  for (const char* name : {"/5-abc/bare", "/5-def", "/55-abc", "/15-abc"})
    fs::create_directories(root + name);
  remove_folder(root, ImportId{5});
  EXPECT_FALSE(fs::exists(root + "/5-abc"));
  EXPECT_FALSE(fs::exists(root + "/5-def"));
  EXPECT_TRUE(fs::exists(root + "/55-abc"));
  EXPECT_TRUE(fs::exists(root + "/15-abc"));
  remove_folder(root + "/nothing", ImportId{5});
  fs::remove_all(root);
}

class ImportRows : public testing::TestWithParam<db::Engine> {
 protected:
  repo::testing::Hub hub{GetParam(), {}, imports_migrations()};
};
INSTANTIATE_TEST_SUITE_P(Engines, ImportRows, testing::ValuesIn(db::testing::engines()));

TEST_P(ImportRows, KeepWhatAnImportIs) {
  auto repo = hub.create(hub.ada, "bert");
  auto body = [&](db::Tx& tx) -> Result<> {
    Import wanted;
    wanted.public_id = make_public_id();
    wanted.user = hub.ada.user;
    wanted.repo = repo->id;
    wanted.source = "https://git.example/lab/bert";
    wanted.token = "sealed";
    auto row = store::insert(tx, wanted);
    EXPECT_EQ(store::count_open(tx, hub.ada.user), 1u);
    row.progress = {Phase::large_files, 1, 2, 3, 4, 5, 6, 7};
    row.notes = {"one", "two"};
    row.state = State::failed;
    row.error_word = "Word";
    row.finished_at = tx.now();
    EXPECT_TRUE(store::update(tx, row));
    auto found = store::find(tx, row.public_id);
    EXPECT_TRUE(found);
    EXPECT_EQ(found->progress.phase, Phase::large_files);
    EXPECT_EQ(found->progress.objects_total, 2u);
    EXPECT_EQ(found->progress.bytes_received, 3u);
    EXPECT_EQ(found->progress.file_bytes_total, 7u);
    EXPECT_EQ(found->notes, row.notes);
    EXPECT_EQ(found->error_word, "Word");
    EXPECT_EQ(store::count_open(tx, hub.ada.user), 0u);
    EXPECT_EQ(store::of_repo(tx, repo->id)->id, row.id);
    EXPECT_EQ(store::of_user(tx, hub.ada.user, 10).size(), 1u);
    EXPECT_EQ(store::of_user(tx, hub.bob.user, 10).size(), 0u);
    EXPECT_EQ(store::forget_repo(tx, repo->id, 10), 1);
    EXPECT_FALSE(store::find(tx, row.id));
    return {};
  };
  hub.must(hub.write(body));
}

TEST_P(ImportRows, NoStatementReadsTheWholeTable) {
  for (const auto* statement : store::statements()) {
    auto plan = hub.database->explain(*statement);
    ASSERT_TRUE(plan) << statement->name << plan.error().message;
    EXPECT_TRUE(plan->full_scans.empty()) << statement->name;
  }
}

}  // namespace
}  // namespace cairn::imports
