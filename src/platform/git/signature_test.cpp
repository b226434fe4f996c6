#include "platform/git/signature.h"

#include <gtest/gtest.h>

namespace cairn::git {
namespace {

const std::string head = "tree 1\nauthor a\ncommitter b\n";

TEST(CommitSignature, IsTakenOutOfWhatItSigns) {
  std::string commit =
      head +
      "gpgsig -----BEGIN SSH SIGNATURE-----\n AAAA\n \n -----END SSH SIGNATURE-----\n"
      "encoding x\n\nTitle\n\ngpgsig in the message\n";
  auto split = split_signature(commit);
  ASSERT_TRUE(split && *split);
  EXPECT_EQ((*split)->payload, head + "encoding x\n\nTitle\n\ngpgsig in the message\n");
  EXPECT_EQ((*split)->signature,
            "-----BEGIN SSH SIGNATURE-----\nAAAA\n\n-----END SSH SIGNATURE-----\n");
  EXPECT_EQ((*split)->type, SignatureType::ssh);
}

TEST(CommitSignature, IsNoneWithoutItsHeader) {
  for (std::string commit : {std::string(), head, head + "\nTitle", head + "\ngpgsig x\n"}) {
    auto split = split_signature(commit);
    ASSERT_TRUE(split);
    EXPECT_FALSE(*split) << commit;
  }
}

TEST(CommitSignature, OfAnotherHashIsLeftOutOfWhatIsSigned) {
  auto split = split_signature(head + "gpgsig-sha256 x\n y\ngpgsig z\n w\n\nTitle");
  ASSERT_TRUE(split && *split);
  EXPECT_EQ((*split)->payload, head + "\nTitle");
  EXPECT_EQ((*split)->signature, "z\nw\n");
  EXPECT_EQ((*split)->type, SignatureType::other);
}

TEST(CommitSignature, TwoAreNone) {
  auto split = split_signature(head + "gpgsig a\ngpgsig b\n\nTitle");
  ASSERT_FALSE(split);
  EXPECT_EQ(split.error().word, "InvalidSignature");
}

}  // namespace
}  // namespace cairn::git
