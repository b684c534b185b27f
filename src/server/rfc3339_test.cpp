#include "server/rfc3339.h"

#include <gtest/gtest.h>

#include <string>

namespace jackdaw::server {
namespace {

std::string again(std::string_view text) {
  const auto time = parse_rfc3339(text);
  return time ? to_rfc3339(*time) : "none";
}

TEST(Rfc3339, ReadsTimesWithOffsetsAndFractions) {
  EXPECT_EQ(again("2026-11-22T21:16:31Z"), "2026-11-22T21:16:31.000Z");
  EXPECT_EQ(again("2026-11-22t21:16:31.2509999z"), "2026-11-22T21:16:31.250Z");
  EXPECT_EQ(again("2026-11-22 21:16:31+01:30"), "2026-11-22T19:46:31.000Z");
  EXPECT_EQ(again("2024-02-29T23:59:60-00:01"), "2024-03-01T00:01:00.000Z");
  EXPECT_EQ(again("2026-11-22"), "2026-11-22T00:00:00.000Z");
}

TEST(Rfc3339, ReadsBackWhatTheProgramWrites) {
  const WallTime time = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  EXPECT_EQ(parse_rfc3339(to_rfc3339(time)), time);
}

TEST(Rfc3339, RefusesEverythingElse) {
  for (const char* text :
       {"", "2026", "2026-11-22T", "2026-11-22T21:16Z", "2026-11-22T21:16:31", "2026-13-01", "2026-02-29",
        "2026-11-22T24:00:00Z", "2026-11-22T21:60:00Z", "2026-11-22T21:16:61Z", "2026-11-22T21:16:31.Z",
        "2026-11-22T21:16:31Zx", "22.11.2026", "2026-11-2", "2026-11-22T21:16:31+1:00", "now"}) {
    EXPECT_EQ(again(text), "none") << text;
  }
}

}  // namespace
}  // namespace jackdaw::server
