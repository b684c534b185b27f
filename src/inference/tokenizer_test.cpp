#include "inference/tokenizer.h"

#include <gtest/gtest.h>

namespace jackdaw::inference {
namespace {

constexpr SpecialIds kIds{.begin = 101, .separator = 102};

std::vector<Token> tokens(std::size_t count, std::int32_t id) {
  return {count, Token{.id = id, .source = {}}};
}

std::size_t count_of(const Encoding& encoding, std::int32_t id) {
  std::size_t count = 0;
  for (const Token& token : encoding.tokens) count += token.id == id ? 1 : 0;
  return count;
}

TEST(Tokenizer, PutsTheSpecialTokensAroundAText) {
  const Encoding got = encode(kIds, tokens(2, 7), 10);
  ASSERT_EQ(got.tokens.size(), 4U);
  EXPECT_EQ(got.tokens.front().id, 101);
  EXPECT_EQ(got.tokens.back().id, 102);
  EXPECT_EQ(got.types, (std::vector<std::uint8_t>{0, 0, 0, 0}));
}

TEST(Tokenizer, CutsATextAtItsEnd) {
  const Encoding got = encode(kIds, tokens(100, 7), 10);
  EXPECT_EQ(got.tokens.size(), 10U);
  EXPECT_EQ(got.tokens.back().id, 102);
}

TEST(Tokenizer, CutsOnlyTheSecondTextSoThatTheFirstSurvives) {
  const Encoding got = encode_pair(kIds, tokens(20, 1), tokens(100, 2), 64, Truncation::kOnlySecond);
  EXPECT_EQ(got.tokens.size(), 64U);
  EXPECT_EQ(count_of(got, 1), 20U);
  EXPECT_EQ(count_of(got, 2), 41U);
  EXPECT_EQ(got.types[21], 0);
  EXPECT_EQ(got.types[22], 1);
}

TEST(Tokenizer, NeverExceedsTheWindow) {
  for (const Truncation truncation : {Truncation::kOnlySecond, Truncation::kLongestFirst}) {
    for (std::size_t first = 0; first < 20; ++first) {
      for (std::size_t second = 0; second < 20; ++second) {
        const Encoding got = encode_pair(kIds, tokens(first, 1), tokens(second, 2), 13, truncation);
        EXPECT_EQ(got.tokens.size(), std::min<std::size_t>(first + second + 3, 13));
        EXPECT_EQ(got.types.size(), got.tokens.size());
      }
    }
  }
}

TEST(Tokenizer, SharesTheWindowWhenBothTextsAreLong) {
  const Encoding got = encode_pair(kIds, tokens(50, 1), tokens(60, 2), 24, Truncation::kLongestFirst);
  EXPECT_EQ(count_of(got, 1), 10U);
  EXPECT_EQ(count_of(got, 2), 11U);
}

}  // namespace
}  // namespace jackdaw::inference
