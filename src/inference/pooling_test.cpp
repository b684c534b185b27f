#include "inference/pooling.h"

#include <gtest/gtest.h>

namespace jackdaw::inference {
namespace {

TEST(Pooling, PointsWhereTheMeanOfTheRowsPoints) {
  const std::vector<float> states{1, 0, 5, 8};
  EXPECT_EQ(mean_unit(states, 2), (std::vector<float>{0.6F, 0.8F}));
}

TEST(Pooling, GivesUnitLengthEvenWhenTheRowsCancelOut) {
  const std::vector<float> states{1, -2, -1, 2};
  EXPECT_EQ(mean_unit(states, 2), (std::vector<float>{1, 0}));
}

}  // namespace
}  // namespace jackdaw::inference
