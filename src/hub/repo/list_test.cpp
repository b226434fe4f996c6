#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hub/repo/list_store.h"
#include "hub/repo/store.h"
#include "hub/repo/testing/hub.h"

namespace cairn::repo {
namespace {

using testing::Hub;

class Lists : public ::testing::TestWithParam<db::Engine> {
 protected:
  Hub hub{GetParam()};

  std::vector<std::string> names(const Actor& actor, ListQuery query) {
    std::vector<std::string> out;
    for (;;) {
      auto page = hub.must(hub.run(hub.repos->list(actor, query)));
      for (const auto& info : page.repos) out.push_back(info.repo->name);
      if (!page.next) return out;
      query.cursor = page.next;
    }
  }
  using Names = std::vector<std::string>;
};

TEST_P(Lists, ShowPrivateOnesToThoseWhoSeeThem) {
  hub.create(hub.ada, "a");
  hub.create(hub.ada, "b", {.visibility = Visibility::private_});
  hub.create(hub.bob, "c");
  ListQuery by_id{.sort = Sort::id, .ascending = true};
  EXPECT_EQ(names(Actor::anonymous(), by_id), (Names{"ada/a", "bob/c"}));
  EXPECT_EQ(names(hub.bob, by_id), (Names{"ada/a", "bob/c"}));
  EXPECT_EQ(names(hub.ada, by_id), (Names{"ada/a", "ada/b", "bob/c"}));
  EXPECT_EQ(names(Actor::system(), by_id), (Names{"ada/a", "ada/b", "bob/c"}));

  auto scopes = hub.must(account::read_scopes(
      json::parse(
          R"([{"entity":{"type":"model","name":"ada/b"},"permissions":["repo.content.read"]}])"),
      "scopes"));
  account::NewToken fine{.name = "fine", .role = account::TokenRole::fine_grained};
  fine.scopes = scopes;
  auto user = hub.must(hub.read([](db::Tx& tx) { return account::find_user(tx, "ada"); }));
  auto actor = hub.must(hub.authenticate(hub.token(user, fine).value));
  EXPECT_EQ(names(actor, by_id), (Names{"ada/a", "ada/b", "bob/c"}));
}

TEST_P(Lists, FilterByAuthorTagsWordsAndGating) {
  auto one = hub.create(hub.ada, "bert-base");
  hub.create(hub.ada, "bert_large", {.license = "mit"});
  hub.create(hub.bob, "gpt");
  hub.create(hub.bob, "text", {.kind = RepoKind::dataset});
  hub.put(one, "README.md", "---\nlicense: mit\npipeline_tag: fill-mask\n---\n");
  hub.must(hub.run(hub.repos->change_settings(hub.ada, RepoKind::model, "ada/bert-base",
                                              {.gating = Gating::automatic})));
  auto find = [&](ListQuery query) {
    query.sort = Sort::id;
    query.ascending = true;
    return names(hub.ada, query);
  };
  EXPECT_EQ(find({.author = "ADA"}), (Names{"ada/bert-base", "ada/bert_large"}));
  EXPECT_EQ(find({.author = "nobody"}), Names{});
  EXPECT_EQ(find({.search = {"BERT", "ada/"}}), (Names{"ada/bert-base", "ada/bert_large"}));
  EXPECT_EQ(find({.search = {"t_l"}}), Names{"ada/bert_large"}) << "_ stands for itself";
  EXPECT_EQ(find({.search = {"%"}}), Names{});
  EXPECT_EQ(find({.tags = {"license:mit"}}), (Names{"ada/bert-base", "ada/bert_large"}));
  EXPECT_EQ(find({.tags = {"license:mit", "fill-mask"}}), Names{"ada/bert-base"});
  EXPECT_EQ(find({.gated = true}), Names{"ada/bert-base"});
  EXPECT_EQ(find({.gated = false}), (Names{"ada/bert_large", "bob/gpt"}));
  EXPECT_EQ(find({.kind = RepoKind::dataset}), Names{"bob/text"});
}

TEST_P(Lists, PagesCoverEverythingOnceInEveryOrder) {
  Names all;
  for (int i = 0; i < 7; ++i) {
    hub.create(hub.ada, "m" + std::to_string(i));
    all.push_back("ada/m" + std::to_string(i));
    if (i % 2) hub.clock.advance(seconds(1));
  }
  for (auto sort :
       {Sort::created, Sort::updated, Sort::downloads, Sort::likes, Sort::trending, Sort::id}) {
    for (bool ascending : {false, true}) {
      auto found = names(hub.ada, {.sort = sort, .ascending = ascending, .limit = 2});
      auto sorted = found;
      std::ranges::sort(sorted);
      EXPECT_EQ(sorted, all);
    }
  }
  EXPECT_EQ(names(hub.ada, {.sort = Sort::created, .limit = 3}).front(), "ada/m6");
}

TEST_P(Lists, CursorOfAnotherListIsRefused) {
  for (const auto* name : {"a", "b", "c"}) hub.create(hub.ada, name);
  ListQuery query{.sort = Sort::created, .limit = 1};
  auto page = hub.must(hub.run(hub.repos->list(hub.ada, query)));
  ASSERT_TRUE(page.next);
  auto word = [&](ListQuery other, std::string cursor) {
    other.cursor = std::move(cursor);
    auto result = hub.run(hub.repos->list(hub.ada, other));
    return result ? "" : result.error().word;
  };
  EXPECT_EQ(word(query, *page.next), "");
  EXPECT_EQ(word({.sort = Sort::likes, .limit = 1}, *page.next), "InvalidCursor");
  EXPECT_EQ(word({.author = "ada", .sort = Sort::created}, *page.next), "InvalidCursor");
  EXPECT_EQ(word(query, "x"), "InvalidCursor");
  EXPECT_EQ(word(query, *page.next + "A"), "InvalidCursor");
  EXPECT_EQ(word({.limit = 0}, ""), "InvalidQuery");
  EXPECT_EQ(word({.search = std::vector<std::string>(21, "x")}, ""), "InvalidQuery");
}

TEST_P(Lists, CarryCardsAndOnRequestFiles) {
  auto repo = hub.create(hub.ada, "bert", {.license = "mit"});
  auto page = hub.must(hub.run(hub.repos->list(hub.ada, {})));
  ASSERT_EQ(page.repos.size(), 1u);
  EXPECT_THAT(page.repos[0].card->fields.tags, ::testing::Contains("license:mit"));
  EXPECT_EQ(page.repos[0].siblings, nullptr);
  page = hub.must(hub.run(hub.repos->list(hub.ada, {.siblings = true})));
  EXPECT_EQ(page.repos[0].siblings->size(), 2u);
  EXPECT_EQ(page.repos[0].commit->oid.hex(), repo->sha);
}

TEST_P(Lists, StorageIsForThoseWhoMayCreateThere) {
  auto big = hub.create(hub.ada, "big");
  auto small = hub.create(hub.ada, "small", {.kind = RepoKind::dataset});
  hub.put(big, "a.txt", std::string(100'000, 'x'));
  auto digest = hub.upload(big, "weights");
  hub.must(hub.commit(hub.ada, big, Hub::header("w") + Hub::large("w.bin", digest)));
  StorageQuery query{.limit = 1};
  auto page = hub.must(hub.run(hub.repos->storage(hub.ada, query)));
  ASSERT_EQ(page.repos.size(), 1u);
  EXPECT_EQ(page.repos[0]->name, "ada/big");
  EXPECT_GT(page.repos[0]->storage_bytes, 100'007);
  EXPECT_EQ(page.total_bytes, page.repos[0]->storage_bytes + hub.again(small)->storage_bytes);
  ASSERT_TRUE(page.next);
  query.cursor = page.next;
  page = hub.must(hub.run(hub.repos->storage(hub.ada, query)));
  EXPECT_EQ(page.repos.at(0)->name, "ada/small");
  EXPECT_FALSE(page.next);
  EXPECT_EQ(hub.run(hub.repos->storage(hub.bob, {.owner = "ada"})).error().word, "Forbidden");
  EXPECT_EQ(hub.run(hub.repos->storage(Actor::anonymous(), {})).error().word, "Unauthenticated");
}

/// PostgreSQL plans by what it knows of the rows; an empty table is read in any order.
constexpr db::Statement fill{
    "test.fill", "SELECT 1",
    R"sql(INSERT INTO repos (public_id, kind, owner_id, name, name_key, full_key, visibility,
                             default_branch, sha, created_at, updated_at)
          SELECT md5(n::text), n % 4, 1, n::text, n::text, 'ada/' || n, 0, 'main', '', n, n
          FROM generate_series(1, 20000) n)sql"};
constexpr db::Statement fill_owners{
    "test.fill_owners", "SELECT 1",
    R"sql(INSERT INTO owners (public_id, kind, name, name_key, full_name, created_at, updated_at)
          SELECT md5(n::text), 0, 'u' || n, 'u' || n, '', n, n FROM generate_series(1, 5000) n)sql"};
constexpr db::Statement spread{
    "test.spread", "SELECT 1",
    "UPDATE repos SET owner_id = (SELECT MIN(id) FROM owners) + id % 5000, "
    "purge_at = CASE WHEN id % 100 = 0 THEN id END, "
    "deleted_at = CASE WHEN id % 100 = 0 THEN id END"};
constexpr db::Statement fill_tags{
    "test.fill_tags", "SELECT 1",
    "INSERT INTO repo_tags (repo_id, tag, place) SELECT id, 't' || id % 50, 0 FROM repos"};
constexpr db::Statement fill_cards{
    "test.fill_cards", "SELECT 1",
    "INSERT INTO cards (repo_id, data, updated_at) SELECT id, 'null', 0 FROM repos"};
constexpr db::Statement analyze{"test.analyze", "SELECT 1", "ANALYZE"};

TEST_P(Lists, NeverReadAWholeTable) {
  auto grow = [](db::Tx& tx) -> Result<> {
    for (const auto* step : {&fill_owners, &fill, &spread, &fill_tags, &fill_cards, &analyze})
      tx.run(*step);
    return {};
  };
  if (GetParam() == db::Engine::postgres) hub.must(hub.write(grow));
  for (auto statements : {store::statements(), store::list_statements()})
    for (const auto* statement : statements) {
      auto fixed = hub.must(hub.database->explain(*statement));
      EXPECT_TRUE(fixed.full_scans.empty()) << statement->name << "\n"
                                            << ::testing::PrintToString(fixed.lines);
    }
  store::ListFilter filter;
  store::Place after{.value = 5, .key = "ada/x", .id = RepoId{7}};
  for (auto sort :
       {Sort::created, Sort::updated, Sort::downloads, Sort::likes, Sort::trending, Sort::id}) {
    for (bool more : {false, true}) {
      ListQuery query{.sort = sort};
      auto sql = store::list_query(query, {}, filter, more ? std::optional(after) : std::nullopt,
                                   GetParam());
      auto plan = hub.must(hub.database->explain(sql));
      EXPECT_TRUE(plan.full_scans.empty()) << sql.sql();
      for (const auto& line : plan.lines)
        EXPECT_FALSE(line.contains("TEMP B-TREE")) << sql.sql() << "\n" << line;
    }
  }
  ListQuery query{.author = "ada", .tags = {"a", "b"}};
  auto plan =
      hub.must(hub.database->explain(store::list_query(query, OwnerId{1}, filter, {}, GetParam())));
  EXPECT_TRUE(plan.full_scans.empty());
}

INSTANTIATE_TEST_SUITE_P(Engines, Lists, ::testing::ValuesIn(db::testing::engines()),
                         [](const auto& info) { return db::testing::to_string(info.param); });

}  // namespace
}  // namespace cairn::repo
