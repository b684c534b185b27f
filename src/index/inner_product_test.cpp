#include "index/inner_product.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>
#include <vector>

namespace jackdaw::index {
namespace {

TEST(InnerProduct, EveryPathOfThisMachineAgreesWithDoublePrecisionAtEveryLength) {
  std::mt19937 random(5);
  std::normal_distribution<float> value;
  for (const InnerProductPath& path : inner_product_paths()) {
    for (std::size_t dimensions = 0; dimensions <= 130; ++dimensions) {
      // One float past each vector: not aligned, and read past the end by nobody (AddressSanitizer watches).
      std::vector<std::vector<float>> vectors(kRowsPerCall + 1, std::vector<float>(dimensions + 1));
      for (auto& vector : vectors) {
        for (float& x : vector) x = value(random);
      }
      const float* rows[kRowsPerCall];
      for (std::size_t r = 0; r < kRowsPerCall; ++r) rows[r] = vectors[r + 1].data() + 1;
      float results[kRowsPerCall];
      path.kernel(vectors[0].data() + 1, rows, dimensions, results);
      for (std::size_t r = 0; r < kRowsPerCall; ++r) {
        double exact = 0;
        for (std::size_t i = 1; i <= dimensions; ++i) {
          exact += static_cast<double>(vectors[0][i]) * static_cast<double>(vectors[r + 1][i]);
        }
        EXPECT_NEAR(results[r], exact, 1e-5 * (1 + std::sqrt(static_cast<double>(dimensions))))
            << path.name << ", " << dimensions << " dimensions";
      }
    }
  }
}

TEST(InnerProduct, ARowsResultDoesNotDependOnItsNeighbours) {
  std::mt19937 random(6);
  std::normal_distribution<float> value;
  std::vector<std::vector<float>> vectors(kRowsPerCall + 1, std::vector<float>(387));
  for (auto& vector : vectors) {
    for (float& x : vector) x = value(random);
  }
  for (const InnerProductPath& path : inner_product_paths()) {
    const float* different[kRowsPerCall] = {vectors[1].data(), vectors[2].data(), vectors[3].data(), vectors[4].data()};
    float together[kRowsPerCall];
    path.kernel(vectors[0].data(), different, 387, together);
    for (std::size_t r = 0; r < kRowsPerCall; ++r) {
      const float* same[kRowsPerCall] = {different[r], different[r], different[r], different[r]};
      float alone[kRowsPerCall];
      path.kernel(vectors[0].data(), same, 387, alone);
      for (const float result : alone) EXPECT_EQ(result, together[r]) << path.name;
    }
  }
}

TEST(InnerProduct, ThePortablePathIsAlwaysThereAndLast) {
  ASSERT_FALSE(inner_product_paths().empty());
  EXPECT_EQ(inner_product_paths().back().name, "portable");
}

}  // namespace
}  // namespace jackdaw::index
