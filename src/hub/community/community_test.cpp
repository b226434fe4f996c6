#include "hub/community/community.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gtest/gtest.h>

#include "hub/access/store.h"
#include "hub/community/merge.h"
#include "hub/community/people_store.h"
#include "hub/community/store.h"
#include "hub/repo/testing/hub.h"
#include "hub/work/worker.h"

namespace cairn::community {
namespace {

/// A hub with this module on top.
class Hub : public repo::testing::Hub {
 public:
  explicit Hub(db::Engine engine) : repo::testing::Hub(engine, {}, community_migrations()) {
    commits = std::make_unique<repo::Commits>(*database, *history, *repos, *files, blocking, clock,
                                              &rows);
    community = std::make_unique<Community>(*database, *history, *repos, *commits, blocking,
                                            keyring, mail, settings, "http://hub.example");
    carol = as(user("carol"));
  }
  /// A pull request of bob's for main. @return its number.
  std::int64_t propose(const RepoRef& repo, std::string body) {
    repo::CommitBody parser(repo::CommitBody::Format::ndjson, commits->stage());
    must(parser.feed(body));
    auto request = must(parser.finish());
    auto made = must(run(commits->commit(bob, repo, "main", std::move(request), true)));
    return *made.pull_request;
  }
  DiscussionDetails details(const RepoRef& repo, std::int64_t number) {
    return must(run(community->discussions.details(ada, repo, number)));
  }

  /// A repository that people ask for; "desk@hub.example" hears of it.
  RepoRef gated() {
    auto repo = create(ada, "m");
    repo::SettingsChange change{.gating = Gating::manual,
                                .gated_notifications_email = "desk@hub.example"};
    must(run(repos->change_settings(ada, RepoKind::model, repo->name, change)));
    return repo;
  }
  /// How much background work of a kind there is.
  std::size_t waiting(std::string_view kind) {
    auto list = [&](db::Tx& tx) -> Result<std::vector<work::Listed>> {
      return work::list_work(tx, {.kind = std::string(kind)});
    };
    return must(read(list)).size();
  }
  void send_digests() {
    boost::asio::io_context io;
    work::Worker worker(io.get_executor(), *database, {});
    worker.handle(std::string(AccessMail::work_kind), [this](work::WorkItem item) {
      return community->access_mail.send_digest(std::move(item));
    });
    boost::asio::co_spawn(io, worker.run_due(), boost::asio::detached);
    io.run();
  }

