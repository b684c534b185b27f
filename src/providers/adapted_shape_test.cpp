#include "providers/adapted_shape.h"

#include <gtest/gtest.h>

namespace jackdaw::providers {
namespace {

using MaxTokensField = RequestShape::MaxTokensField;

WireError refusal_of(const std::string& part) {
  WireError error;
  error.code = "unsupported_parameter";
  error.param = part;
  return error;
}

TEST(AdaptedShape, LearnsOnePartAfterAnother) {
  AdaptedShape adapted{RequestShape()};
  EXPECT_TRUE(adapted.learn(adapted.shape(), refusal_of("max_tokens")));
  EXPECT_TRUE(adapted.learn(adapted.shape(), refusal_of("temperature")));
  EXPECT_EQ(adapted.shape().max_tokens_field, MaxTokensField::kMaxCompletionTokens);
  EXPECT_FALSE(adapted.shape().temperature);
  EXPECT_TRUE(adapted.shape().stream_options);
}

TEST(AdaptedShape, ARefusalOfAnOlderShapeIsSentAgainInTheNewOne) {
  AdaptedShape adapted{RequestShape()};
  const RequestShape sent = adapted.shape();
  EXPECT_TRUE(adapted.learn(sent, refusal_of("max_tokens")));
  const RequestShape learned = adapted.shape();
  EXPECT_TRUE(adapted.learn(sent, refusal_of("max_tokens")));
  EXPECT_EQ(adapted.shape(), learned);
  EXPECT_TRUE(adapted.learn(sent, refusal_of("temperature")));
  EXPECT_EQ(adapted.shape().max_tokens_field, MaxTokensField::kMaxCompletionTokens);
  EXPECT_FALSE(adapted.shape().temperature);
}

TEST(AdaptedShape, NeverTurnsBackToWhatWasRefused) {
  AdaptedShape adapted{RequestShape()};
  EXPECT_TRUE(adapted.learn(adapted.shape(), refusal_of("max_tokens")));
  const RequestShape learned = adapted.shape();
  EXPECT_FALSE(adapted.learn(learned, refusal_of("max_completion_tokens")));
  EXPECT_FALSE(adapted.learn(learned, refusal_of("max_tokens")));
  EXPECT_EQ(adapted.shape(), learned);
}

TEST(AdaptedShape, LearnsNothingFromOtherErrors) {
  AdaptedShape adapted{RequestShape()};
  WireError error;
  error.message = "maximum context length is 8192, reduce max_tokens, invalid";
  EXPECT_FALSE(adapted.learn(adapted.shape(), error));
  EXPECT_EQ(adapted.shape(), RequestShape());
}

}  // namespace
}  // namespace jackdaw::providers
