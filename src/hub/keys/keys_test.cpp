#include "hub/keys/keys.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "hub/keys/store.h"
#include "hub/repo/testing/hub.h"

namespace cairn::keys {
namespace {

std::string key_text(char c, std::string_view comment = "") {
  std::string blob;
  for (auto text : {std::string("ssh-ed25519"), std::string(32, c)}) {
    append_u32be(blob, static_cast<std::uint32_t>(text.size()));
    blob += text;
  }
  return "ssh-ed25519 " + base64_encode(blob) + " " + std::string(comment);
}
std::string fingerprint(char c) {
  return ssh::parse_public_key(key_text(c))->fingerprint();
}

class KeysTest : public testing::TestWithParam<db::Engine> {
 protected:
  KeysTest() : hub(GetParam()) {
    repo::testing::Hub::must(hub.database->migrate(all(), "test"));
    repo = hub.create(hub.ada, "bert", {.visibility = Visibility::private_});
  }
  static std::vector<db::Migration> all() {
    auto out = account::account_migrations();
    for (auto list : {repo::testing::Hub::migrations(), keys_migrations()})
      out.insert(out.end(), list.begin(), list.end());
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return out;
  }
  Result<> may(const Holder& holder, access::Action action, const repo::RepoRef& about) {
    auto check = [&](db::Tx& tx) { return access::check(tx, holder.actor, action, *about); };
    return hub.read(check);
  }

