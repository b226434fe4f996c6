#include "hub/keys/gnupg.h"

#include <gtest/gtest.h>

#include "hub/keys/gpg_keys.h"
#include "hub/keys/store.h"
#include "hub/repo/testing/hub.h"

namespace cairn::keys {
namespace {

std::string status(std::initializer_list<std::string_view> lines) {
  std::string out;
  for (auto line : lines) out += "[GNUPG:] " + std::string(line) + "\n";
  return out;
}

constexpr std::string_view valid =
    "VALIDSIG SUBKEY 2026-01-01 1767225600 0 4 0 22 8 00 PRIMARYFINGERPRINT";

TEST(GpgvStatus, AGoodSignatureNamesItsPrimaryKey) {
  auto got = read_gpgv_status(status({"NEWSIG", "GOODSIG KEY Ada <ada@hub.example>", valid}));
  EXPECT_EQ(got.verdict, Verdict::good);
  EXPECT_EQ(got.fingerprint, "PRIMARYFINGERPRINT");
}

TEST(GpgvStatus, NothingElseIsGood) {
  struct Case {
    std::string text;
    Verdict verdict;
  };
  for (const auto& [text, verdict] : std::vector<Case>{
           {"", Verdict::bad},
           {"GOODSIG without the prefix\n", Verdict::bad},
           {status({"NEWSIG", "BADSIG KEY Ada"}), Verdict::bad},
           {status({"NEWSIG", "GOODSIG KEY Ada"}), Verdict::bad},
           {status({"NEWSIG", valid}), Verdict::bad},
           {status({"NEWSIG", "ERRSIG KEY 22 8 00 1 9", "NO_PUBKEY KEY"}), Verdict::unknown_key},
           {status({"NEWSIG", "EXPKEYSIG KEY Ada", valid}), Verdict::expired_key},
           {status({"NEWSIG", "REVKEYSIG KEY Ada", valid}), Verdict::expired_key},
           {status({"NEWSIG", "EXPSIG KEY Ada", valid}), Verdict::expired_key},
           {status({"NEWSIG", "GOODSIG KEY Ada", valid, "NEWSIG", "BADSIG KEY Eve"}), Verdict::bad},
           {status({"NEWSIG", "GOODSIG KEY Ada", valid, "NEWSIG", "GOODSIG KEY Ada", valid}),
            Verdict::bad}}) {
    auto got = read_gpgv_status(text);
    EXPECT_EQ(got.verdict, verdict) << text;
    EXPECT_TRUE(got.fingerprint.empty()) << text;
  }
}

class GpgRows : public testing::TestWithParam<db::Engine> {
 protected:
  repo::testing::Hub hub{GetParam(), {}, keys_migrations()};
};
INSTANTIATE_TEST_SUITE_P(Engines, GpgRows, testing::ValuesIn(db::testing::engines()));

TEST_P(GpgRows, AreOnePersonsAndGoWithTheAccount) {
  auto body = [&](db::Tx& tx) -> Result<> {
    GpgKey key;
    key.fingerprint = "F";
    key.emails = {"ada@hub.example", "b@hub.example"};
    key.ring = std::string("\0\x99ring", 6);
    key.text = "armored";
    key.title = "laptop";
    for (const auto& actor : {hub.ada, hub.bob}) {
      key.public_id = make_public_id();
      key.user = actor.user;
      store::insert(tx, key);
    }
    auto own = store::gpg_of_user(tx, hub.ada.user);
    EXPECT_EQ(own.size(), 1u);
    EXPECT_EQ(own.at(0).ring, key.ring);
    EXPECT_EQ(own.at(0).emails, key.emails);
    EXPECT_FALSE(store::remove_gpg(tx, hub.bob.user, own.at(0).public_id));
    store::forget_user(tx, hub.ada.user);
    EXPECT_TRUE(store::gpg_of_user(tx, hub.ada.user).empty());
    EXPECT_EQ(store::gpg_of_user(tx, hub.bob.user).size(), 1u);
    return {};
  };
  hub.must(hub.write(body));
}

}  // namespace
}  // namespace cairn::keys
