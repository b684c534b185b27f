#include "inference/encoder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <random>
#include <thread>

#include "core/error.h"
#include "tests/support/random_encoder.h"
#include "tests/support/reference_encoder.h"

namespace jackdaw::inference {
namespace {

using testing::kSomeSource;
using testing::RandomEncoder;

// States are about one in size. fp32 differs from doubles in its last bits. In 8 bits a value that lies between two
// numbers may fall to the other side, which moves states by a part of a step and now and then the next layer's too.
constexpr double kFp32Tolerance = 1e-4;
constexpr double kInt8Tolerance = 0.1;
constexpr double kInt8MeanTolerance = 2e-3;

std::shared_ptr<const EncoderFile> file_of(const RandomEncoder& model, Precision precision,
                                           Additions additions = Additions::kFour) {
  return std::make_shared<const EncoderFile>(encode_encoder(model.weights(), precision, additions, kSomeSource),
                                             "some.encoder", kSomeSource);
}

PackedBatch random_batch(const EncoderShape& shape, const std::vector<std::size_t>& lengths, std::mt19937& random) {
  PackedBatch batch{.lengths = lengths};
  for (const std::size_t length : lengths) {
    for (std::size_t i = 0; i < length; ++i) {
      batch.ids.push_back(static_cast<std::int32_t>(random() % shape.vocabulary));
      batch.types.push_back(i < length / 2 ? 0 : 1);
    }
  }
  return batch;
}

// One sequence of a batch as a batch of its own.
PackedBatch alone(const PackedBatch& batch, std::size_t first, std::size_t length) {
  const auto begin = static_cast<std::ptrdiff_t>(first), end = static_cast<std::ptrdiff_t>(first + length);
  return {.ids = {batch.ids.begin() + begin, batch.ids.begin() + end},
          .types = {batch.types.begin() + begin, batch.types.begin() + end},
          .lengths = {length}};
}

EncoderShape shape_of(std::size_t layers, std::size_t hidden, std::size_t head_width, std::size_t positions) {
  return {.layers = layers,
          .heads = hidden / head_width,
          .hidden = hidden,
          .intermediate = hidden == 64 ? 80 : 2 * hidden,
          .vocabulary = 53,
          .positions = positions,
          .types = 2,
          .has_classifier = true};
}

struct Distance {
  double most = 0;
  double mean = 0;
};

Distance distance(const std::vector<float>& got, const testing::Rows& expected) {
  Distance out;
  const std::size_t hidden = expected[0].size();
  for (std::size_t i = 0; i < got.size(); ++i) {
    const double off = std::abs(got[i] - expected[i / hidden][i % hidden]);
    out.most = std::max(out.most, std::isnan(off) ? 1e300 : off);
    out.mean += off / static_cast<double>(got.size());
  }
  return out;
}

// Every set of kernels that the machine has, in both precisions, on a batch of some sequences.
void expect_reference(const EncoderShape& shape, const std::vector<std::size_t>& lengths, std::uint32_t seed) {
  std::mt19937 random(seed);
  const RandomEncoder model(shape, seed);
  const PackedBatch batch = random_batch(shape, lengths, random);
  for (const Precision precision : {Precision::kFp32, Precision::kInt8}) {
    const auto file = file_of(model, precision, seed % 2 == 0 ? Additions::kTwo : Additions::kFour);
    const testing::PlainModel plain =
        precision == Precision::kFp32 ? testing::plain(model.weights()) : testing::plain(model.weights(), *file);
    testing::Rows expected;
    std::vector<double> logits;
    std::size_t first = 0;
    for (const std::size_t length : lengths) {
      const PackedBatch one = alone(batch, first, length);
      testing::Rows states = testing::plain_states(plain, one.ids, one.types);
      logits.push_back(testing::plain_logit(plain, states[0]));
      std::ranges::move(states, std::back_inserter(expected));
      first += length;
    }
    for (const Kernels& kernels : kernel_sets()) {
      SCOPED_TRACE(std::string(kernels.name) + (precision == Precision::kFp32 ? ", fp32" : ", int8"));
      const Encoder encoder(file, kernels);
      const Distance off = distance(encoder.states(batch, Cancellation()), expected);
      EXPECT_LE(off.most, precision == Precision::kFp32 ? kFp32Tolerance : kInt8Tolerance);
      EXPECT_LE(off.mean, precision == Precision::kFp32 ? kFp32Tolerance : kInt8MeanTolerance);
      const auto got = encoder.logits(batch, Cancellation());
      ASSERT_EQ(got.size(), logits.size());
      for (std::size_t i = 0; i < got.size(); ++i) {
        EXPECT_NEAR(got[i], logits[i], precision == Precision::kFp32 ? kFp32Tolerance : kInt8Tolerance);
      }
    }
  }
}

TEST(Encoder, AgreesWithThePlainModelInEveryShape) {
  std::uint32_t seed = 1;
  for (const std::size_t hidden : {32, 64, 128}) {
    for (const std::size_t head_width : {16, 32, 64}) {
      if (head_width > hidden) continue;
      const EncoderShape shape = shape_of(1 + seed % 3, hidden, head_width, 60);
      SCOPED_TRACE(std::to_string(shape.layers) + " layers of " + std::to_string(hidden) + ", heads of " +
                   std::to_string(head_width));
      expect_reference(shape, {1, 17, 5, 48, 2}, seed++);
    }
  }
}

TEST(Encoder, AgreesWithThePlainModelOnSequencesOfManyLengths) {
  const EncoderShape shape = shape_of(1, 32, 16, 512);
  expect_reference(shape, {1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 15, 16, 23, 31, 32, 33, 47, 49}, 21);
  expect_reference(shape, {63, 64, 65, 97}, 22);
  expect_reference(shape, {255}, 23);
  expect_reference(shape, {512}, 24);
}

TEST(Encoder, LosesLittleInEightBits) {
  const EncoderShape shape = shape_of(3, 128, 32, 64);
  const RandomEncoder model(shape, 5);
  std::mt19937 random(5);
  const PackedBatch batch = random_batch(shape, {60}, random);
  const auto exact = Encoder(file_of(model, Precision::kFp32)).states(batch, Cancellation());
  for (const Additions additions : {Additions::kTwo, Additions::kFour}) {
    const auto rounded = Encoder(file_of(model, Precision::kInt8, additions)).states(batch, Cancellation());
    double product = 0, squares = 0, others = 0;
    for (std::size_t i = 0; i < exact.size(); ++i) {
      product += static_cast<double>(exact[i]) * rounded[i];
      squares += static_cast<double>(exact[i]) * exact[i];
      others += static_cast<double>(rounded[i]) * rounded[i];
    }
    EXPECT_GE(product / std::sqrt(squares * others), 0.99);
  }
}

TEST(Encoder, GivesASequenceTheSameBitsInAnyBatch) {
  std::mt19937 random(6);
  for (const Precision precision : {Precision::kFp32, Precision::kInt8}) {
    const EncoderShape shape = shape_of(2, 64, 32, 128);
    const RandomEncoder model(shape, 6);
    const auto file = file_of(model, precision);
    for (const Kernels& kernels : kernel_sets()) {
      const Encoder encoder(file, kernels);
      for (int round = 0; round < 6; ++round) {
        std::vector<std::size_t> lengths(1 + random() % 7);
        for (std::size_t& length : lengths) length = 1 + random() % (round == 0 ? 128 : 40);
        const PackedBatch batch = random_batch(shape, lengths, random);
        const auto together = encoder.states(batch, Cancellation());
        const auto logits = encoder.logits(batch, Cancellation());
        std::size_t first = 0;
        for (std::size_t i = 0; i < lengths.size(); ++i) {
          const PackedBatch one = alone(batch, first, lengths[i]);
          const auto states = encoder.states(one, Cancellation());
          EXPECT_TRUE(std::ranges::equal(states, std::span(together).subspan(first * shape.hidden, states.size())));
          EXPECT_EQ(encoder.logits(one, Cancellation()), std::vector<float>{logits[i]});
          first += lengths[i];
        }
      }
    }
  }
}

TEST(Encoder, GivesTheSameToThreadsThatComputeAtOnce) {
  const EncoderShape shape = shape_of(2, 64, 32, 128);
  const RandomEncoder model(shape, 7);
  const Encoder encoder(file_of(model, Precision::kInt8));
  std::mt19937 random(7);
  std::vector<PackedBatch> batches;
  std::vector<std::vector<float>> expected;
  for (const std::size_t length : {100, 3, 41, 77, 1, 128}) {
    batches.push_back(random_batch(shape, {length}, random));
    expected.push_back(encoder.states(batches.back(), Cancellation()));
  }
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t i = 0; i < 30; ++i) {
        const std::size_t which = (i + 2 * t) % batches.size();
        if (encoder.states(batches[which], Cancellation()) != expected[which]) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

// A set of kernels that asks for the end in the first layer, and counts the layers that it still sees.
struct Stop {
  static inline Cancellation signal;
  static inline int layers = 0;
  static void attend(const float* qkv, std::size_t tokens, const AttentionShape& shape, float* scratch, float* out) {
    ++layers;
    signal.cancel(CancelReason::kClient);
    kernel_sets().front().attend(qkv, tokens, shape, scratch, out);
  }
};

TEST(Encoder, StopsBetweenLayers) {
  const EncoderShape shape = shape_of(3, 32, 16, 16);
  const RandomEncoder model(shape, 8);
  Kernels kernels = kernel_sets().front();
  kernels.attend = Stop::attend;
  const Encoder encoder(file_of(model, Precision::kInt8), kernels);
  std::mt19937 random(8);
  const PackedBatch batch = random_batch(shape, {9}, random);
  Stop::signal = Cancellation();
  Stop::layers = 0;
  try {
    encoder.states(batch, Stop::signal);
    FAIL() << "did not throw";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCancelled);
  }
  EXPECT_EQ(Stop::layers, 1);
  EXPECT_THROW(encoder.logits(batch, Stop::signal), Error);
  EXPECT_EQ(Stop::layers, 1);
}

TEST(Encoder, TakesABatchOfNothing) {
  const RandomEncoder model(shape_of(1, 32, 16, 8), 9);
  const Encoder encoder(file_of(model, Precision::kInt8));
  EXPECT_TRUE(encoder.states({}, Cancellation()).empty());
  EXPECT_TRUE(encoder.logits({}, Cancellation()).empty());
}

// Matrices from almost nothing to scores of millions.
TEST(Encoder, GivesNumbersForExtremeWeights) {
  std::mt19937 random(10);
  const EncoderShape shape = shape_of(3, 32, 16, 64);
  for (const float spread : {0.0F, 1e-38F, 1e-20F, 30.0F, 1e3F, 1e6F}) {
    const RandomEncoder model(shape, 10, spread);
    for (const Precision precision : {Precision::kFp32, Precision::kInt8}) {
      const auto file = file_of(model, precision);
      for (const Kernels& kernels : kernel_sets()) {
        const Encoder encoder(file, kernels);
        const PackedBatch batch = random_batch(shape, {64, 1, 7}, random);
        for (const float x : encoder.states(batch, Cancellation())) ASSERT_TRUE(std::isfinite(x)) << spread;
        for (const float x : encoder.logits(batch, Cancellation())) ASSERT_TRUE(std::isfinite(x)) << spread;
      }
    }
  }
}

}  // namespace
}  // namespace jackdaw::inference
