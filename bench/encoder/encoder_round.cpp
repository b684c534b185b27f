// One round of compare.py: runs packed batches through a model on some threads and prints one line of JSON.
//
//   encoder_round MODELS MODEL int8|fp32 SEQUENCES TOKENS THREADS SECONDS
//   encoder_round MODELS MODEL start                        time to map the model and run 12 tokens, memory after it
//   encoder_round peak                                       GMAC/s of the large products and of a loop in registers

#include <unistd.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "core/clock.h"
#include "inference/encoder.h"
#include "inference/prepared_encoder.h"

namespace jackdaw::inference {
namespace {

PackedBatch some_batch(std::size_t sequences, std::size_t tokens, std::size_t vocabulary) {
  std::mt19937 random(1);
  PackedBatch batch;
  for (std::size_t i = 0; i < sequences * tokens; ++i) {
    batch.ids.push_back(static_cast<std::int32_t>(1000 + random() % (vocabulary - 1000)));
    batch.types.push_back(0);
  }
  batch.lengths.assign(sequences, tokens);
  return batch;
}

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  statm >> total >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

// Batches of at most 256 tokens, taken by the threads in turn until all sequences are done; again until time is up.
int measure(const Encoder& encoder, std::size_t sequences, std::size_t tokens, std::size_t threads, double seconds) {
  const std::size_t in_batch = std::max<std::size_t>(1, std::min(sequences / threads, 256 / tokens));
  const std::size_t batches = (sequences + in_batch - 1) / in_batch;
  const PackedBatch batch = some_batch(in_batch, tokens, encoder.shape().vocabulary);
  std::vector<double> times;
  const Stopwatch all;
  while (times.size() < 3 || all.elapsed_ms() < seconds * 1000) {
    const Stopwatch watch;
    std::atomic<std::size_t> next = 0;
    const auto work = [&] {
      while (next++ < batches) {
        if (encoder.shape().has_classifier)
          encoder.logits(batch, Cancellation());
        else
          encoder.states(batch, Cancellation());
      }
    };
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < threads; ++i) others.emplace_back(work);
    work();
    others.clear();
    times.push_back(watch.elapsed_ms());
  }
  std::ranges::sort(times);
  std::printf("{\"p50_ms\": %.3f, \"best_ms\": %.3f, \"runs\": %zu, \"tokens\": %zu}\n", times[times.size() / 2],
              times.front(), times.size(), batches * in_batch * tokens);
  return 0;
}

int start(const std::string& models, const std::string& name) {
  const std::size_t before = resident_bytes();
  const Stopwatch watch;
  const auto file = open_encoder(encoder_model(name), Precision::kInt8, models, {});
  const Encoder encoder(file);
  encoder.states(some_batch(1, 12, encoder.shape().vocabulary), Cancellation());
  const double ms = watch.elapsed_ms();
  std::printf("{\"start_ms\": %.1f, \"file_bytes\": %zu, \"resident_bytes\": %zu}\n", ms, file->bytes(),
              resident_bytes() - before);
  return 0;
}

double best_ms(const std::function<void()>& work) {
  double best = 1e9;
  for (int i = 0; i < 40; ++i) {
    const Stopwatch watch;
    work();
    best = std::min(best, watch.elapsed_ms());
  }
  return best;
}

void products(std::size_t inputs, std::size_t outputs) {
  constexpr std::size_t kRows = 120;
  std::mt19937 random(2);
  const auto storage = std::make_unique<std::byte[]>(inputs * outputs + 64);
  auto* const weights =
      reinterpret_cast<std::int8_t*>((reinterpret_cast<std::uintptr_t>(storage.get()) + 63) / 64 * 64);
  for (std::size_t i = 0; i < inputs * outputs; ++i) weights[i] = static_cast<std::int8_t>(random() % 31 - 15);
  const std::vector<float> ones(outputs, 1.0F);
  const std::vector<std::int32_t> offsets(outputs);
  const std::vector<std::uint8_t> rows(kRows * inputs, 77);
  const std::vector<float> scales(kRows, 1.0F);
  std::vector<float> out(kRows * outputs);
  const QuantizedMatrix matrix{weights, ones.data(), ones.data(), offsets.data(), inputs, outputs, Additions::kFour};
  for (const Kernels& kernels : kernel_sets()) {
    const double ms =
        best_ms([&] { kernels.multiply_s8(matrix, {rows.data(), scales.data(), kRows}, Finish::kStore, out.data()); });
    std::printf("%s %zux%zu %.1f GMAC/s\n", kernels.name.data(), inputs, outputs,
                static_cast<double>(kRows * inputs * outputs) / ms / 1e6);
  }
}

#if defined(__x86_64__)
// Four maddubs, their sum, one madd, one addition for each of six sums: what the AVX2 tile does, without memory. Gives
// something of the result, so that nothing is left out.
__attribute__((target("avx2"))) int sums_in_registers(int rounds) {
  __m256i sums[6] = {};
  __m256i bytes = _mm256_set1_epi8(3);
  const __m256i weights = _mm256_set1_epi8(5);
  const __m256i ones = _mm256_set1_epi16(1);
  for (int i = 0; i < rounds; ++i) {
#pragma GCC unroll 6
    for (auto& sum : sums) {
      asm volatile("" : "+x"(bytes));
      __m256i four = _mm256_maddubs_epi16(bytes, weights);
#pragma GCC unroll 3
      for (int k = 1; k < 4; ++k) {
        asm volatile("" : "+x"(bytes));
        four = _mm256_add_epi16(four, _mm256_maddubs_epi16(bytes, weights));
      }
      sum = _mm256_add_epi32(sum, _mm256_madd_epi16(four, ones));
    }
  }
  int total = 0;
  for (const auto& sum : sums) total += _mm256_extract_epi32(sum, 0);
  return total;
}

void peak_avx2() {
  constexpr int kRounds = 1'000'000;
  volatile int result = 0;
  const double ms = best_ms([&] { result = sums_in_registers(kRounds); });
  std::printf("avx2 peak in registers %.1f GMAC/s\n", 6.0 * 128 * kRounds / ms / 1e6);
}
#endif

int peak() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) peak_avx2();
#endif
  products(384, 1152);
  products(384, 1536);
  products(1536, 384);
  return 0;
}

}  // namespace
}  // namespace jackdaw::inference

int main(int count, char** words) {
  using namespace jackdaw::inference;
  const std::vector<std::string> arguments(words + 1, words + count);
  if (arguments.size() == 1 && arguments[0] == "peak") return peak();
  if (arguments.size() == 3 && arguments[2] == "start") return start(arguments[0], arguments[1]);
  if (arguments.size() != 7) {
    std::cerr << "See the comment at the head of encoder_round.cpp.\n";
    return 2;
  }
  const Precision precision = arguments[2] == "fp32" ? Precision::kFp32 : Precision::kInt8;
  const Encoder encoder(open_encoder(encoder_model(arguments[1]), precision, arguments[0], {}));
  return measure(encoder, std::stoul(arguments[3]), std::stoul(arguments[4]), std::stoul(arguments[5]),
                 std::stod(arguments[6]));
}
