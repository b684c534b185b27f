#include "core/squeeze.h"

#include <gtest/gtest.h>

namespace jackdaw::text {
namespace {

TEST(Squeeze, RunsOfWhiteSpaceBecomeOneSpaceAndTheEndsHaveNone) {
  EXPECT_EQ(squeeze(" \n The  Magpie-7\r\n\tcosts\u00a0390\u2003EUR. "), "The Magpie-7 costs 390 EUR.");
  EXPECT_EQ(squeeze("as it is"), "as it is");
  EXPECT_EQ(squeeze(" \t\n"), "");
  EXPECT_EQ(squeeze(""), "");
}

TEST(Squeeze, WhatIsNoWhiteSpaceStaysAsItIs) {
  EXPECT_EQ(squeeze("\u65e5\u672c  \U0001f426e\u0301"), "\u65e5\u672c \U0001f426e\u0301");
}

TEST(Squeeze, OnceIsEnough) {
  const std::string once = squeeze("a \n b\xff  c ");
  EXPECT_EQ(squeeze(once), once);
}

}  // namespace
}  // namespace jackdaw::text
