#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/embedding.h"
#include "core/error.h"

namespace jackdaw::testing {

// What every keeper of the Embedder promise must do. Use:
//
//   INSTANTIATE_TEST_SUITE_P(Local, EmbedderContract, ::testing::Values(EmbedderFactory{[] { ... }}));
//
// The factory is called for each test; it may hand out one shared embedder.
using EmbedderFactory = std::shared_ptr<Embedder> (*)();

class EmbedderContract : public ::testing::TestWithParam<EmbedderFactory> {
 protected:
  void SetUp() override {
    embedder_ = GetParam()();
    if (!embedder_) GTEST_SKIP() << "The model files are not there: run 'make setup', or set JACKDAW_TEST_MODELS.";
  }

  std::vector<Embedding> embed(const std::vector<std::string_view>& texts) {
    return embedder_->embed(texts, Cancellation());
  }

  static double dot(const Embedding& a, const Embedding& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * b[i];
    return sum;
  }

  std::shared_ptr<Embedder> embedder_;
};

TEST_P(EmbedderContract, GivesEveryTextAVectorOfUnitLength) {
  const auto vectors =
      embed({"one", "two words", "", " \n", "Ünïcödé 中文 😀", std::string_view("nul\0byte", 8), "\xff\xfe"});
  ASSERT_EQ(vectors.size(), 7U);
  for (const Embedding& vector : vectors) {
    ASSERT_EQ(vector.size(), embedder_->dimensions());
    EXPECT_NEAR(dot(vector, vector), 1.0, 1e-5);
    for (const float x : vector) EXPECT_TRUE(std::isfinite(x));
  }
}

TEST_P(EmbedderContract, TakesAnEmptyListOfTexts) {
  EXPECT_TRUE(embed({}).empty());
}

TEST_P(EmbedderContract, GivesTheSameTextTheSameVectorWhateverItsCompany) {
  const std::string_view text = "The list price is 68,400 per unit.";
  const std::string longer(2000, 'x');
  const Embedding alone = embed({text}).front();
  const auto together = embed({longer, text, "short", "", text, "another sentence of moderate length"});
  EXPECT_NEAR(dot(alone, together[1]), 1.0, 1e-5);
  EXPECT_NEAR(dot(alone, together[4]), 1.0, 1e-5);
}

TEST_P(EmbedderContract, KeepsTheOrderOfTheTexts) {
  const std::vector<std::string_view> texts{"a rather long sentence about the weather in the north of the country",
                                            "crow", "heat pumps need work", "",
                                            "the price of a ticket to Lisbon is high"};
  const auto together = embed(texts);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    EXPECT_NEAR(dot(together[i], embed({texts[i]}).front()), 1.0, 1e-5) << texts[i];
  }
}

TEST_P(EmbedderContract, PutsTextsThatShareWordsNearer) {
  const auto v = embed({"how much does the bird cost", "the bird does cost much", "quarterly budget committee"});
  EXPECT_GT(dot(v[0], v[1]), dot(v[0], v[2]) + 0.2);
}

TEST_P(EmbedderContract, TakesVeryLongText) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "word ";
  const auto vectors = embed({text});
  EXPECT_NEAR(dot(vectors[0], vectors[0]), 1.0, 1e-5);
}

TEST_P(EmbedderContract, ThrowsWhenNobodyWaitsAnyMore) {
  const Cancellation cancelled;
  cancelled.cancel(CancelReason::kClient);
  const std::vector<std::string_view> texts{"a text"};
  try {
    embedder_->embed(texts, cancelled);
    FAIL() << "did not throw";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCancelled);
  }
}

TEST_P(EmbedderContract, ThrowsWhenTheDeadlineHasPassed) {
  const Cancellation late = Cancellation().child(SteadyClock::now() - std::chrono::seconds(1));
  const std::vector<std::string_view> texts{"a text"};
  try {
    embedder_->embed(texts, late);
    FAIL() << "did not throw";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kDeadlineExceeded);
  }
}

TEST_P(EmbedderContract, NamesItsWeightsAndArithmetic) {
  EXPECT_FALSE(embedder_->name().empty());
  EXPECT_GT(embedder_->dimensions(), 0U);
}

}  // namespace jackdaw::testing
