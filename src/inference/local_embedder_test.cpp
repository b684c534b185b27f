#include "inference/local_embedder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <thread>

#include "core/clock.h"
#include "core/error.h"
#include "inference/encoder_file.h"
#include "inference/model_files.h"
#include "tests/support/inference_files.h"

namespace jackdaw::testing {
namespace {

using inference::LocalEmbedder;
using inference::Precision;

std::shared_ptr<Embedder> shared_embedder() {
  if (!has_models()) return nullptr;
  static const auto made = std::make_shared<LocalEmbedder>(inference::LocalEmbedderOptions{
      .model_dir = models_dir(), .cache_dir = {}, .precision = inference::Precision::kFp32});
  return made;
}

std::shared_ptr<Embedder> shared_int8_embedder() {
  if (!has_models()) return nullptr;
  static const auto made = std::make_shared<LocalEmbedder>(inference::LocalEmbedderOptions{
      .model_dir = models_dir(), .cache_dir = {}, .precision = inference::Precision::kInt8});
  return made;
}

double cosine(const Embedding& a, const Embedding& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

std::string decode_base64(std::string_view text) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text.substr(0, text.find('='))) {
    bits = bits << 6 | static_cast<std::uint32_t>(kDigits.find(c));
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out.push_back(static_cast<char>(bits >> count & 0xff));
  }
  return out;
}

Embedding decode_vector(std::string_view base64) {
  const std::string bytes = decode_base64(base64);
  Embedding out(bytes.size() / sizeof(float));
  std::memcpy(out.data(), bytes.data(), out.size() * sizeof(float));
  return out;
}

struct Golden {
  std::vector<std::string> texts;
  std::vector<Embedding> vectors;
  std::vector<std::string_view> views() const { return {texts.begin(), texts.end()}; }
};

Golden golden() {
  Golden out;
  for (const auto& line :
       read_json_lines(std::filesystem::path(JACKDAW_SOURCE_DIR) / "tests/data/inference/embeddings.jsonl")) {
    out.texts.push_back(text_of(line, "text"));
    out.vectors.push_back(decode_vector(text_of(line, "vector")));
  }
  return out;
}

// A collection keeps the name of what made its vectors and compares them with all that comes under that name. Who
// changes the weights, how they are rounded, or what a text is cut into changes the name in the same step, and this.
TEST(LocalEmbedder, KeepsItsNameAsLongAsItsVectorsAreTheSame) {
  if (!has_models()) GTEST_SKIP() << kNoModels;
  EXPECT_EQ(shared_embedder()->name(), "all-MiniLM-L6-v2/mean/fp32");
  EXPECT_EQ(shared_int8_embedder()->name(), "all-MiniLM-L6-v2/mean/int8");
  EXPECT_EQ(inference::kEncoderFileVersion, 1U);
  EXPECT_EQ(inference::LocalEmbedderOptions{}.max_tokens, 256U);
  const auto is_pin = [](const inference::ModelFile& file, std::string_view name, std::string_view sha256) {
    return file.model == inference::kEmbedderModel && file.name == name && file.sha256.starts_with(sha256);
  };
  const auto files = inference::model_files();
  EXPECT_EQ(std::ranges::count_if(files, [&](const auto& f) { return is_pin(f, "model.safetensors", "53aa5117"); }), 1);
  EXPECT_EQ(std::ranges::count_if(files, [&](const auto& f) { return is_pin(f, "vocab.txt", "07eced37"); }), 1);
}

TEST(LocalEmbedder, GivesTheVectorsOfTheReference) {
  if (!has_models()) GTEST_SKIP() << kNoModels;
  const Golden expected = golden();
  ASSERT_EQ(expected.texts.size(), 60U);
  const auto got = shared_embedder()->embed(expected.views(), Cancellation());
  for (std::size_t i = 0; i < got.size(); ++i) {
    ASSERT_EQ(expected.vectors[i].size(), 384U);
    EXPECT_GE(cosine(got[i], expected.vectors[i]), 0.9999) << expected.texts[i];
    for (std::size_t k = 0; k < got[i].size(); ++k) EXPECT_NEAR(got[i][k], expected.vectors[i][k], 2e-5);
  }
}

TEST(LocalEmbedder, GivesTheSameVectorsToThreadsThatComputeAtOnce) {
  if (!has_models()) GTEST_SKIP() << kNoModels;
  const Golden expected = golden();
  const auto views = expected.views();
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t i = t; i < 40; i += 3) {
        const auto got = shared_embedder()->embed(std::span(views).subspan(i, 1), Cancellation());
        if (cosine(got.front(), expected.vectors[i]) < 0.9999) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(LocalEmbedder, StopsBetweenBatches) {
  if (!has_models()) GTEST_SKIP() << kNoModels;
  const std::string text(1000, 'a');
  std::string passage;
  for (int i = 0; i < 120; ++i) passage += "word ";
  const std::vector<std::string_view> texts(400, passage);
  const Cancellation cancellation;
  std::thread canceller([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    cancellation.cancel(CancelReason::kDisconnect);
  });
  const Stopwatch watch;
  EXPECT_THROW(shared_embedder()->embed(texts, cancellation), Error);
  EXPECT_LT(watch.elapsed_ms(), 10'000);  // all of them would take at least 16 s of one core
  canceller.join();
}

// Some of these texts are a few odd characters, on which rounding shows most: passages come to 0.9966.
TEST(LocalEmbedder, StaysCloseToTheReferenceInEightBits) {
  if (!has_models()) GTEST_SKIP() << kNoModels;
  const Golden expected = golden();
  LocalEmbedder embedder({.model_dir = models_dir(), .cache_dir = {}});
  EXPECT_EQ(embedder.name(), "all-MiniLM-L6-v2/mean/int8");
  const auto got = embedder.embed(expected.views(), Cancellation());
  double sum = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    const double close = cosine(got[i], expected.vectors[i]);
    EXPECT_GE(close, 0.97) << expected.texts[i];
    sum += close;
  }
  EXPECT_GE(sum / static_cast<double>(got.size()), 0.993);
}

TEST(LocalEmbedder, GivesATextTheSameVectorToTheLastBitWhateverItsCompany) {
  if (!has_models()) GTEST_SKIP() << kNoModels;
  const std::vector<std::string_view> texts{"Ice floats.",
                                            "",
                                            "Water expands when it freezes, so that pipes burst in winter.",
                                            "Berlin",
                                            "What is the list price of the Magpie-7?",
                                            "Ice floats."};
  for (const Precision precision : {Precision::kInt8, Precision::kFp32}) {
    LocalEmbedder embedder({.model_dir = models_dir(), .cache_dir = {}, .precision = precision});
    const auto together = embedder.embed(texts, Cancellation());
    for (std::size_t i = 0; i < texts.size(); ++i) {
      EXPECT_EQ(embedder.embed(std::span(texts).subspan(i, 1), Cancellation()).front(), together[i]) << texts[i];
    }
  }
}

TEST(LocalEmbedder, SaysHowToGetAMissingModel) {
  const ScratchFolder folder;
  try {
    LocalEmbedder embedder({.model_dir = folder.path(), .cache_dir = {}});
    FAIL() << "did not throw";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
    EXPECT_NE(std::string(error.what()).find("jackdaw models pull"), std::string::npos) << error.what();
  }
}

TEST(LocalEmbedder, RefusesAWindowThatTheModelDoesNotHave) {
  if (!has_models()) GTEST_SKIP() << kNoModels;
  EXPECT_THROW(LocalEmbedder({.model_dir = models_dir(), .cache_dir = {}, .max_tokens = 513}), Error);
}

}  // namespace
}  // namespace jackdaw::testing
