#include <gtest/gtest.h>

#include <cmath>

#include "inference/encoder.h"
#include "inference/prepared_encoder.h"
#include "tests/support/inference_files.h"

// The small rerankers against the logits that come with their weights.
namespace jackdaw::inference {
namespace {

constexpr double kTolerance = 0.15;  // of the models' cards: a rounded activation may fall to the other side

struct ReferencePair {
  PackedBatch batch;
  double logit = 0;
};

std::vector<ReferencePair> reference_pairs(const std::filesystem::path& path) {
  std::vector<ReferencePair> pairs;
  for (const auto& line : testing::read_json_lines(path)) {
    ReferencePair& pair = pairs.emplace_back();
    for (const auto& id : line.at("ids").as_array()) pair.batch.ids.push_back(id.to_number<std::int32_t>());
    for (const auto& type : line.at("type_ids").as_array()) pair.batch.types.push_back(type.to_number<std::uint8_t>());
    pair.batch.lengths = {pair.batch.ids.size()};
    pair.logit = line.at("logit").to_number<double>();
  }
  return pairs;
}

class ReferenceLogits : public ::testing::TestWithParam<const char*> {};

TEST_P(ReferenceLogits, AreMetByEverySetOfKernels) {
  const auto models = testing::models_dir();
  const auto folder = models / GetParam();
  if (!std::filesystem::exists(folder / "reference.jsonl") || !std::filesystem::exists(folder / "model.safetensors")) {
    GTEST_SKIP() << "No reference.jsonl lies beside the weights in " << folder;
  }
  const auto pairs = reference_pairs(folder / "reference.jsonl");
  ASSERT_EQ(pairs.size(), 20U);
  const auto file = open_encoder(encoder_model(GetParam()), Precision::kInt8, models, {});
  for (const Kernels& kernels : kernel_sets()) {
    const Encoder encoder(file, kernels);
    std::size_t tokens_left = kernels.name == "portable" ? 120 : 100'000;
    for (const ReferencePair& pair : pairs) {
      if (pair.batch.ids.size() > tokens_left) continue;
      tokens_left -= pair.batch.ids.size();
      EXPECT_NEAR(encoder.logits(pair.batch, Cancellation()).front(), pair.logit, kTolerance)
          << kernels.name << ", " << pair.batch.ids.size() << " tokens";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Rerankers, ReferenceLogits, ::testing::Values("jackdaw-rerank-l6"),
                         [](const auto& name) { return std::string(name.param).substr(15); });

}  // namespace
}  // namespace jackdaw::inference
