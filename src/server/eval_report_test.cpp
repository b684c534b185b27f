#include "server/eval_report.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "core/error.h"

namespace jackdaw::server {
namespace {

EvalRow row(EvalStage stage, const std::vector<double>& scores) {
  EvalRow made{stage, {}};
  for (const Metric metric : kMetrics) made.scores[metric] = scores;
  return made;
}

EvalSetReport one_set() {
  EvalRun run;
  run.passages = 7;
  run.embedder = "a model";
  run.depth = 20;
  run.rows = {row(EvalStage::kKeyword, {0.5, 0.5}), row(EvalStage::kHybrid, {1.0, 0.5})};
  run.times["keyword"] = {1, 2, 3};
  return {"things", 5, 2, 9, 3, {{"with", {{"JACKDAW_STEM", "false"}}, run}}};
}

EvalReport report(std::vector<EvalSetReport> sets) {
  return {std::move(sets), "whole", 1};
}

TEST(EvalReport, OneConfigurationComparesItsStages) {
  const auto all = comparisons(one_set(), 1);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].ours, "hybrid");
  EXPECT_EQ(all[0].theirs, "keyword");
  EXPECT_DOUBLE_EQ(all[0].differences.at(Metric::kNdcg10).mean, 0.25);
}

TEST(EvalReport, TwoConfigurationsAreComparedStageByStage) {
  EvalSetReport set = one_set();
  set.configurations.push_back(set.configurations.front());
  set.configurations.back().name = "against";
  set.configurations.back().run.rows[0] = row(EvalStage::kKeyword, {0.25, 0.25});
  const auto all = comparisons(set, 1);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].ours, "with keyword");
  EXPECT_EQ(all[0].theirs, "against keyword");
  EXPECT_DOUBLE_EQ(all[0].differences.at(Metric::kMrr10).mean, 0.25);
  EXPECT_DOUBLE_EQ(all[1].differences.at(Metric::kMrr10).mean, 0);
}

TEST(EvalReport, TextSaysWhatWasMeasuredAndHow) {
  const std::string text = to_text(report({one_set()}));
  EXPECT_NE(text.find("things: 5 texts, 2 questions of 9 (drawn with seed 1), 3 more without a judgement left out; "
                      "JACKDAW_STEM=false, 7 passages, a model"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("hybrid"), std::string::npos);
  EXPECT_NE(text.find("0.7500"), std::string::npos);
  EXPECT_NE(text.find("hybrid - keyword  +0.2500"), std::string::npos) << text;
  EXPECT_NE(text.find("2.000"), std::string::npos) << "the median time";
}

TEST(EvalReport, MarkdownTablesHaveAsManyCellsInEachRow) {
  const std::string text = to_markdown(report({one_set(), one_set()}));
  EXPECT_NE(text.find("| hybrid | 0.7500 | [0.5000, 1.0000] | 0.7500 |"), std::string::npos) << text;
  EXPECT_NE(text.find("| mean of the sets | nDCG@10 |"), std::string::npos) << text;
}

TEST(EvalReport, JsonHoldsEveryFigure) {
  const auto object = boost::json::parse(to_json_text(report({one_set()}))).as_object();
  const auto& set = object.at("sets").as_array().at(0).as_object();
  EXPECT_EQ(set.at("queries").as_int64(), 2);
  const auto& configuration = set.at("configurations").as_array().at(0).as_object();
  EXPECT_EQ(configuration.at("settings").as_object().at("JACKDAW_STEM").as_string(), "false");
  EXPECT_EQ(configuration.at("depth").as_int64(), 20);
  const auto& stage = configuration.at("stages").as_array().at(1).as_object();
  EXPECT_EQ(stage.at("stage").as_string(), "hybrid");
  EXPECT_DOUBLE_EQ(stage.at("ndcg@10").as_object().at("mean").to_number<double>(), 0.75);
  EXPECT_EQ(configuration.at("times").as_object().at("keyword").as_object().at("samples").as_int64(), 3);
  const auto& comparison = set.at("comparisons").as_array().at(0).as_object();
  EXPECT_DOUBLE_EQ(comparison.at("ndcg@10").as_object().at("difference").to_number<double>(), 0.25);
}

TEST(EvalReport, AFloorNamesAMetricAndPerhapsAStage) {
  EXPECT_EQ(parse_floor("recall@20=0.5").metric, Metric::kRecall20);
  EXPECT_FALSE(parse_floor("recall@20=0.5").stage);
  EXPECT_EQ(parse_floor("rerank:mrr@10=1").stage, EvalStage::kRerank);
  for (const char* wrong : {"", "ndcg@10", "ndcg@10=", "ndcg@10=x", "ndcg@10=1.5", "ndcg@10=-1", "ndcg@10=0.5x",
                            "ndcg=0.5", "best:ndcg@10=0.5", "=0.5", "ndcg@10=nan"}) {
    EXPECT_THROW(parse_floor(wrong), Error) << wrong;
  }
}

TEST(EvalReport, OnlyWhatLiesBelowItsFloorIsNamed) {
  const EvalReport made = report({one_set()});
  EXPECT_TRUE(below(made, {parse_floor("ndcg@10=0.5")}).empty());
  EXPECT_EQ(below(made, {parse_floor("ndcg@10=0.6")}),
            std::vector<std::string>{"things: ndcg@10 of keyword is 0.5000, below 0.6000."});
  EXPECT_TRUE(below(made, {parse_floor("hybrid:ndcg@10=0.6")}).empty());
  EXPECT_EQ(below(made, {parse_floor("ndcg@10=0.9")}).size(), 2U);
}

}  // namespace
}  // namespace jackdaw::server