  repo::testing::Hub hub;
  repo::RepoRef repo;
  Keys keys{*hub.database, *hub.repos, hub.keyring, hub.clock};
};
INSTANTIATE_TEST_SUITE_P(Engines, KeysTest, testing::ValuesIn(db::testing::engines()));

TEST_P(KeysTest, KeyActsAsItsPerson) {
  auto key = hub.must(hub.run(keys.add(hub.ada, {.text = key_text('a', "ada@laptop")})));
  EXPECT_EQ(key.title, "ada@laptop");
  EXPECT_FALSE(key.last_used_at);
  hub.must(hub.run(keys.recognize(fingerprint('a'), Use::offered)));
  EXPECT_FALSE(hub.must(hub.run(keys.list(hub.ada)))[0].last_used_at) << "nothing is proved yet";
  auto holder = hub.must(hub.run(keys.recognize(fingerprint('a'))));
  EXPECT_EQ(holder.label, "ada");
  EXPECT_TRUE(may(holder, access::Action::write, repo));
  auto list = hub.must(hub.run(keys.list(hub.ada)));
  ASSERT_EQ(list.size(), 1u);
  EXPECT_TRUE(list[0].last_used_at);
  EXPECT_EQ(list[0].fingerprint, fingerprint('a'));

  hub.must(hub.run(keys.remove(hub.ada, key.public_id)));
  EXPECT_EQ(hub.run(keys.recognize(fingerprint('a'))).error().code, ErrorCode::bad_credentials);
  EXPECT_EQ(hub.run(keys.remove(hub.ada, key.public_id)).error().word, "KeyNotFound");
}

TEST_P(KeysTest, KeyBelongsToOneAccountOrOneRepository) {
  hub.must(hub.run(keys.add(hub.ada, {.text = key_text('a')})));
  EXPECT_EQ(hub.run(keys.add(hub.bob, {.text = key_text('a')})).error().word, "KeyInUse");
  EXPECT_EQ(hub.run(keys.add(hub.ada, repo, {.text = key_text('a')})).error().word, "KeyInUse");
  EXPECT_EQ(hub.run(keys.add(hub.ada, {.text = "nonsense"})).error().word, "InvalidPublicKey");
  EXPECT_EQ(hub.run(keys.add(hub.ada, {std::string(300, 't'), key_text('b')})).error().word,
            "InvalidTitle");
}

TEST_P(KeysTest, OthersKeysAreNotThere) {
  auto key = hub.must(hub.run(keys.add(hub.ada, {.text = key_text('a')})));
  EXPECT_TRUE(hub.must(hub.run(keys.list(hub.bob))).empty());
  EXPECT_EQ(hub.run(keys.remove(hub.bob, key.public_id)).error().word, "KeyNotFound");
  EXPECT_EQ(hub.run(keys.list(Actor::anonymous())).error().code, ErrorCode::unauthenticated);
  auto reader = hub.ada;
  reader.token_role = account::TokenRole::read;
  EXPECT_EQ(hub.run(keys.add(reader, {.text = key_text('b')})).error().code, ErrorCode::forbidden);
}

TEST_P(KeysTest, DeployKeyOpensOneRepository) {
  auto other = hub.create(hub.ada, "other", {.visibility = Visibility::private_});
  hub.must(hub.run(keys.add(hub.ada, repo, {"reads", key_text('r')})));
  hub.must(hub.run(keys.add(hub.ada, repo, {"writes", key_text('w'), true})));
  auto reads = hub.must(hub.run(keys.recognize(fingerprint('r'))));
  auto writes = hub.must(hub.run(keys.recognize(fingerprint('w'))));
  EXPECT_EQ(reads.label, "the deploy key of ada/bert");
  EXPECT_TRUE(may(reads, access::Action::read_content, repo));
  EXPECT_FALSE(may(reads, access::Action::write, repo));
  EXPECT_TRUE(may(writes, access::Action::write, repo));
  for (const auto& holder : {reads, writes}) {
    EXPECT_FALSE(may(holder, access::Action::see, other));
    EXPECT_EQ(hub.run(keys.add(holder.actor, {.text = key_text('x')})).error().code,
              ErrorCode::forbidden);
  }
  EXPECT_TRUE(hub.must(hub.run(keys.list(hub.ada))).empty()) << "they are the repository's";
  EXPECT_EQ(hub.must(hub.run(keys.list(repo))).size(), 2u);
}

TEST_P(KeysTest, DeployKeyEndsWithItsRepository) {
  auto key = hub.must(hub.run(keys.add(hub.ada, repo, {.text = key_text('r')})));
  hub.must(hub.run(hub.repos->remove(hub.ada, repo->kind, repo->name)));
  EXPECT_FALSE(hub.run(keys.recognize(fingerprint('r'))));
  EXPECT_FALSE(hub.run(keys.add(hub.ada, repo, {.text = key_text('x')})));
  EXPECT_TRUE(hub.run(keys.add(hub.bob, {.text = key_text('r')}))) << "it is nobody's now";
}

TEST_P(KeysTest, APurgedRepositoryTakesItsDeployKeysAlong) {
  hub.must(hub.run(keys.add(hub.ada, repo, {.text = key_text('r')})));
  hub.must(hub.run(hub.repos->remove(hub.ada, repo->kind, repo->name)));
  hub.must(hub.run(hub.repos->purge(Actor::system(), repo->public_id)));
  auto find = [](db::Tx& tx) -> Result<bool> {
    return store::find(tx, fingerprint('r')).has_value();
  };
  EXPECT_FALSE(hub.must(hub.read(find)));
}

TEST_P(KeysTest, APurgedPersonTakesKeysAlong) {
  hub.must(hub.run(keys.add(hub.ada, {.text = key_text('a')})));
  hub.must(hub.run(keys.add(hub.ada, repo, {.text = key_text('r')})));
  hub.must(hub.run(keys.add(hub.bob, {.text = key_text('b')})));
  auto purge = [&](db::Tx& tx) -> Result<int> {
    keys.owner_purged(tx, owner_of(hub.ada.user));
    int left = 0;
    for (char c : {'a', 'r', 'b'}) left += store::find(tx, fingerprint(c)).has_value();
    return left;
  };
  EXPECT_EQ(hub.must(hub.write(purge)), 1) << "bob's";
}

TEST_P(KeysTest, PeopleAreToldOfNewKeys) {
  std::vector<std::string> told;
  Keys telling{*hub.database, *hub.repos, hub.keyring, hub.clock,
               [&](db::Tx&, UserId user, const std::string& subject, const std::string& text) {
                 EXPECT_EQ(user, hub.ada.user);
                 told.push_back(subject + ": " + text);
               }};
  hub.must(hub.run(telling.add(hub.ada, {.text = key_text('a')})));
  hub.must(hub.run(telling.add(hub.ada, repo, {.text = key_text('r')})));
  ASSERT_EQ(told.size(), 2u);
  EXPECT_NE(told[0].find(fingerprint('a')), told[0].npos) << told[0];
  EXPECT_NE(told[1].find(repo->name), told[1].npos) << told[1];
}

TEST_P(KeysTest, StrangersAddNoDeployKeys) {
  EXPECT_FALSE(hub.run(keys.add(hub.bob, repo, {.text = key_text('r')})));
}

TEST_P(KeysTest, TicketOfGitLfsLastsAnHour) {
  hub.must(hub.run(keys.add(hub.ada, {.text = key_text('a')})));
  auto ticket = keys.lfs_ticket(fingerprint('a'));
  EXPECT_EQ(hub.must(hub.run(keys.open_lfs_ticket(ticket))).label, "ada");
  EXPECT_FALSE(hub.run(keys.open_lfs_ticket(ticket + "x")));
  EXPECT_FALSE(hub.run(keys.open_lfs_ticket("")));
  hub.clock.advance(minutes(61));
  EXPECT_FALSE(hub.run(keys.open_lfs_ticket(ticket)));
}

TEST_P(KeysTest, ThereIsAMost) {
  for (std::size_t i = 0; i < keys_max; ++i)
    hub.must(hub.run(keys.add(hub.ada, {.text = key_text(static_cast<char>(i + 1))})));
  EXPECT_EQ(hub.run(keys.add(hub.ada, {.text = key_text('\xff')})).error().word, "TooManyKeys");
}

TEST_P(KeysTest, NoStatementReadsATableFromEndToEnd) {
  for (const auto* statement : store::statements()) {
    auto plan = hub.database->explain(*statement);
    ASSERT_TRUE(plan) << statement->name << plan.error().message;
    EXPECT_TRUE(plan->full_scans.empty()) << statement->name;
  }
}

TEST(HostKeyOfTheHub, ComesFromItsRootKey) {
  Keyring one({std::string(32, 'a')}), other({std::string(32, 'b')});
  EXPECT_EQ(host_key(one).private_text, host_key(one).private_text);
  EXPECT_NE(host_key(one).public_key.blob, host_key(other).public_key.blob);
}

}  // namespace
}  // namespace cairn::keys
