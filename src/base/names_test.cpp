#include "base/names.h"

#include <gtest/gtest.h>

#include "base/id.h"

namespace cairn {
namespace {

TEST(OwnerName, TakesWhatPeopleChoose) {
  for (const char* good : {"ada", "ada-l", "a1", "Ada.Lovelace", "x_y", "team-7"})
    EXPECT_TRUE(check_owner_name(good)) << good;
}

TEST(OwnerName, RefusesWhatConfusesOrIsReserved) {
  for (const std::string& bad : std::vector<std::string>{"",
                                                         "a",
                                                         std::string(43, 'a'),
                                                         "-ada",
                                                         "ada-",
                                                         ".ada",
                                                         "_ada",
                                                         "a--b",
                                                         "a..b",
                                                         "12345",
                                                         "api",
                                                         "API",
                                                         "Datasets",
                                                         "xet",
                                                         "ada/x",
                                                         "ad a",
                                                         "ad\xc3\xa4",
                                                         "x.git",
                                                         "x.LOCK",
                                                         "0123456789abcdef01234567",
                                                         "0123456789ABCDEF01234567",
                                                         "a\nb",
                                                         "a%2f"})
    EXPECT_EQ(check_owner_name(bad).error().word, "InvalidName") << bad;
  EXPECT_TRUE(check_owner_name("_ada", OwnerNameRules::apply));
}

TEST(RepoName, HasItsOwnEdges) {
  for (const std::string& good :
       std::vector<std::string>{"m", "bert-base_v1.2", "_x", "api", std::string(96, 'a')})
    EXPECT_TRUE(check_repo_name(good)) << good;
  for (const std::string& bad : std::vector<std::string>{
           "", std::string(97, 'a'), "-x", "x.", "a--b", "a..b", "x.git", "a/b", "\xc3\xa4"})
    EXPECT_FALSE(check_repo_name(bad)) << bad;
}

TEST(NameKey, FoldsAsciiAlone) {
  EXPECT_EQ(name_key("Ada-BERT"), "ada-bert");
}

TEST(PublicId, IsTwentyFourLowerHexDigits) {
  auto id = make_public_id();
  EXPECT_EQ(*parse_public_id(id.hex), id);
  EXPECT_NE(make_public_id(), id);
  for (const char* bad : {"", "0123456789abcdef0123456", "0123456789ABCDEF01234567"})
    EXPECT_FALSE(parse_public_id(bad)) << bad;
}

}  // namespace
}  // namespace cairn
