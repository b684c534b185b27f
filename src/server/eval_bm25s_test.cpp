#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include <array>
#include <string_view>

#include "core/text_extractor.h"
#include "server/eval_run.h"
#include "server/eval_sets.h"
#include "tests/support/test_data.h"

namespace jackdaw::server {
namespace {

// nDCG@10 of bm25s 0.3.16, method "lucene", k1 = 1.2, b = 0.75, over the terms of Analyzer's defaults: the output of
// tools/bm25s_reference.py, which says how to repeat it.
struct Reference {
  std::string_view set;
  double ndcg;
};
constexpr std::array kBm25s{Reference{"scifact", 0.69948}, Reference{"mtrag", 0.62198}, Reference{"clapnq", 0.95339},
                            Reference{"xquad", 0.97001}, Reference{"vespa-rag-blueprint", 0.86136}};

class NoExtractor : public TextExtractor {
 public:
  ExtractionSummary extract(const ExtractionRequest&, const ExtractionEvents&, const Cancellation&) override {
    ADD_FAILURE() << "these sets need no extraction";
    return {};
  }
};

TEST(EvalBm25s, KeywordSearchIsAsGoodAsBm25sOverTheSameTerms) {
  const auto folder = testing::test_data(JACKDAW_SOURCE_DIR) / "retrieval";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " is absent: set JACKDAW_TEST_DATA to the test data.";
  NoExtractor extractor;
  Compute compute({.name = "compute", .threads = 1});
  Evaluation evaluation(Config(), {}, compute, {});
  for (const Reference& reference : kBm25s) {
    const EvalSet set = find_eval_set(std::string(reference.set), {folder, "", extractor, {}}, Cancellation());
    boost::asio::io_context context;
    const EvalOptions options{{EvalStage::kKeyword}, EvalCut::kWhole, 20};
    auto run = boost::asio::co_spawn(context, evaluation.run(set, options, Cancellation()), boost::asio::use_future);
    context.run();
    const double ndcg = mean(run.get().rows.at(0).scores.at(Metric::kNdcg10));
    RecordProperty(std::string(reference.set), std::to_string(ndcg));
    EXPECT_NEAR(ndcg, reference.ndcg, 0.003) << reference.set;
  }
}

}  // namespace
}  // namespace jackdaw::server
