// The models on one thread, as a question and an upload use them. Needs the model files (JACKDAW_TEST_MODELS or
// third_party/models under the working folder).

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "inference/cross_encoder.h"
#include "inference/local_embedder.h"

namespace jackdaw::inference {
namespace {

std::filesystem::path models_dir() {
  const char* given = std::getenv("JACKDAW_TEST_MODELS");
  return given != nullptr ? given : "third_party/models";
}

// One token for each word.
std::string words(std::size_t count) {
  constexpr const char* kWords[] = {"water ", "price ", "unit ", "heat ", "city ", "people ", "year ", "table "};
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += kWords[i * 5 % 8];
  return text;
}

LocalEmbedder& embedder() {
  static LocalEmbedder made({.model_dir = models_dir(), .cache_dir = {}});
  return made;
}

void embed(benchmark::State& state, std::size_t texts, std::size_t tokens) {
  const std::string text = words(tokens - 2);
  const std::vector<std::string_view> batch(texts, text);
  for (auto _ : state) benchmark::DoNotOptimize(embedder().embed(batch, Cancellation()));
  state.counters["tokens/s"] =
      benchmark::Counter(static_cast<double>(texts * tokens), benchmark::Counter::kIsIterationInvariantRate);
}

void EmbedQuery(benchmark::State& state) {
  embed(state, 1, 12);
}
void EmbedPassages(benchmark::State& state) {
  embed(state, 16, 128);
}

void RerankTwentyPairs(benchmark::State& state) {
  static CrossEncoder encoder({.model_dir = models_dir(), .cache_dir = {}});
  const std::string passage = words(160 - 12 - 3);
  const std::string question = words(12);
  const std::vector<std::string_view> passages(20, passage);
  for (auto _ : state) benchmark::DoNotOptimize(encoder.score(question, passages, Cancellation()));
  state.counters["tokens/s"] = benchmark::Counter(20 * 160, benchmark::Counter::kIsIterationInvariantRate);
}

BENCHMARK(EmbedQuery)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime();
BENCHMARK(EmbedPassages)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime();
BENCHMARK(RerankTwentyPairs)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime()->Iterations(3);

}  // namespace
}  // namespace jackdaw::inference