  PullRequestRows rows;
  settings::Settings settings{*database};
  mail::Mail mail{blocking,
                  clock,
                  keyring,
                  {.server = smtp::Server{"smtp://127.0.0.1:1"}, .from = "hub@example.org"}};
  std::unique_ptr<Community> community;
  Actor carol;
};

class CommunityOnEachEngine : public ::testing::TestWithParam<db::Engine> {
 protected:
  Hub hub{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Engines, CommunityOnEachEngine,
                         ::testing::ValuesIn(db::testing::engines()),
                         [](const auto& info) { return db::testing::to_string(info.param); });

TEST_P(CommunityOnEachEngine, APullRequestIsOpenedPushedToAndMerged) {
  auto repo = hub.create(hub.ada, "m");
  auto number = hub.propose(repo, Hub::header("Add b") + Hub::file("b", "1"));
  EXPECT_EQ(number, 1);
  EXPECT_EQ(hub.listing(repo, "refs/pr/1"), (std::vector<std::string>{".gitattributes", "b"}));
  EXPECT_EQ(hub.listing(repo), std::vector<std::string>{".gitattributes"});
  hub.must(hub.commit(hub.bob, repo, Hub::header("More") + Hub::file("b", "2"), "refs/pr/1"));
  auto refused = hub.commit(hub.carol, repo, Hub::header("No") + Hub::file("c", "3"), "refs/pr/1");
  EXPECT_EQ(refused.error().word, "Forbidden");
  hub.must(hub.run(hub.community->discussions.merge(hub.ada, repo, 1, "")));
  EXPECT_EQ(hub.text(repo, "b"), "2");
  auto merged = hub.details(repo, 1).discussion;
  EXPECT_EQ(merged.status, Status::merged);
  EXPECT_EQ(merged.merge_commit, hub.again(repo)->sha);
}

TEST_P(CommunityOnEachEngine, AMergeThatLosesTheRaceIsPlannedAnew) {
  auto repo = hub.create(hub.ada, "m");
  hub.put(repo, "a", "1");
  hub.propose(repo, Hub::header("Add b") + Hub::file("b", "1"));
  // As if main moved between planning and committing: a stale head is refused as such.
  auto head = git::Oid{};
  repo::Merge stale{
      .branch = "refs/heads/main", .head = head, .message = {"t", ""}, .ops = {}, .within = {}};
  stale.ops.emplace_back(repo::Delete{*git::parse_path("a")});
  auto refused = hub.run(hub.commits->merge(hub.ada, repo, std::move(stale)));
  EXPECT_EQ(refused.error().word, "StaleParent");
  hub.must(hub.run(hub.community->discussions.merge(hub.ada, repo, 1, "")));
  EXPECT_EQ(hub.listing(repo), (std::vector<std::string>{".gitattributes", "a", "b"}));
}

TEST_P(CommunityOnEachEngine, WhatIsRefusedInTheTransactionOpensNothing) {
  auto repo = hub.create(hub.ada, "m");
  auto digest = hub.upload(repo, "bytes");
  hub.propose(repo, Hub::header("Large") + Hub::large("w", digest));
  repo::CommitBody parser(repo::CommitBody::Format::ndjson, hub.commits->stage());
  hub.must(parser.feed(Hub::header("Missing") + Hub::large("w", sha256("other"))));
  auto request = hub.must(parser.finish());
  auto refused = hub.run(hub.commits->commit(hub.bob, repo, "main", std::move(request), true));
  EXPECT_EQ(refused.error().word, "LfsObjectNotFound");
  auto page = hub.must(hub.run(hub.community->discussions.list(repo, {})));
  EXPECT_EQ(page.count, 1);
}

TEST_P(CommunityOnEachEngine, TheNearestCommonCommitIsFound) {
  auto repo = hub.create(hub.ada, "m");
  auto base = hub.put(repo, "a", "1");
  hub.propose(repo, Hub::header("Side") + Hub::file("b", "1"));
  auto main = hub.put(repo, "c", "1");
  auto find = [&](db::Tx& tx) -> Result<git::Oid> {
    auto side = hub.history->find_ref(tx, repo->id, "refs/pr/1");
    auto commit = hub.history->find_commit(tx, repo->id, side->commit);
    return merge_base(tx, *hub.history, repo->id, *commit, *main)->oid;
  };
  EXPECT_EQ(hub.must(hub.read(find)), base->oid);
}

TEST_P(CommunityOnEachEngine, PurgingARepositoryTakesAllOfItAlong) {
  auto repo = hub.create(hub.ada, "m");
  hub.propose(repo, Hub::header("Add") + Hub::file("b", "1"));
  hub.must(hub.run(hub.community->likes.like(hub.bob, repo)));
  auto made = hub.must(hub.run(hub.community->discussions.comment(hub.bob, repo, 1, "one")));
  hub.must(hub.run(hub.community->discussions.edit_comment(hub.bob, repo, 1, made.id, "two")));
  hub.must(hub.run(hub.repos->remove(hub.ada, repo->kind, repo->name)));
  hub.must(hub.run(hub.repos->purge(Actor::system(), repo->public_id)));
  auto look = [&](db::Tx& tx) -> Result<> {
    EXPECT_FALSE(store::find(tx, repo->id, 1));
    EXPECT_FALSE(store::likes(tx, repo->id, hub.bob.user));
    return {};
  };
  hub.must(hub.read(look));
}

TEST_P(CommunityOnEachEngine, APurgeGoesInSteps) {
  auto repo = hub.create(hub.ada, "m");
  auto fill = [&](db::Tx& tx) -> Result<> {
    for (int i = 0; i < 7; ++i) {
      auto made = store::insert(tx, {repo->id, hub.bob.user, "Talk", Status::open, {}});
      (void)store::add_event(tx, made.row, EventKind::comment, hub.bob.user, "text", {});
    }
    (void)store::like(tx, repo->id, hub.bob.user);
    return {};
  };
  hub.must(hub.write(fill));
  auto step = [&](db::Tx& tx) -> Result<int> { return store::forget_repo(tx, repo->id, 4); };
  std::vector<int> steps;
  do {
    steps.push_back(hub.must(hub.write(step)));
  } while (steps.back() == 4);
  EXPECT_EQ(steps, (std::vector<int>{4, 4, 4, 3}));  // 7 comments, 7 discussions, 1 like.
}

TEST_P(CommunityOnEachEngine, LikesAreCountedOnce) {
  auto repo = hub.create(hub.ada, "m");
  for (int i = 0; i < 2; ++i) hub.must(hub.run(hub.community->likes.like(hub.bob, repo)));
  hub.must(hub.run(hub.community->likes.like(hub.carol, repo)));
  EXPECT_EQ(hub.again(repo)->likes, 2);
  for (int i = 0; i < 2; ++i) hub.must(hub.run(hub.community->likes.unlike(hub.bob, repo)));
  EXPECT_EQ(hub.again(repo)->likes, 1);
}

TEST_P(CommunityOnEachEngine, OneWithoutTheRightToWriteOpensSoMany) {
  auto repo = hub.create(hub.ada, "m");
  auto fill = [&](db::Tx& tx) -> Result<> {
    for (auto i = open_per_author_max; i > 0; --i)
      (void)store::insert(tx, {repo->id, hub.bob.user, "Spam", Status::open, {}});
    return {};
  };
  hub.must(hub.write(fill));
  auto refused = hub.run(hub.community->discussions.create(hub.bob, repo, {"More", "text", false}));
  EXPECT_EQ(refused.error().word, "TooManyDiscussions");
  hub.must(hub.run(hub.community->discussions.create(hub.carol, repo, {"Mine", "text", false})));
  hub.must(hub.run(hub.community->discussions.set_open(hub.bob, repo, 1, false, "")));
  hub.must(hub.run(hub.community->discussions.create(hub.bob, repo, {"More", "text", false})));
}

TEST(AccessMailOfADay, RequestsOfADayAreOneMail) {
  Hub hub(db::Engine::sqlite);  // Whose clock stands still.
  auto repo = hub.gated();
  hub.must(hub.run(hub.community->requests.ask(hub.bob, repo, {})));
  hub.clock.advance(hours(3));
  hub.must(hub.run(hub.community->requests.ask(hub.carol, repo, {})));
  EXPECT_EQ(hub.waiting(AccessMail::work_kind), 1);
  hub.send_digests();
  EXPECT_EQ(hub.waiting(mail::Mail::work_kind), 0) << "not before a day is over";
  hub.clock.advance(hours(22));
  hub.send_digests();
  EXPECT_EQ(hub.waiting(mail::Mail::work_kind), 1);
  EXPECT_EQ(hub.waiting(AccessMail::work_kind), 0);
}

TEST(AccessMailOfADay, WhatWasDecidedMeanwhileIsNotMailed) {
  Hub hub(db::Engine::sqlite);  // Whose clock stands still.
  auto repo = hub.gated();
  hub.must(hub.run(hub.community->requests.ask(hub.bob, repo, {})));
  hub.must(hub.run(
      hub.community->requests.decide(hub.ada, repo, {{.name = "bob"}, GrantState::accepted, {}})));
  hub.clock.advance(days(2));
  hub.send_digests();
  EXPECT_EQ(hub.waiting(mail::Mail::work_kind), 0);
}

/// As on a hub in use: PostgreSQL plans by how many rows there are, and reads what is empty whole.
void fill(Hub& hub) {
  for (int i = 0; i < 40; ++i) hub.user("person-" + std::to_string(i));
  const db::Statement rows[] = {
      {"test.repos", "", R"sql(
  INSERT INTO repos (public_id, kind, owner_id, name, name_key, full_key, visibility, gating,
                     default_branch, sha, created_at, updated_at)
  SELECT 'filler' || id || '-' || n, n % 3, id, 'r' || n, 'r' || n, id || '/r' || n, n % 2, n % 2,
         'main', '', n, n
  FROM owners, generate_series(1, 60) n)sql"},
      {"test.likes", "", R"sql(
  INSERT INTO likes (repo_id, user_id, created_at)
  SELECT r.id, o.id, r.id FROM repos r JOIN owners o ON (r.id + o.id) % 8 = 0)sql"},
      {"test.grants", "", R"sql(
  INSERT INTO access_grants (repo_id, user_id, public_id, state, requested_at)
  SELECT r.id, o.id, 'filler' || r.id || '-' || o.id, o.id % 2, r.id
  FROM repos r JOIN owners o ON (r.id + o.id) % 8 = 0)sql"},
      {"test.discussions", "", R"sql(
  INSERT INTO discussions (public_id, repo_id, number, author_id, title, title_key, status,
                           is_pull_request, created_at, updated_at)
  SELECT 'filler' || r.id || '-' || o.id, r.id, o.id, o.id, 't', 't', 0, 0, 1, 1
  FROM repos r JOIN owners o ON (r.id + o.id) % 8 = 0)sql"},
      {"test.analyze", "", "ANALYZE repos, likes, access_grants, discussions, owners"}};
  auto insert = [&](db::Tx& tx) -> Result<bool> {
    for (const auto& statement : rows) tx.run(statement);
    return true;
  };
  hub.must(hub.database->write_now(insert));
}

TEST_P(CommunityOnEachEngine, NoStatementReadsAWholeTable) {
  if (GetParam() == db::Engine::postgres) fill(hub);
  auto without_lists = [](db::Plan plan) {
    std::erase_if(plan.full_scans, [](const auto& table) {
      return table.contains("json");  // The list of owners, a parameter.
    });
    return plan;
  };
  for (auto statements :
       {store::statements(), store::people_statements(), access::store::statements()})
    for (const auto* statement : statements) {
      auto plan = without_lists(hub.must(hub.database->explain(*statement)));
      EXPECT_TRUE(plan.full_scans.empty()) << statement->name << "\n"
                                           << ::testing::PrintToString(plan.lines);
    }
  DiscussionQuery query{.pull_requests = true, .closed = true, .author = "bob", .search = "x"};
  access::RequestPlace place{Time{5}, UserId{7}};
  store::OpenRequest open{Time{5}, RepoId{3}, UserId{7}};
  for (const auto& sql :
       {store::list_query(RepoId{1}, query, UserId{2}, false),
        store::list_query(RepoId{1}, {}, {}, true), store::list_query(RepoId{1}, {}, {}, false),
        access::store::list_query(RepoId{1}, access::GrantState::pending, place, 10),
        access::store::list_query(RepoId{1}, {}, {}, 10),
        store::open_requests_query("[1,2]", open, 10, GetParam()),
        store::members_query(OrgId{1}, "x", "y", 10)}) {
    auto plan = without_lists(hub.must(hub.database->explain(sql)));
    EXPECT_TRUE(plan.full_scans.empty()) << sql.sql() << ::testing::PrintToString(plan.lines);
  }
}

// ---- Forms -------------------------------------------------------------------------------------

json::value parsed(std::string_view text) {
  return *parse_json(text);
}

TEST(GateForm, KeepsOrderAndKnowsBothWaysToWriteAField) {
  auto form = gate_form(parsed(R"({"extra_gated_prompt": "Read", "extra_gated_fields": {
    "B": "text", "A": {"type": "select", "options": ["x", {"label": "Y", "value": "y"}, {"label": "Z"}]},
    "C": "no such type", "D": 7}})"));
  EXPECT_EQ(form.prompt, "Read");
  ASSERT_EQ(form.fields.size(), 4u);
  EXPECT_EQ(form.fields[0].label, "B");
  EXPECT_EQ(form.fields[1].options, (std::vector<std::string>{"x", "y", "Z"}));
  EXPECT_EQ(form.fields[2].type, FieldType::text);
  EXPECT_EQ(form.fields[3].type, FieldType::text);
}

TEST(GateForm, ACardWithoutOneAsksNothing) {
  for (const auto* card : {"null", "7", "{}", R"({"extra_gated_fields": ["a"]})"}) {
    auto form = gate_form(parsed(card));
    EXPECT_TRUE(form.fields.empty()) << card;
    EXPECT_TRUE(check_answers(form, {{"a", "b"}})->empty()) << card;
  }
}

TEST(GateForm, HoldsAnswersToTheirTypes) {
  auto form =
      gate_form(parsed(R"({"extra_gated_fields": {"When": "date_picker", "Yes": "checkbox"}})"));
  EXPECT_TRUE(check_answers(form, {{"When", "2020-02-29"}, {"Yes", "on"}}));
  for (const char* date : {"2020-13-01", "2020-1-1", "x", "2020-02-32", "20200229xx"})
    EXPECT_FALSE(check_answers(form, {{"When", date}, {"Yes", true}})) << date;
  EXPECT_FALSE(check_answers(form, {{"When", "2020-02-29"}, {"Yes", "no"}}));
  EXPECT_FALSE(check_answers(form, {{"When", "2020-02-29"}}));
}

}  // namespace
}  // namespace cairn::community
