#include "hub/settings/settings.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "hub/settings/acts.h"
#include "hub/settings/store.h"
#include "platform/db/testing.h"

namespace cairn::settings {
namespace {

class SettingsTest : public ::testing::TestWithParam<db::Engine> {
 protected:
  SettingsTest() : file_(GetParam()), database(file_.open(file_.options())) {
    EXPECT_TRUE(database->migrate(settings_migrations(), "test"));
  }
  Result<> change(const Texts& texts, std::string_view by = "keeper") {
    return database->write_now([&](db::Tx& tx) { return settings.change(tx, by, texts); });
  }
  Result<> pin(const Texts& texts) {
    return database->write_now([&](db::Tx& tx) { return settings.pin(tx, texts); });
  }
  std::vector<Change> record() {
    auto read = [](db::Tx& tx) -> Result<std::vector<Change>> { return changes(tx, 0, 100); };
    return *database->read_now(read);
  }

 private:
  db::testing::TestDatabase file_;

 public:
  std::unique_ptr<db::Database> database;
  Settings settings{*database};
};

INSTANTIATE_TEST_SUITE_P(Engines, SettingsTest, ::testing::ValuesIn(db::testing::engines()),
                         [](const auto& info) { return db::testing::to_string(info.param); });

TEST_P(SettingsTest, NothingChosenIsTheStandard) {
  auto values = settings.current();
  EXPECT_EQ(values->registration, Registration::closed);
  EXPECT_TRUE(values->anonymous_read);
  EXPECT_EQ(values->name, "Cairn");
  EXPECT_TRUE(values->maintenance.empty());
}

TEST_P(SettingsTest, AChangeIsInForceAtOnceAndRecorded) {
  ASSERT_TRUE(change({{"registration", "open"}, {"anonymous_read", "no"}}, "ada"));
  EXPECT_EQ(settings.current()->registration, Registration::open);
  EXPECT_FALSE(settings.current()->anonymous_read);
  auto seen = record();
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0].by, "ada");
  // The same again is no change.
  ASSERT_TRUE(change({{"registration", "open"}}, "bob"));
  EXPECT_EQ(record().size(), 2u);
}

TEST_P(SettingsTest, ActsAreKeptAndReadFromTheNewestOn) {
  auto write = [](db::Tx& tx) -> Result<> {
    for (const auto* name : {"bob", "eve", "kim"})
      record_act(tx, {.who = "ada",
                      .operation = "admin.users.disable",
                      .target = std::string("/users/") + name + "/disable",
                      .address = "10.0.0.1",
                      .request_id = "r"});
    return {};
  };
  ASSERT_TRUE(database->write_now(write));
  auto page = [&](std::int64_t before) {
    auto read = [before](db::Tx& tx) -> Result<std::vector<Act>> { return acts(tx, before, 2); };
    return *database->read_now(read);
  };
  auto first = page(0);
  ASSERT_EQ(first.size(), 2u);
  EXPECT_EQ(first[0].target, "/users/kim/disable");
  EXPECT_EQ(first[0].who, "ada");
  EXPECT_EQ(first[0].address, "10.0.0.1");
  auto rest = page(first[1].id);
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(rest[0].target, "/users/bob/disable");
}

TEST_P(SettingsTest, OneWrongValueChangesNothing) {
  auto wrong = change({{"registration", "open"}, {"accent_color", "red"}});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().word, "InvalidSetting");
  EXPECT_EQ(settings.current()->registration, Registration::closed);
  EXPECT_TRUE(record().empty());
}

TEST_P(SettingsTest, WhatIsPinnedWinsAndCannotBeChanged) {
  ASSERT_TRUE(change({{"hub_name", "Ours"}}));
  ASSERT_TRUE(pin({{"hub_name", "Theirs"}}));
  EXPECT_EQ(settings.current()->name, "Theirs");
  EXPECT_EQ(change({{"hub_name", "Mine"}}).error().word, "SettingPinned");
  // Taken out of the file, what was chosen before is in force again.
  ASSERT_TRUE(pin({}));
  EXPECT_EQ(settings.current()->name, "Ours");
}

TEST_P(SettingsTest, AnotherNodeFollows) {
  Settings other(*database);
  ASSERT_TRUE(change({{"maintenance", "Back at noon."}}));
  EXPECT_TRUE(other.current()->maintenance.empty());
  boost::asio::io_context io;
  boost::asio::co_spawn(io, other.refresh(),
                        [](std::exception_ptr, Result<> done) { EXPECT_TRUE(done); });
  io.run();
  EXPECT_EQ(other.current()->maintenance, "Back at noon.");
}

TEST_P(SettingsTest, NoStatementReadsAWholeTable) {
  for (const db::Statement* statement : store::statements()) {
    auto plan = database->explain(*statement);
    ASSERT_TRUE(plan) << statement->name << ": " << plan.error().message;
    EXPECT_TRUE(plan->full_scans.empty()) << statement->name;
  }
}

TEST(SettingsParse, EachBadValueNamesItsField) {
  const std::pair<const char*, const char*> bad[] = {{"registration", "maybe"},
                                                     {"anonymous_read", "true"},
                                                     {"token_days_max", "-1"},
                                                     {"token_days_max", "soon"},
                                                     {"logo_url", "javascript:alert(1)"},
                                                     {"logo_url", "//evil.example/x"},
                                                     {"terms_url", "https://x/\"onclick"},
                                                     {"accent_color", "#12345"},
                                                     {"allowed_email_domains", "example"},
                                                     {"announcement_ends_at", "tomorrow"},
                                                     {"announcement_level", "loud"},
                                                     {"nonsense", "1"}};
  for (const auto& [key, value] : bad) {
    auto parsed = parse({{key, value}});
    ASSERT_FALSE(parsed) << key << "=" << value;
    EXPECT_EQ(parsed.error().fields.back().second, key);
  }
}

TEST(SettingsParse, DomainsAreComparedWithoutCase) {
  auto values = parse({{"allowed_email_domains", "Example.org, @lab.example"}});
  ASSERT_TRUE(values);
  EXPECT_TRUE(values->allows_email("ada@EXAMPLE.org"));
  EXPECT_TRUE(values->allows_email("ada@lab.example"));
  EXPECT_FALSE(values->allows_email("ada@example.org.evil.example"));
  EXPECT_FALSE(values->allows_email("ada"));
}

TEST(SettingsParse, AnAnnouncementEnds) {
  auto values = parse({{"announcement", "Hi"}, {"announcement_ends_at", "2026-01-01T00:00:00Z"}});
  ASSERT_TRUE(values);
  EXPECT_TRUE(values->announces(Time{0}));
  EXPECT_FALSE(values->announces(*values->announcement_ends_at));
}

}  // namespace
}  // namespace cairn::settings
