#include "answer/marked_text.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace jackdaw::answer {
namespace {

void settle(MarkedText& text, const std::vector<int>& numbers) {
  text.settle(numbers);
}

TEST(MarkedText, WhatIsKnownIsShownAtOnce) {
  MarkedText text;
  text.append("Fish ");
  text.add_mark(1, true, 8);
  EXPECT_TRUE(text.next_is_known());
  EXPECT_EQ(text.take(), "Fish [1]");
  settle(text, {1});
  text.append(".");
  EXPECT_EQ(text.take(), ".");
  EXPECT_EQ(text.moved(9), 9U);
}

TEST(MarkedText, AMarkWaitsForItsNumberAndTheTextBehindItToo) {
  MarkedText text;
  text.append("See ");
  text.add_mark(1, false, 7);
  text.append(" and ");
  text.add_mark(2, true, 15);
  text.append(" on");
  EXPECT_EQ(text.take(), "See ");
  EXPECT_EQ(text.take(), "");
  settle(text, {12, 3});
  EXPECT_EQ(text.take(), "[12][3] and [2] on");
  settle(text, {2});
  EXPECT_EQ(text.take(), "");
  EXPECT_EQ(text.moved(4), 4U);
  EXPECT_EQ(text.moved(7), 11U);
  EXPECT_EQ(text.moved(15), 19U);
}

TEST(MarkedText, MarksAreSettledInTheirOrder) {
  MarkedText text;
  text.add_mark(10, false, 4);
  text.add_mark(20, false, 8);
  text.append("x");
  settle(text, {1});
  EXPECT_EQ(text.take(), "[1]");
  settle(text, {2, 3});
  EXPECT_EQ(text.take(), "[2][3]x");
  EXPECT_EQ(text.moved(8), 9U);
}

TEST(MarkedText, WaitingHasAnEnd) {
  MarkedText text;
  text.add_mark(1, false, 3);
  text.append(std::string(kMaxWaitingBytes - 3, 'x'));
  EXPECT_EQ(text.take(), "");
  text.append("y");
  EXPECT_TRUE(text.next_is_known());
  EXPECT_EQ(text.take().size(), kMaxWaitingBytes + 1);
  settle(text, {1});
  EXPECT_EQ(text.moved(100), 100U);
}

}  // namespace
}  // namespace jackdaw::answer
