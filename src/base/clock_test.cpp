#include "base/clock.h"

#include <gtest/gtest.h>

namespace cairn {
namespace {

TEST(Rfc3339, IsWrittenInMillisecondsWithZ) {
  EXPECT_EQ(to_rfc3339(Time{0}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(to_rfc3339(Time{1'767'323'045'678'901}), "2026-01-02T03:04:05.678Z");
  EXPECT_EQ(to_rfc3339(Time{-1}), "1969-12-31T23:59:59.999Z");
}

TEST(Rfc3339, ReadsFractionsAndOffsets) {
  EXPECT_EQ(parse_rfc3339("2026-01-02T03:04:05.678901Z")->us, 1'767'323'045'678'901);
  EXPECT_EQ(*parse_rfc3339("2026-01-02T04:04:05+01:00"), *parse_rfc3339("2026-01-02T03:04:05Z"));
  EXPECT_EQ(*parse_rfc3339("2026-01-01T21:34:05-05:30"), *parse_rfc3339("2026-01-02T03:04:05Z"));
  EXPECT_EQ(parse_rfc3339("2024-02-29T00:00:00Z")->seconds(), 1'709'164'800);
}

TEST(Rfc3339, RefusesWhatIsNoTime) {
  for (const char* bad :
       {"", "2026-01-02", "2026-13-02T03:04:05Z", "2026-02-29T00:00:00Z", "2026-01-02T24:00:00Z",
        "2026-01-02T03:04:05", "2026-01-02T03:04:05.Z", "2026-01-02T03:04:05Zx",
        "2026-01-02T03:04:05+1:00", "x026-01-02T03:04:05Z"})
    EXPECT_FALSE(parse_rfc3339(bad)) << bad;
}

TEST(HttpDate, HasTheFormOfTheRfc) {
  // RFC 9110, section 5.6.7.
  EXPECT_EQ(to_http_date(Time{784'111'777'000'000}), "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(ManualClock, StandsStillUntilMoved) {
  ManualClock clock;
  Time before = clock.now();
  EXPECT_EQ(clock.now(), before);
  clock.advance(days(1));
  EXPECT_EQ(clock.now() - before, hours(24));
}

}  // namespace
}  // namespace cairn
