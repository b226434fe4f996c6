#include "hub/mail/mail.h"

#include <gtest/gtest.h>

#include "base/bytes.h"

namespace cairn::mail {
namespace {

constexpr Time noon{1'767'355'200'000'000};

TEST(MailCompose, AMessageHasItsHeadersAndItsTextAsBase64) {
  Message message{"ada@example.org", "Verify your address", "Hello\nthere\n"};
  auto text = compose(message, "hub@example.org", noon, "id1");
  EXPECT_NE(text.find("From: hub@example.org\r\nTo: ada@example.org\r\n"), text.npos);
  EXPECT_NE(text.find("Date: Fri, 02 Jan 2026 12:00:00 +0000\r\n"), text.npos) << text;
  EXPECT_NE(text.find("Message-ID: <id1@example.org>\r\n"), text.npos);
  EXPECT_NE(text.find("\r\n\r\n" + base64_encode("Hello\nthere\n") + "\r\n"), text.npos);
}

TEST(MailCompose, ASubjectCannotAddHeaders) {
  Message message{"ada@example.org", "Hi\r\nBcc: eve@example.org", "x"};
  auto text = compose(message, "hub@example.org", noon, "id");
  EXPECT_EQ(text.find("\r\nBcc:"), text.npos);
}

TEST(MailCompose, WordsBeyondAsciiAreEncodedInPiecesOf75) {
  std::string umlauts;
  for (int i = 0; i < 60; ++i) umlauts += "ä";
  auto text = compose({"a@b.c", umlauts, "x"}, "Knüwer <hub@example.org>", noon, "id");
  EXPECT_NE(text.find("From: =?UTF-8?B?"), text.npos);
  std::size_t longest = 0, at = 0;
  for (std::size_t end; (end = text.find("\r\n", at)) != text.npos; at = end + 2)
    longest = std::max(longest, end - at);
  EXPECT_LE(longest, 76u + std::string("Subject: ").size());
}

TEST(MailCompose, LinesStayWithinWhatServersTake) {
  Message message{"a@b.c", "s", std::string(100'000, 'x')};
  auto text = compose(message, "hub@example.org", noon, "id");
  for (std::size_t at = 0, end; (end = text.find("\r\n", at)) != text.npos; at = end + 2)
    ASSERT_LE(end - at, 998u);  // RFC 5322, 2.1.1.
}

TEST(MailAddress, TheBareAddressIsWhatStandsInBrackets) {
  EXPECT_EQ(bare_address("Hub <hub@example.org>"), "hub@example.org");
  EXPECT_EQ(bare_address(" hub@example.org "), "hub@example.org");
}

}  // namespace
}  // namespace cairn::mail
