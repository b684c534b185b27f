#include "store/store_step.h"

#include <gtest/gtest.h>

#include <set>

namespace jackdaw::store {
namespace {

TEST(StoreStep, HasOneNameForEachMomentThatLeadsBackToIt) {
  std::set<std::string_view> names;
  for (const StoreStep step : all_store_steps()) {
    EXPECT_TRUE(names.insert(to_string(step)).second) << to_string(step);
    EXPECT_EQ(store_step_from(to_string(step)), step);
  }
  EXPECT_GE(names.size(), 30U);
  EXPECT_FALSE(store_step_from("no_such_step"));
  EXPECT_FALSE(store_step_from(""));
}

}  // namespace
}  // namespace jackdaw::store
