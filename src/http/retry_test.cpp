#include "http/retry.h"

#include <gtest/gtest.h>

#include <limits>

namespace jackdaw::http {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

// 2026-11-22 12:00:00 UTC
const WallTime kNow = std::chrono::sys_days(std::chrono::year(2026) / 11 / 22) + 12h;

std::optional<milliseconds> after(const char* value) {
  return retry_after({{"Retry-After", value}}, kNow);
}

TEST(Retry, ReadsSecondsAndFractionsOfThem) {
  EXPECT_EQ(after("0"), 0ms);
  EXPECT_EQ(after("7"), 7s);
  EXPECT_EQ(after(" 1.5 "), 1500ms);
  EXPECT_EQ(after("7200"), 2h);
}

TEST(Retry, ReadsDatesInAllThreeForms) {
  EXPECT_EQ(after("Sun, 22 Nov 2026 12:00:30 GMT"), 30s);
  EXPECT_EQ(after("Sunday, 22-Nov-26 12:01:00 GMT"), 60s);
  EXPECT_EQ(after("Sun Nov 22 13:00:00 2026"), 1h);
  EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994", kNow), parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", kNow));
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT", kNow),
            std::chrono::sys_days(std::chrono::year(1994) / 11 / 6) + 8h + 49min + 37s);
}

TEST(Retry, MillisecondsComeFirstUnlessTheyMakeNoSense) {
  EXPECT_EQ(retry_after({{"retry-after-ms", "250"}, {"retry-after", "9"}}, kNow), 250ms);
  EXPECT_EQ(retry_after({{"Retry-After-Ms", "12.6"}}, kNow), 13ms);
  EXPECT_EQ(retry_after({{"retry-after-ms", "soon"}, {"retry-after", "9"}}, kNow), 9s);
  EXPECT_EQ(retry_after({}, kNow), std::nullopt);
}

TEST(Retry, RefusesWhatIsNoTimeToWait) {
  for (const char* value : {"",
                            "nan",
                            "NaN",
                            "inf",
                            "-1",
                            "-0.5",
                            "1e3",
                            "0x10",
                            "1,5",
                            "1.2.3",
                            "+3",
                            "5 s",
                            "99999999",
                            "99999999999999999999999999999999999999999",
                            ".",
                            "Sun, 22 Nov 2026 11:59:59 GMT",
                            "Sun, 22 Nov 2126 12:00:00 GMT",
                            "Sun, 31 Feb 2026 12:00:00 GMT",
                            "Sun, 22 Nov 2026 25:00:00 GMT",
                            "Sun, 22 Nov 2026 12:00:00 CET",
                            "Sun, 22 Nov 9999 12:00:00 GMT",
                            "22 Nov 2026",
                            "a b c d e f g h i j k"}) {
    EXPECT_EQ(after(value), std::nullopt) << value;
  }
}

TEST(Retry, ObeysShouldRetry) {
  EXPECT_EQ(should_retry({{"X-Should-Retry", "true"}}), true);
  EXPECT_EQ(should_retry({{"x-should-retry", " False "}}), false);
  EXPECT_EQ(should_retry({{"x-should-retry", "maybe"}}), std::nullopt);
  EXPECT_EQ(should_retry({}), std::nullopt);
}

TEST(Retry, ReadsTheDurationsOfRateLimits) {
  EXPECT_EQ(parse_duration("1h2m3s"), 1h + 2min + 3s);
  EXPECT_EQ(parse_duration("6m0s"), 6min);
  EXPECT_EQ(parse_duration("12ms"), 12ms);
  EXPECT_EQ(parse_duration("2m59.56s"), 2min + 59s + 560ms);
  EXPECT_EQ(parse_duration("17s"), 17s);
  EXPECT_EQ(parse_duration("1d"), 24h);
  EXPECT_EQ(parse_duration("900us"), 1ms);
  EXPECT_EQ(parse_duration("0s"), 0ms);
  for (const char* text : {"", "17", "s", "1h-2m", "nans", "1y", "99999999h", "1 h"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

TEST(Retry, BacksOffAsTheProvidersOwnClientsDo) {
  EXPECT_EQ(backoff(0, 1), 500ms);
  EXPECT_EQ(backoff(0, 0), 375ms);
  EXPECT_EQ(backoff(1, 1), 1s);
  EXPECT_EQ(backoff(4, 1), 8s);
  EXPECT_EQ(backoff(4, 0.5), 7s);
  EXPECT_EQ(backoff(1'000'000, 1), 8s);
  EXPECT_EQ(backoff(std::numeric_limits<int>::min(), 2), 500ms);
}

}  // namespace
}  // namespace jackdaw::http
