#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hub/repo/list_index.h"
#include "hub/repo/list_store.h"
#include "hub/repo/operations_store.h"
#include "hub/repo/store.h"
#include "hub/repo/testing/hub.h"

namespace cairn::repo {
namespace {

using testing::Hub;

/// By SQL alone, and through the index in memory: the answers are the same.
class Lists : public ::testing::TestWithParam<std::tuple<db::Engine, bool>> {
 protected:
  Hub hub{std::get<0>(GetParam())};
  void SetUp() override {
    if (std::get<1>(GetParam())) hub.must(hub.run(hub.repos->load_lists()));
  }

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
  auto engine = std::get<0>(GetParam());
  auto grow = [](db::Tx& tx) -> Result<> {
    for (const auto* step : {&fill_owners, &fill, &spread, &fill_tags, &fill_cards, &analyze})
      tx.run(*step);
    return {};
  };
  if (engine == db::Engine::postgres) hub.must(hub.write(grow));
  for (auto statements :
       {store::statements(), store::list_statements(), store::operation_statements()})
    for (const auto* statement : statements) {
      auto fixed = hub.must(hub.database->explain(*statement));
      EXPECT_TRUE(fixed.full_scans.empty()) << statement->name << "\n"
                                            << ::testing::PrintToString(fixed.lines);
    }
  store::ListFilter filter;
  Place after{.value = 5, .key = "ada/x", .id = RepoId{7}};
  for (auto sort :
       {Sort::created, Sort::updated, Sort::downloads, Sort::likes, Sort::trending, Sort::id}) {
    for (bool more : {false, true}) {
      ListQuery query{.sort = sort};
      auto sql =
          store::list_query(query, {}, filter, more ? std::optional(after) : std::nullopt, engine);
      auto plan = hub.must(hub.database->explain(sql));
      EXPECT_TRUE(plan.full_scans.empty()) << sql.sql();
      for (const auto& line : plan.lines)
        EXPECT_FALSE(line.contains("TEMP B-TREE")) << sql.sql() << "\n" << line;
    }
  }
  ListQuery query{.author = "ada", .tags = {"a", "b"}};
  auto plan =
      hub.must(hub.database->explain(store::list_query(query, OwnerId{1}, filter, {}, engine)));
  EXPECT_TRUE(plan.full_scans.empty());
}

INSTANTIATE_TEST_SUITE_P(Engines, Lists,
                         ::testing::Combine(::testing::ValuesIn(db::testing::engines()),
                                            ::testing::Bool()),
                         [](const auto& info) {
                           return std::string(db::testing::to_string(std::get<0>(info.param))) +
                                  (std::get<1>(info.param) ? "Index" : "Sql");
                         });

TEST_P(Lists, FollowEveryChangeAtOnce) {
  auto repo = hub.create(hub.ada, "first", {.license = "mit"});
  auto find = [&](const Actor& actor, ListQuery query) { return names(actor, query); };
  EXPECT_EQ(find(hub.bob, {.search = {"first"}}), Names{"ada/first"});
  hub.put(repo, "README.md", "---\ntags: [fresh]\n---\n");
  EXPECT_EQ(find(hub.bob, {.tags = {"fresh"}}), Names{"ada/first"});
  EXPECT_EQ(find(hub.bob, {.tags = {"license:mit"}}), Names{});
  hub.must(hub.run(hub.repos->change_settings(hub.ada, RepoKind::model, "ada/first",
                                              {.visibility = Visibility::private_})));
  EXPECT_EQ(find(hub.bob, {.tags = {"fresh"}}), Names{});
  EXPECT_EQ(find(hub.ada, {.tags = {"fresh"}}), Names{"ada/first"});
  hub.must(hub.run(hub.repos->move(hub.ada, RepoKind::model, "ada/first", "ada/second")));
  EXPECT_EQ(find(hub.ada, {.search = {"first"}}), Names{});
  EXPECT_EQ(find(hub.ada, {.search = {"second"}}), Names{"ada/second"});
  auto gone = hub.must(hub.run(hub.repos->remove(hub.ada, RepoKind::model, "ada/second")));
  EXPECT_EQ(find(hub.ada, {}), Names{});
  hub.must(hub.run(hub.repos->restore(hub.ada, gone.public_id, {})));
  EXPECT_EQ(find(hub.ada, {}), Names{"ada/second"});

  auto rename = [&](db::Tx& tx) -> Result<> {
    CAIRN_CHECK(hub.accounts->rename_owner(tx, owner_of(hub.ada.user), "grace"));
    hub.repos->owner_changed(tx, owner_of(hub.ada.user));
    return {};
  };
  hub.must(hub.write(rename));
  EXPECT_EQ(find(hub.ada, {.search = {"grace/"}}), Names{"grace/second"});
  EXPECT_EQ(find(hub.ada, {.author = "grace"}), Names{"grace/second"});
  auto leave = [&](db::Tx& tx) -> Result<> {
    hub.repos->owner_changed(tx, owner_of(hub.ada.user));
    return hub.accounts->delete_owner(tx, owner_of(hub.ada.user), std::nullopt);
  };
  hub.must(hub.write(leave));
  EXPECT_EQ(find(Actor::system(), {}), Names{});
}

TEST_P(Lists, OfManyChangesAreExactWhetherOrNotTheyWereReadBefore) {
  Names all;
  for (int n = 0; n < 300; ++n) {  // More than a list reads on its way.
    auto name = "m" + std::to_string(1000 + n);
    hub.create(hub.ada, name);
    all.push_back("ada/" + name);
  }
  ListQuery query{.sort = Sort::id, .ascending = true, .limit = 1000};
  EXPECT_EQ(names(hub.bob, query), all);
  hub.must(hub.run(hub.repos->refresh_lists()));
  EXPECT_EQ(names(hub.bob, query), all);
  hub.must(hub.run(hub.repos->remove(hub.ada, RepoKind::model, all.front())));
  all.erase(all.begin());
  EXPECT_EQ(names(hub.bob, query), all);
}

TEST_P(Lists, SortByWhatIsCounted) {
  auto one = hub.create(hub.ada, "one"), two = hub.create(hub.ada, "two"),
       three = hub.create(hub.ada, "three");
  auto like = [&](const RepoRef& repo, int count) {
    auto add = [&](db::Tx& tx) -> Result<> {
      hub.repos->add_likes(tx, *repo, count);
      return {};
    };
    hub.must(hub.write(add));
  };
  for (int n = 0; n < 3; ++n)
    hub.repos->count_download(*two, "config.json", false, std::to_string(n));
  hub.repos->count_download(*three, "config.json", false, "x");
  hub.repos->count_download(*one, "README.md", false, "x");
  hub.must(hub.run(hub.repos->flush_counters()));
  like(one, 1), like(one, 1), like(three, 1), like(three, 1), like(three, 1), like(three, -1);
  like(three, 1);
  auto by = [&](Sort sort) { return names(hub.bob, {.sort = sort, .limit = 2}); };
  EXPECT_EQ(by(Sort::downloads), (Names{"ada/two", "ada/three", "ada/one"}));
  EXPECT_EQ(by(Sort::likes), (Names{"ada/three", "ada/one", "ada/two"}));
  EXPECT_EQ(by(Sort::likes_30d), (Names{"ada/three", "ada/one", "ada/two"}));
  hub.must(hub.run(hub.repos->roll_figures()));
  EXPECT_EQ(by(Sort::trending), (Names{"ada/three", "ada/one", "ada/two"}));
  EXPECT_EQ(hub.again(two)->downloads, 3);
  EXPECT_EQ(hub.again(two)->downloads_all_time, 3);
  EXPECT_EQ(hub.again(three)->likes, 3);
  EXPECT_GT(hub.again(two)->trending_score, 0);
  EXPECT_EQ(hub.must(hub.run(hub.repos->roll_figures())), 0) << "nothing moves twice";
  if (std::get<0>(GetParam()) != db::Engine::sqlite) return;  // Its clock can be moved.
  hub.clock.advance(days(count::window_days));
  EXPECT_EQ(hub.must(hub.run(hub.repos->roll_figures())), 3);
  EXPECT_EQ(hub.again(two)->downloads, 0);
  EXPECT_EQ(hub.again(two)->downloads_all_time, 3);
  EXPECT_EQ(hub.again(three)->likes, 3) << "likes are kept; those of 30 days are not";
  EXPECT_EQ(hub.again(three)->trending_score, 0);
  EXPECT_EQ(by(Sort::likes), (Names{"ada/three", "ada/one", "ada/two"}));
  EXPECT_EQ(by(Sort::downloads), (Names{"ada/three", "ada/two", "ada/one"}));
}

TEST_P(Lists, FacetsCountWhatTheViewerMaySee) {
  auto make = [&](const Actor& actor, std::string name, Visibility visibility, std::string card) {
    auto repo = hub.create(actor, name, {.visibility = visibility});
    hub.must(hub.commit(actor, repo, Hub::header("card") + Hub::file("README.md", card)));
  };
  make(hub.ada, "a", Visibility::public_, "---\nlicense: mit\nlanguage: en\n---\n");
  make(hub.ada, "b", Visibility::private_, "---\nlicense: mit\nlanguage: fr\n---\n");
  make(hub.bob, "c", Visibility::public_, "---\nlicense: apache-2.0\nlanguage: [en, fr]\n---\n");
  using Counts = std::map<std::string, std::int64_t>;
  auto facets = [&](const Actor& actor, ListQuery query, std::vector<std::string> types) {
    auto found = hub.must(hub.run(hub.repos->facets(actor, query, {.types = types})));
    Counts out{{"total", found.total}};
    for (const auto& facet : found.by_type)
      for (const auto& tag : facet.tags) out[tag.tag] = tag.count;
    return out;
  };
  EXPECT_EQ(
      facets(hub.bob, {}, {"license", "language"}),
      (Counts{{"total", 2}, {"license:mit", 1}, {"license:apache-2.0", 1}, {"en", 2}, {"fr", 1}}));
  EXPECT_EQ(facets(hub.ada, {.tags = {"license:mit"}}, {"language"}),
            (Counts{{"total", 2}, {"en", 1}, {"fr", 1}}));
  EXPECT_EQ(facets(Actor::anonymous(), {.tags = {"license:mit", "fr"}}, {}),
            (Counts{{"total", 0}}));
  EXPECT_EQ(facets(hub.bob, {.author = "nobody"}, {}), (Counts{{"total", 0}}));
}

TEST_P(Lists, SuggestTheNameItselfBeforeNamesThatHoldIt) {
  for (const auto* name : {"my-bert", "bert-large", "bert", "gpt"}) hub.create(hub.ada, name);
  hub.create(hub.ada, "bert-secret", {.visibility = Visibility::private_});
  auto suggest = [&](const Actor& actor, int limit) {
    auto found = hub.must(hub.run(hub.repos->suggest(actor, {.search = {"BERT"}, .limit = limit})));
    Names out{std::to_string(found.total)};
    for (const auto& info : found.repos) out.push_back(info.repo->short_name);
    return out;
  };
  EXPECT_EQ(suggest(hub.bob, 5), (Names{"3", "bert", "bert-large", "my-bert"}));
  EXPECT_EQ(suggest(hub.bob, 1), (Names{"3", "bert"}));
  EXPECT_EQ(suggest(hub.ada, 5), (Names{"4", "bert", "bert-secret", "bert-large", "my-bert"}));
}

constexpr db::Statement from_the_future{
    "test.future", "SELECT 1",
    "UPDATE repo_changes SET xid = '9000000000000000000' WHERE repo_id = $1"};
constexpr db::Statement count_changes{"test.changes", "SELECT 1",
                                      "SELECT COUNT(*) FROM repo_changes WHERE repo_id = $1"};

TEST(ListsOfARestoredBackup, ForgetTransactionsOfTheFuture) {
  for (auto engine : db::testing::engines()) {
    if (engine != db::Engine::postgres) continue;  // SQLite keeps no such record.
    Hub hub{engine};
    auto repo = hub.create(hub.ada, "bert");
    auto change = [&](db::Tx& tx) -> Result<> {
      EXPECT_EQ(tx.run(from_the_future, repo->id), 1);
      return {};
    };
    hub.must(hub.write(change));
    hub.must(hub.run(hub.repos->load_lists()));
    auto left = [&](db::Tx& tx) -> Result<std::int64_t> {
      return tx.one(count_changes, repo->id)->integer(0);
    };
    EXPECT_EQ(hub.must(hub.read(left)), 0);
    EXPECT_EQ(hub.must(hub.run(hub.repos->list(hub.bob, {}))).repos.size(), 1u);
  }
}

/// Any query, on any data: what the index selects is what SQL selects.
class IndexAndSql : public ::testing::TestWithParam<db::Engine> {};
INSTANTIATE_TEST_SUITE_P(Engines, IndexAndSql, ::testing::ValuesIn(db::testing::engines()),
                         [](const auto& info) { return db::testing::to_string(info.param); });

constexpr db::Statement disturb{
    "test.disturb",
    "UPDATE repos SET downloads = $1, likes = $2, likes_30d = $3, trending_score = $4, "
    "gating = $5, visibility = $6 WHERE id = $7"};
constexpr db::Statement set_parameters{"test.parameters",
                                       "UPDATE cards SET parameters = $1 WHERE repo_id = $2"};

TEST_P(IndexAndSql, SelectTheSamePlaces) {
  Hub hub{GetParam()};
  std::mt19937 random{7};
  auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  const char* tags[] = {"a", "b", "en", "license:mit", "gguf"};
  for (int n = 0; n < 60; ++n) {
    std::string card = "---\ntags: [x";
    for (const auto* tag : tags)
      if (below(3) == 0) card += ", \"" + std::string(tag) + "\"";
    auto repo = hub.create(below(2) ? hub.ada : hub.bob,
                           "m" + std::to_string(below(50)) + "-" + std::to_string(n),
                           {.files = {{"README.md", card + "]\n---\n"}}});
    auto change = [&](db::Tx& tx) -> Result<> {
      tx.run(disturb, below(4), below(3), below(3), below(5), below(2), below(2), repo->id);
      if (below(3)) tx.run(set_parameters, below(5), repo->id);
      return {};
    };
    hub.must(hub.write(change));
    hub.clock.advance(seconds(below(2)));
  }
  auto compare = [&](db::Tx& tx) -> Result<int> {
    ListIndex index;
    auto rows = store::index_page(tx, RepoId{0}, 1000);
    std::vector<RepoId> ids;
    for (const auto& row : rows) ids.push_back(row.id);
    index.replace(ids, std::move(rows), 1);
    int places = 0;
    for (int turn = 0; turn < 400; ++turn) {
      ListQuery query{
          .sort = static_cast<Sort>(below(8)), .ascending = below(2) == 1, .limit = 1 + below(20)};
      for (const auto* tag : tags) {
        if (below(6) == 0) query.tags.emplace_back(tag);
        if (below(8) == 0) query.any_tags.emplace_back(tag);
      }
      if (below(3) == 0) query.search.push_back(below(2) ? "M1" : "a/m");
      if (below(4) == 0) query.search.push_back("-" + std::to_string(below(9)));
      if (below(4) == 0) query.gated = below(2) == 1;
      if (below(4) == 0) query.parameters_min = below(4);
      if (below(4) == 0) query.parameters_max = below(5);
      std::optional<OwnerId> author;
      if (below(4) == 0) author = owner_of(hub.ada.user);
      store::ListFilter filter;
      Viewer viewer;
      if (below(3)) {
        filter.owners = "[" + std::to_string(hub.bob.user.value) + "]";
        viewer.owners = {hub.bob.user.value};
      }
      if (below(3) == 0) {
        filter.repos = "[" + std::to_string(ids[0].value) + "]";
        viewer.repos = {ids[0].value};
      }
      if (below(8) == 0) filter.everything = viewer.everything = true;
      std::optional<Place> after;
      for (int page = 0; page < 3; ++page) {
        auto by_sql = store::list(tx, query, author, filter, after);
        auto by_index = index.select(query, author, viewer, after);
        EXPECT_EQ(by_sql.size(), by_index.size());
        if (by_sql.size() != by_index.size()) return places;
        for (std::size_t i = 0; i < by_sql.size(); ++i) {
          EXPECT_EQ(by_sql[i].id, by_index[i].id);
          EXPECT_EQ(by_sql[i].value, by_index[i].value);
          EXPECT_EQ(by_sql[i].key, by_index[i].key);
        }
        places += static_cast<int>(by_sql.size());
        if (by_sql.size() < 2) break;
        after = by_sql[by_sql.size() - 2];
      }
    }
    return places;
  };
  EXPECT_GT(hub.must(hub.read(compare)), 1000);
}

TEST(ListIndex, TakesBackEverythingOfARepositoryThatGoes) {
  ListIndex index;
  auto row = [](std::int64_t id, std::vector<std::string> tags, std::string key) {
    return IndexRow{
        .id = RepoId{id}, .owner = OwnerId{9}, .key = std::move(key), .tags = std::move(tags)};
  };
  RepoId one{1}, two{2};
  index.replace(std::vector{one, two}, {row(1, {"a", "b"}, "ada/one"), row(2, {"b"}, "ada/two")},
                1);
  auto count = [&](ListQuery query) { return index.select(query, {}, {}, {}).size(); };
  EXPECT_EQ(count({.tags = {"b"}}), 2u);
  index.replace(std::vector{one}, {}, 2);
  EXPECT_EQ(count({.tags = {"b"}}), 1u);
  EXPECT_EQ(count({.tags = {"a"}}), 0u);
  EXPECT_EQ(count({.search = {"one"}}), 0u);
  EXPECT_EQ(index.size(), 1u);
  // What was read before the removal comes late.
  EXPECT_EQ(index.replace(std::vector{one}, {row(1, {"a"}, "ada/one")}, 1), std::vector{one});
  EXPECT_EQ(index.size(), 1u);
  EXPECT_TRUE(index.replace(std::vector{one}, {row(1, {"c"}, "ada/new")}, 3).empty());
  EXPECT_EQ(count({.tags = {"c"}}), 1u);
  EXPECT_EQ(index.facets({}, {}, {}, {}, 10).total, 2);
}

TEST(ListIndex, KeepsWhatItemsShowInTheCardsOrder) {
  ListIndex index;
  RepoId one{1};
  IndexRow row{.id = one, .owner = OwnerId{9}, .key = "ada/one"};
  row.tags = {"z", "pytorch", "a"};
  row.hidden = {"uses:any"};
  row.library_name = "pytorch";
  row.pipeline_tag = "fill-mask";  // No tag: cards may hold more than tags_max.
  for (std::uint64_t mark : {1, 2}) {
    index.replace(std::vector{one}, {row}, mark);
    auto cards = index.cards(RepoKind::model, std::vector{one});
    ASSERT_EQ(cards.size(), 1u);
    EXPECT_EQ(cards[0].tags, row.tags);
    EXPECT_EQ(cards[0].library_name, "pytorch");
    EXPECT_EQ(cards[0].pipeline_tag, "fill-mask");
    EXPECT_EQ(cards[0].sdk, "");
    EXPECT_EQ(index.select({.tags = {"uses:any"}}, {}, {}, {}).size(), 1u);
    row.tags = {"a", "pytorch"};
  }
  EXPECT_EQ(index.select({.tags = {"z"}}, {}, {}, {}).size(), 0u);
  EXPECT_TRUE(index.cards(RepoKind::model, std::vector{one, RepoId{2}}).empty());
}

TEST(ListTags, AreToldApartByPrefixAndByWellKnownWords) {
  auto type = [](std::string_view tag, RepoKind kind = RepoKind::model) {
    return to_string(tag_type(kind, tag));
  };
  EXPECT_EQ(type("text-generation"), "pipeline_tag");
  EXPECT_EQ(type("pytorch"), "library");
  EXPECT_EQ(type("en"), "language");
  EXPECT_EQ(type("en", RepoKind::dataset), "other");
  EXPECT_EQ(type("language:en", RepoKind::dataset), "language");
  EXPECT_EQ(type("license:mit"), "license");
  EXPECT_EQ(type("base_model:finetune:a/b"), "base_model");
  EXPECT_EQ(type("gradio", RepoKind::space), "sdk");
  EXPECT_EQ(type("uses:any", RepoKind::space), "hidden");
  EXPECT_EQ(type("whatever"), "other");
  EXPECT_EQ(tag_label(RepoKind::model, "en"), "English");
  EXPECT_EQ(tag_label(RepoKind::dataset, "language:zu"), "Zulu");
  EXPECT_EQ(tag_label(RepoKind::model, "fill-mask"), "Fill-Mask");
  EXPECT_EQ(tag_label(RepoKind::model, "license:mit"), "mit");
  EXPECT_EQ(tag_label(RepoKind::model, "tf"), "TensorFlow");
}

}  // namespace
}  // namespace cairn::repo
