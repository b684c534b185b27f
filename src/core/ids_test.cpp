#include "core/ids.h"

#include <gtest/gtest.h>

#include <set>

namespace jackdaw {
namespace {

TEST(Ids, AreWellFormedAndDiffer) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = random_id();
    EXPECT_TRUE(is_well_formed_id(id)) << id;
    EXPECT_TRUE(seen.insert(id).second) << id;
  }
}

TEST(Ids, RefuseWhatTheyWouldNeverBe) {
  EXPECT_FALSE(is_well_formed_id(""));
  EXPECT_FALSE(is_well_formed_id("abc"));
  EXPECT_FALSE(is_well_formed_id("../../etc/passwd/aaaaaaaaa"));
  EXPECT_FALSE(is_well_formed_id("ABCDEFGHIJKLMNOPQRSTUVWXYZ"));
  EXPECT_FALSE(is_well_formed_id(std::string(26, '\0')));
}

}  // namespace
}  // namespace jackdaw
