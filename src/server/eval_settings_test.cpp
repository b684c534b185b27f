#include "server/eval_settings.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "core/error.h"

namespace jackdaw::server {
namespace {

// Empty when all are read.
std::string refusal(const Values& given, const EvalOptions& options) {
  try {
    check_eval_settings(given, "--with", options);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    return error.what();
  }
  return {};
}

const EvalOptions kUsual{.stages = {EvalStage::kKeyword, EvalStage::kVector, EvalStage::kHybrid}};
const EvalOptions kWords{.stages = {EvalStage::kKeyword}};
const EvalOptions kVectors{.stages = {EvalStage::kVector}};
const EvalOptions kReranked{.stages = {EvalStage::kRerank}};
const EvalOptions kCut{.stages = {EvalStage::kHybrid}, .passages = EvalCut::kChunks};

TEST(EvalSettings, TakesWhatTheMeasurementReads) {
  EXPECT_EQ(refusal({}, kUsual), "");
  EXPECT_EQ(refusal({{"JACKDAW_STEM", "true"}, {"JACKDAW_FUSION", "scores"}, {"JACKDAW_CANDIDATES", "9"}}, kUsual), "");
  EXPECT_EQ(refusal({{"JACKDAW_RERANKER", "l12"}, {"JACKDAW_EMBEDDER", "hash"}}, kReranked), "");
  EXPECT_EQ(refusal({{"JACKDAW_CHUNKS", "sections"}, {"JACKDAW_EMBEDDED_CONTEXT", "title"}}, kCut), "");
}

TEST(EvalSettings, NamesEachThatWouldDoNothing) {
  const std::string sentence = refusal(
      {{"JACKDAW_STEM", "true"}, {"JACKDAW_TOP_K", "5"}, {"JACKDAW_DROP_DUPLICATES", "false"}, {"JACKDAW_CHUNKS", "x"}},
      kUsual);
  EXPECT_EQ(sentence,
            "--with gives what this measurement does not read: JACKDAW_CHUNKS (--passages chunks reads it), "
            "JACKDAW_DROP_DUPLICATES (it is no part of what is measured), JACKDAW_TOP_K (it is no part of what is "
            "measured). Leave it out.");
  EXPECT_NE(refusal({{"JACKDAW_RERANK_BUDGET_MS", "0"}}, kReranked).find("--depth"), std::string::npos);
}

TEST(EvalSettings, KnowsWhichStageReadsThem) {
  EXPECT_NE(refusal({{"JACKDAW_RERANKER", "l12"}}, kUsual), "");
  EXPECT_NE(refusal({{"JACKDAW_FUSION", "scores"}}, kWords), "");
  EXPECT_NE(refusal({{"JACKDAW_EMBEDDER", "hash"}}, kWords), "");
  EXPECT_NE(refusal({{"JACKDAW_STEM", "true"}}, kVectors), "");
  EXPECT_NE(refusal({{"JACKDAW_EMBEDDED_CONTEXT", "title"}}, {kWords.stages, EvalCut::kChunks}), "");
  EXPECT_NE(refusal({{"JACKDAW_EMBEDDED_CONTEXT", "title"}}, kUsual), "");
}

// A name in the table that no setting has any more would be missing here.
TEST(EvalSettings, AreNineteenOfTheProgramsSettings) {
  const EvalOptions all{.stages = {kEvalStages.begin(), kEvalStages.end()}, .passages = EvalCut::kChunks};
  const auto is_read = [&](const Setting& s) { return refusal({{std::string(s.variable), "x"}}, all).empty(); };
  EXPECT_EQ(std::ranges::count_if(settings(), is_read), 19);
}

}  // namespace
}  // namespace jackdaw::server
