#include "core/error.h"

#include <gtest/gtest.h>

namespace jackdaw {
namespace {

TEST(Error, EveryCodeHasANameThatLeadsBackToIt) {
  for (int i = 0; i <= static_cast<int>(ErrorCode::kUnavailable); ++i) {
    const auto code = static_cast<ErrorCode>(i);
    EXPECT_EQ(error_code_from(to_string(code)), code) << to_string(code);
  }
  EXPECT_EQ(error_code_from("no_such_code"), std::nullopt);
}

TEST(Error, CarriesFieldAndRetryDelay) {
  const Error error =
      Error(ErrorCode::kOverloaded, "Full.").with_field("question").with_retry_after(std::chrono::seconds(3));
  EXPECT_EQ(error.code(), ErrorCode::kOverloaded);
  EXPECT_STREQ(error.what(), "Full.");
  EXPECT_EQ(error.field(), "question");
  EXPECT_EQ(error.retry_after(), std::chrono::seconds(3));
  EXPECT_TRUE(is_retryable(error.code()));
  EXPECT_FALSE(is_retryable(ErrorCode::kInvalidJson));
}

}  // namespace
}  // namespace jackdaw
