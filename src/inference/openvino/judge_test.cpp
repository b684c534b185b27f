#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "inference/cross_encoder.h"
#include "inference/local_embedder.h"
#include "inference/openvino/session.h"
#include "inference/pooling.h"
#include "inference/wordpiece.h"
#include "tests/support/inference_files.h"

// Another runtime with the same weights: what it computes in fp32, the engine must too.
namespace jackdaw::inference {
namespace {

using testing::has_models;
using testing::kNoModels;
using testing::models_dir;
using testing::text_of;

constexpr std::size_t kWindow = 256;      // of the embedder, and of a question
constexpr std::size_t kPairWindow = 512;  // of a question and a passage together

std::filesystem::path golden(const char* name) {
  return std::filesystem::path(JACKDAW_SOURCE_DIR) / "tests/data/inference" / name;
}

PackedBatch batch_of(const Encoding& encoding) {
  return pack(std::span(&encoding, 1), {0});
}

TEST(OpenVino, AgreesWithTheEmbedder) {
  if (!has_models()) GTEST_SKIP() << kNoModels;
  const auto folder = models_dir() / "all-MiniLM-L6-v2";
  const WordPiece words = WordPiece::read(folder / "vocab.txt");
  Session judge(folder / "model.safetensors", Head::kNone, {.cache_dir = {}, .threads = 1});
  LocalEmbedder embedder({.model_dir = models_dir(), .cache_dir = {}, .precision = Precision::kFp32});
  for (const auto& line : testing::read_json_lines(golden("embeddings.jsonl"))) {
    const std::string text = text_of(line, "text");
    const Encoding encoding = encode(words.special_ids(), words.tokenize(text, kWindow), kWindow);
    const std::vector<float> expected = mean_unit(judge.run(batch_of(encoding)), judge.hidden());
    const std::vector<std::string_view> texts{text};
    const Embedding got = embedder.embed(texts, Cancellation()).front();
    double cosine = 0;
    for (std::size_t i = 0; i < got.size(); ++i) cosine += static_cast<double>(got[i]) * expected[i];
    EXPECT_GE(cosine, 0.99999) << text;
  }
}

TEST(OpenVino, AgreesWithTheCrossEncoder) {
  if (!has_models()) GTEST_SKIP() << kNoModels;
  constexpr const char* kModel = "ms-marco-MiniLM-L-12-v2";
  const WordPiece words = WordPiece::read(models_dir() / kModel / "vocab.txt");
  Session judge(models_dir() / kModel / "model.onnx", Head::kClassifier, {.cache_dir = {}, .threads = 1});
  CrossEncoder encoder({.model_dir = models_dir(), .cache_dir = {}, .model = kModel, .precision = Precision::kFp32});
  for (const auto& line : testing::read_json_lines(golden("logits.jsonl"))) {
    const std::string question = text_of(line, "question");
    const std::string passage = text_of(line, "passage");
    const Encoding encoding = encode_pair(words.special_ids(), words.tokenize(question, kWindow),
                                          words.tokenize(passage, kPairWindow), kPairWindow, Truncation::kOnlySecond);
    const std::vector<std::string_view> passages{passage};
    EXPECT_NEAR(encoder.score(question, passages, Cancellation()).front(), judge.run(batch_of(encoding)).front(), 0.01)
        << question << " | " << passage;
  }
}

}  // namespace
}  // namespace jackdaw::inference
