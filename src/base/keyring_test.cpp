#include "base/keyring.h"

#include <gtest/gtest.h>

namespace cairn {
namespace {

const std::string one(32, 'a'), two(32, 'b');

TEST(Keyring, SignaturesHoldForTheirMessageAndPurposeAlone) {
  Keyring keys({one});
  std::string signature = keys.sign("url", "message");
  EXPECT_TRUE(keys.verify("url", "message", signature));
  EXPECT_FALSE(keys.verify("cookie", "message", signature));
  EXPECT_FALSE(keys.verify("url", "massage", signature));
  EXPECT_FALSE(keys.verify("url", "message", signature + "x"));
  for (const char* bad : {"", ".", "deadbeef.", "nodot"})
    EXPECT_FALSE(keys.verify("url", "message", bad)) << bad;
}

TEST(Keyring, SealedTextsOpenForTheirPurposeAloneAndTellNothing) {
  Keyring keys({one});
  std::string sealed = keys.seal("cursor", "secret position");
  EXPECT_EQ(*keys.open("cursor", sealed), "secret position");
  EXPECT_EQ(sealed.find("secret"), std::string::npos);
  EXPECT_NE(keys.seal("cursor", "secret position"), sealed);
  EXPECT_FALSE(keys.open("list", sealed));
  std::string changed = sealed;
  changed[changed.size() - 3] = changed[changed.size() - 3] == 'A' ? 'B' : 'A';
  EXPECT_FALSE(keys.open("cursor", changed));
  EXPECT_FALSE(keys.open("cursor", ""));
}

TEST(Keyring, TwoRootsLiveDuringARotation) {
  Keyring before({one}), during({two, one}), after({two});
  std::string old = before.sign("url", "m"), fresh = during.sign("url", "m");
  EXPECT_TRUE(during.verify("url", "m", old));
  EXPECT_TRUE(during.verify("url", "m", fresh));
  EXPECT_FALSE(before.verify("url", "m", fresh));
  EXPECT_FALSE(after.verify("url", "m", old));
  EXPECT_NE(before.fingerprint(), after.fingerprint());
  EXPECT_EQ(during.fingerprint(), after.fingerprint());
}

TEST(Keyring, IsReadFromLinesOfHex) {
  std::string hex(64, '1');
  EXPECT_TRUE(Keyring::parse("# a comment\n\n" + hex + "\n" + std::string(64, '2') + "\n"));
  for (const std::string& bad :
       std::vector<std::string>{"", "# only\n", hex.substr(1), hex + "00", "zz"})
    EXPECT_EQ(Keyring::parse(bad).error().word, "InvalidRootKey") << bad;
}

}  // namespace
}  // namespace cairn
