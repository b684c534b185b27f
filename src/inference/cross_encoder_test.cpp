#include "inference/cross_encoder.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/error.h"
#include "tests/support/inference_files.h"

namespace jackdaw::inference {
namespace {

using testing::has_models;
using testing::kNoModels;
using testing::models_dir;

// The file's own graph rounds activations to 8 bits by their range, differently on each processor; ours does not.
constexpr double kRoundingTolerance = 0.5;
// The same weights and fp32 arithmetic in another runtime.
constexpr double kFp32Tolerance = 0.01;

CrossEncoder& shared_encoder() {
  static CrossEncoder made(
      {.model_dir = models_dir(), .cache_dir = {}, .model = "ms-marco-MiniLM-L-12-v2", .precision = Precision::kFp32});
  return made;
}

TEST(CrossEncoder, ScoresTheModelCardsPassages) {
  if (!has_models()) GTEST_SKIP() << kNoModels;
  const std::vector<std::string_view> passages{
      "Berlin had a population of 3,520,031 registered inhabitants in an area of 891.82 square kilometers.",
      "Berlin is well known for its museums."};
  const auto logits = shared_encoder().score("How many people live in Berlin?", passages, Cancellation());
  ASSERT_EQ(logits.size(), 2U);
  EXPECT_NEAR(logits[0], 9.13, kRoundingTolerance);
  EXPECT_NEAR(logits[1], -4.17, kRoundingTolerance);
}

struct GoldenPair {
  std::string question;
  std::string passage;
  double fp32 = 0;     // ONNX Runtime, the file's weights, fp32 activations
  double rounded = 0;  // ONNX Runtime, the file as it is
};

std::vector<GoldenPair> golden_pairs() {
  std::vector<GoldenPair> out;
  const auto path = std::filesystem::path(JACKDAW_SOURCE_DIR) / "tests/data/inference/logits.jsonl";
  for (const auto& line : testing::read_json_lines(path)) {
    out.push_back({testing::text_of(line, "question"), testing::text_of(line, "passage"),
                   line.at("fp32").to_number<double>(), line.at("logit").to_number<double>()});
  }
  return out;
}

TEST(CrossEncoder, AgreesWithTheReferenceOnEveryGoldenPair) {
  if (!has_models()) GTEST_SKIP() << kNoModels;
  const auto pairs = golden_pairs();
  ASSERT_EQ(pairs.size(), 40U);
  std::size_t far_from_rounded = 0;
  for (const GoldenPair& pair : pairs) {
    const std::vector<std::string_view> passages{pair.passage};
    const float logit = shared_encoder().score(pair.question, passages, Cancellation()).front();
    EXPECT_NEAR(logit, pair.fp32, kFp32Tolerance) << pair.question << " | " << pair.passage;
    if (std::abs(logit - pair.rounded) > kRoundingTolerance) ++far_from_rounded;
  }
  // One pair lies 0.51 apart: the reference's own distance between rounded and fp32 activations.
  EXPECT_LE(far_from_rounded, 1U);
}

TEST(CrossEncoder, GivesAPassageTheSameLogitWhateverItsCompany) {
  if (!has_models()) GTEST_SKIP() << kNoModels;
  const std::vector<std::string_view> passages{"Ice floats.",
                                               "",
                                               "Water expands when it freezes, so ice floats.",
                                               "The committee met on Tuesday.",
                                               "Pipes burst in winter.",
                                               "Ice floats."};
  const auto together = shared_encoder().score("Why does ice float?", passages, Cancellation());
  for (std::size_t i = 0; i < passages.size(); ++i) {
    const auto alone = shared_encoder().score("Why does ice float?", std::span(passages).subspan(i, 1), Cancellation());
    EXPECT_EQ(alone.front(), together[i]);
  }
}

TEST(CrossEncoder, TakesAnEmptyListAndVeryLongTexts) {
  if (!has_models()) GTEST_SKIP() << kNoModels;
  EXPECT_TRUE(shared_encoder().score("anything", {}, Cancellation()).empty());
  std::string text;
  for (int i = 0; i < 3000; ++i) text += "word ";
  const std::vector<std::string_view> passages{text};
  EXPECT_EQ(shared_encoder().score(text, passages, Cancellation()).size(), 1U);
}

TEST(CrossEncoder, ThrowsWhenNobodyWaitsAnyMore) {
  if (!has_models()) GTEST_SKIP() << kNoModels;
  const Cancellation cancelled;
  cancelled.cancel(CancelReason::kDisconnect);
  const std::vector<std::string_view> passages{"a"};
  EXPECT_THROW(shared_encoder().score("q", passages, cancelled), Error);
}

TEST(CrossEncoder, SaysHowToGetAMissingModel) {
  const testing::ScratchFolder folder;
  try {
    CrossEncoder encoder({.model_dir = folder.path(), .cache_dir = {}});
    FAIL() << "did not throw";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
    EXPECT_NE(std::string(error.what()).find("jackdaw models pull"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace jackdaw::inference
