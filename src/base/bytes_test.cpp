#include "base/bytes.h"

#include <gtest/gtest.h>

#include "base/hash.h"
#include "base/random.h"

namespace cairn {
namespace {

TEST(Base64, HasTheVectorsOfTheRfc) {
  // RFC 4648, section 10.
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (auto [plain, encoded] : vectors) {
    EXPECT_EQ(base64_encode(plain), encoded);
    EXPECT_EQ(*base64_decode(encoded), plain);
  }
}

TEST(Base64, RefusesWhatIsNotTheOneEncoding) {
  for (const char* bad :
       {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm9v\n", " Zm9v", "Zm-v", "====", "Z"})
    EXPECT_FALSE(base64_decode(bad)) << bad;
}

TEST(Base64Url, RoundTripsAnyBytesWithoutPadding) {
  for (std::size_t n = 0; n < 70; ++n) {
    std::string bytes = random_bytes(n);
    std::string text = base64url_encode(bytes);
    EXPECT_EQ(text.find_first_of("+/="), std::string::npos);
    EXPECT_EQ(*base64url_decode(text), bytes);
  }
}

TEST(Hex, RoundTripsAndRefusesOddOrForeign) {
  EXPECT_EQ(hex_encode("\x01\xff"), "01ff");
  EXPECT_EQ(*hex_decode("01fF"), "\x01\xff");
  EXPECT_FALSE(hex_decode("1"));
  EXPECT_FALSE(hex_decode("0g"));
  EXPECT_TRUE(is_lower_hex("09af"));
  EXPECT_FALSE(is_lower_hex("0A"));
}

TEST(BigEndian, IsReadAsWritten) {
  std::string out;
  append_u32be(out, 0x01020304u);
  append_u64be(out, 0xf102030405060708u);
  EXPECT_EQ(hex_encode(out), "01020304f102030405060708");
  EXPECT_EQ(read_u32be(out.data()), 0x01020304u);
  EXPECT_EQ(read_u64be(out.data() + 4), 0xf102030405060708u);
}

TEST(Hash, HasKnownValuesAndStartsAnewAfterItsEnd) {
  EXPECT_EQ(sha1("abc").hex(), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(sha256("abc").hex(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  // RFC 4231, test case 2.
  EXPECT_EQ(hmac_sha256("Jefe", "what do ya want for nothing?").hex(),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  Sha256 hasher;
  for (int i = 0; i < 2; ++i) {
    hasher.update("a");
    hasher.update("bc");
    EXPECT_EQ(hasher.finish(), sha256("abc"));
  }
  EXPECT_FALSE(Sha256Digest::parse("BA"));
}

TEST(Random, DrawsLettersAndDigitsThatDiffer) {
  std::string a = random_alphanumeric(34), b = random_alphanumeric(34);
  EXPECT_EQ(a.size(), 34u);
  EXPECT_NE(a, b);
  for (unsigned char c : a) EXPECT_TRUE(std::isalnum(c));
  EXPECT_TRUE(equal_constant_time("same", "same"));
  EXPECT_FALSE(equal_constant_time("same", "sane"));
  EXPECT_FALSE(equal_constant_time("same", "samer"));
}

}  // namespace
}  // namespace cairn
