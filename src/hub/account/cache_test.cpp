#include "hub/account/cache.h"

#include <gtest/gtest.h>

namespace cairn::account {
namespace {

constexpr Time start{1'000'000'000};
const CredentialKey key{CredentialKind::token, sha256("hf_x")};

std::shared_ptr<CredentialCache::Entry> entry(std::optional<Time> expires_at = {}) {
  auto out = std::make_shared<CredentialCache::Entry>();
  out->loaded_at = start;
  out->expires_at = expires_at;
  out->last_used_us = start.us;
  return out;
}

TEST(CredentialCache, DoesNotKeepWhatWasReadBeforeAChange) {
  CredentialCache cache({});
  auto generation = cache.generation();
  cache.clear();  // A revocation commits between the read and the insertion.
  cache.insert(key, entry(), generation);
  EXPECT_FALSE(cache.find(key, start));
  cache.insert(key, entry(), cache.generation());
  EXPECT_TRUE(cache.find(key, start));
}

TEST(CredentialCache, TellsTokensFromSessions) {
  CredentialCache cache({});
  cache.insert(key, entry(), cache.generation());
  EXPECT_FALSE(cache.find({CredentialKind::session, key.second}, start));
}

TEST(CredentialCache, KnowsWhenACredentialExpires) {
  CredentialCache cache({});
  cache.insert(key, entry(start + seconds(2)), cache.generation());
  EXPECT_TRUE(cache.find(key, start + seconds(1)));
  EXPECT_FALSE(cache.find(key, start + seconds(2)));
}

TEST(CredentialCache, OfSeveralNodesForgetsAfterItsTime) {
  CredentialCache cache(seconds(1));
  cache.insert(key, entry(), cache.generation());
  EXPECT_TRUE(cache.find(key, start));
  EXPECT_FALSE(cache.find(key, start + seconds(1)));
  EXPECT_FALSE(cache.find(key, start - seconds(1))) << "a clock that was set back";
}

TEST(CredentialCache, TellsEachUseOnceAlsoOfDroppedEntries) {
  CredentialCache cache({});
  cache.insert(key, entry(), cache.generation());
  EXPECT_EQ(cache.take_uses().size(), 1u);
  EXPECT_TRUE(cache.take_uses().empty());
  (void)cache.find(key, start + seconds(5));
  cache.clear();
  auto uses = cache.take_uses();
  ASSERT_EQ(uses.size(), 1u);
  EXPECT_EQ(uses[0].at, start + seconds(5));
}

}  // namespace
}  // namespace cairn::account
