#include "answer/recent.h"

#include <gtest/gtest.h>

#include <string>

namespace jackdaw::answer {
namespace {

TEST(Recent, ForgetsWhatWasNotAskedForLongest) {
  Recent<std::string, int> recent(2);
  recent.keep("a", 1);
  recent.keep("b", 2);
  ASSERT_NE(recent.find("a"), nullptr);
  recent.keep("c", 3);
  EXPECT_EQ(recent.find("b"), nullptr);
  EXPECT_EQ(*recent.find("a"), 1);
  EXPECT_EQ(*recent.find("c"), 3);
  EXPECT_EQ(recent.size(), 2U);
}

TEST(Recent, KeepsTheNewestValueOfAKey) {
  Recent<std::string, int> recent(2);
  recent.keep("a", 1);
  recent.keep("a", 2);
  EXPECT_EQ(*recent.find("a"), 2);
  EXPECT_EQ(recent.size(), 1U);
}

TEST(Recent, KeepsNothingWhenItMayKeepNothing) {
  Recent<std::string, int> recent(0);
  recent.keep("a", 1);
  EXPECT_EQ(recent.find("a"), nullptr);
}

}  // namespace
}  // namespace jackdaw::answer
