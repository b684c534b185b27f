#include "core/clock.h"

#include <gtest/gtest.h>

namespace jackdaw {
namespace {

TEST(Clock, WritesUtcWithMilliseconds) {
  EXPECT_EQ(to_rfc3339(WallTime{}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(to_rfc3339(WallTime{} + std::chrono::milliseconds(1'700'000'000'123)), "2023-11-14T22:13:20.123Z");
  EXPECT_EQ(to_rfc3339(WallTime{} - std::chrono::milliseconds(1)), "1969-12-31T23:59:59.999Z");
}

}  // namespace
}  // namespace jackdaw
