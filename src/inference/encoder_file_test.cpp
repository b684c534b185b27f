#include "inference/encoder_file.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <random>

#include "core/checksum.h"
#include "core/error.h"
#include "inference/encoder_layout.h"
#include "inference/quantization.h"
#include "tests/support/inference_files.h"
#include "tests/support/random_encoder.h"
#include "tests/support/reference_encoder.h"

namespace jackdaw::inference {
namespace {

using testing::kSomeSource;
using testing::RandomEncoder;

constexpr EncoderShape kOddShape{.layers = 2,
                                 .heads = 3,
                                 .hidden = 48,
                                 .intermediate = 112,
                                 .vocabulary = 37,
                                 .positions = 19,
                                 .types = 3,
                                 .has_classifier = true};

std::vector<std::byte> sample(Precision precision = Precision::kInt8, const EncoderShape& shape = kOddShape) {
  return encode_encoder(RandomEncoder(shape).weights(), precision, Additions::kTwo, kSomeSource);
}

// What the file is refused with; fails the test when it is taken.
std::string refusal(std::vector<std::byte> bytes, const std::string& source = kSomeSource) {
  try {
    const EncoderFile file(std::move(bytes), "some.encoder", source);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
    const std::string sentence = error.what();
    EXPECT_NE(sentence.find("some.encoder"), std::string::npos) << sentence;
    return sentence;
  }
  ADD_FAILURE() << "The file was taken.";
  return {};
}

// Changes the header and gives it the checksum that then is right.
std::vector<std::byte> with_header(const std::function<void(EncoderHeader&)>& change,
                                   std::vector<std::byte> bytes = sample()) {
  EncoderHeader header;
  std::memcpy(&header, bytes.data(), sizeof(header));
  change(header);
  Checksum checksum;
  checksum.add(std::as_bytes(std::span(&header, 1)).first(sizeof(header) - sizeof(header.header_checksum)));
  header.header_checksum = checksum.value();
  std::memcpy(bytes.data(), &header, sizeof(header));
  return bytes;
}

void expect_words(const std::string& sentence, const std::string& words) {
  EXPECT_NE(sentence.find(words), std::string::npos) << sentence;
}

void expect_same(const testing::PlainLinear& expected, const FloatMatrix& matrix) {
  ASSERT_EQ(matrix.outputs, expected.weight.size());
  ASSERT_EQ(matrix.inputs, expected.weight[0].size());
  for (std::size_t o = 0; o < matrix.outputs; ++o) {
    EXPECT_EQ(matrix.bias[o], expected.bias[o]);
    for (std::size_t i = 0; i < matrix.inputs; ++i) {
      ASSERT_EQ(matrix.panels[(o / 16 * matrix.inputs + i) * 16 + o % 16], expected.weight[o][i]);
    }
  }
}

void expect_rounded(const testing::PlainLinear& expected, const QuantizedMatrix& matrix) {
  ASSERT_EQ(matrix.outputs, expected.weight.size());
  ASSERT_EQ(matrix.inputs, expected.weight[0].size());
  ASSERT_EQ(matrix.additions, Additions::kTwo);
  for (std::size_t o = 0; o < matrix.outputs; ++o) {
    const std::vector<float> weights(expected.weight[o].begin(), expected.weight[o].end());
    std::vector<std::int8_t> numbers(weights.size());
    EXPECT_EQ(matrix.scales[o], quantize_output(weights, numbers, Additions::kTwo));
    EXPECT_EQ(matrix.bias[o], expected.bias[o]);
    int sum = 0;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      ASSERT_EQ(matrix.panels[((o / 16 * (numbers.size() / 4) + i / 4) * 16 + o % 16) * 4 + i % 4], numbers[i]);
      sum += numbers[i];
    }
    EXPECT_EQ(matrix.offsets[o], 128 * sum);
  }
}

void expect_same(const testing::Row& expected, const float* numbers) {
  for (std::size_t i = 0; i < expected.size(); ++i) ASSERT_EQ(numbers[i], expected[i]);
}

// All but the words and the matrices of layers, which depend on the precision.
void expect_same_floats(const testing::PlainModel& model, const EncoderFile& file) {
  EXPECT_EQ(file.shape(), kOddShape);
  for (std::size_t i = 0; i < model.positions.size(); ++i) expect_same(model.positions[i], file.position(i));
  for (std::size_t i = 0; i < model.types.size(); ++i) expect_same(model.types[i], file.type(i));
  expect_same(model.norm.gamma, file.gamma());
  expect_same(model.norm.beta, file.beta());
  for (std::size_t i = 0; i < model.layers.size(); ++i) {
    expect_same(model.layers[i].attention_norm.gamma, file.layer(i).attention_gamma);
    expect_same(model.layers[i].attention_norm.beta, file.layer(i).attention_beta);
    expect_same(model.layers[i].output_norm.gamma, file.layer(i).output_gamma);
    expect_same(model.layers[i].output_norm.beta, file.layer(i).output_beta);
  }
  expect_same(*model.pooler, file.pooler());
  expect_same(model.classifier->weight[0], file.classifier());
  EXPECT_EQ(file.classifier_bias(), model.classifier->bias[0]);
}

TEST(EncoderFile, GivesBackEveryFloatThatWasWritten) {
  const RandomEncoder random(kOddShape);
  const testing::PlainModel model = testing::plain(random.weights());
  const EncoderFile file(sample(Precision::kFp32), "some.encoder", kSomeSource);
  EXPECT_EQ(file.precision(), Precision::kFp32);
  expect_same_floats(model, file);
  for (std::size_t word = 0; word < model.words.size(); ++word) {
    std::vector<float> row(kOddShape.hidden);
    file.copy_word(word, row);
    expect_same(model.words[word], row.data());
  }
  for (std::size_t i = 0; i < model.layers.size(); ++i) {
    expect_same(model.layers[i].query_key_value, file.layer(i).query_key_value);
    expect_same(model.layers[i].attention_output, file.layer(i).attention_output);
    expect_same(model.layers[i].widening, file.layer(i).widening);
    expect_same(model.layers[i].narrowing, file.layer(i).narrowing);
  }
}

TEST(EncoderFile, GivesBackMatricesOfEightBits) {
  const RandomEncoder random(kOddShape);
  const testing::PlainModel model = testing::plain(random.weights());
  const EncoderFile file(sample(Precision::kInt8), "some.encoder", kSomeSource);
  EXPECT_EQ(file.precision(), Precision::kInt8);
  expect_same_floats(model, file);
  for (std::size_t word = 0; word < model.words.size(); ++word) {
    std::vector<float> row(kOddShape.hidden);
    file.copy_word(word, row);
    const double half_step =
        std::abs(std::ranges::max(model.words[word], {}, [](double x) { return std::abs(x); })) / 254;
    for (std::size_t i = 0; i < row.size(); ++i) ASSERT_NEAR(row[i], model.words[word][i], 1.001 * half_step);
  }
  for (std::size_t i = 0; i < model.layers.size(); ++i) {
    expect_rounded(model.layers[i].query_key_value, file.layer(i).query_key_value8);
    expect_rounded(model.layers[i].attention_output, file.layer(i).attention_output8);
    expect_rounded(model.layers[i].widening, file.layer(i).widening8);
    expect_rounded(model.layers[i].narrowing, file.layer(i).narrowing8);
  }
}

TEST(EncoderFile, IsTheSameMappedAndInMemory) {
  const testing::ScratchFolder folder;
  const auto bytes = sample();
  const auto path = folder.write("m.encoder", std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  const EncoderFile mapped(path, kSomeSource);
  EXPECT_EQ(mapped.bytes(), bytes.size());
  expect_same_floats(testing::plain(RandomEncoder(kOddShape).weights()), mapped);
  for (const float* part :
       {mapped.gamma(), mapped.position(0), mapped.layer(1).widening8.scales, mapped.classifier()}) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(part) % 64, 0U);
  }
}

TEST(EncoderFile, IsTheSameToTheLastByteEachTimeItIsMade) {
  EXPECT_EQ(sample(Precision::kInt8), sample(Precision::kInt8));
}

TEST(EncoderFile, SaysWhereAFileIsNot) {
  const testing::ScratchFolder folder;
  try {
    const EncoderFile file(folder.path() / "none.encoder", kSomeSource);
    FAIL() << "did not throw";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
    expect_words(error.what(), "none.encoder");
  }
}

TEST(EncoderFile, RefusesWhatIsNoneOrAnother) {
  expect_words(refusal({}), "is too short");
  expect_words(refusal(std::vector<std::byte>(127)), "is too short");
  expect_words(refusal(std::vector<std::byte>(4096)), "is not a prepared model");
  expect_words(refusal(with_header([](EncoderHeader& header) { header.magic[7] = 'x'; })), "is not a prepared model");
  expect_words(refusal(with_header([](EncoderHeader& header) { header.version = 2; })), "has version 2");
  expect_words(refusal(with_header([](EncoderHeader& header) { header.source[0] ^= 1; })), "other weights");
  expect_words(refusal(sample(), std::string(64, 'b')), "other weights");
  expect_words(refusal(with_header([](EncoderHeader& header) { header.precision = 2; })), "unknown precision");
  expect_words(refusal(with_header([](EncoderHeader& header) { header.additions = 8; })), "unknown way");
}

TEST(EncoderFile, RefusesSizesThatDoNotFit) {
  using Change = std::function<void(EncoderHeader&)>;
  constexpr auto kMost = ~std::uint32_t{0};
  const std::vector<Change> changes{
      [](EncoderHeader& header) { header.layers = 0; },
      [](EncoderHeader& header) { header.layers = 3; },
      [](EncoderHeader& header) { header.layers = kMost; },
      [](EncoderHeader& header) { header.heads = 0; },
      [](EncoderHeader& header) { header.heads = 5; },
      [](EncoderHeader& header) { header.heads = 6; },  // eight wide
      [](EncoderHeader& header) { header.hidden = 0; },
      [](EncoderHeader& header) { header.hidden = 40; },
      [](EncoderHeader& header) { header.hidden = 96; },
      [](EncoderHeader& header) { header.hidden = 1u << 31; },
      [](EncoderHeader& header) { header.intermediate = 100; },
      [](EncoderHeader& header) { header.intermediate = kMost - 15; },
      [](EncoderHeader& header) { header.vocabulary = kMost; },
      [](EncoderHeader& header) { header.positions = 0; },
      [](EncoderHeader& header) { header.types = 17; },
      [](EncoderHeader& header) { header.has_classifier = 0; },
      [](EncoderHeader& header) { header.precision = 0; },
      [](EncoderHeader& header) { header.file_bytes = ~std::uint64_t{0}; },
      [](EncoderHeader& header) { header.file_bytes -= 64; },
      // As large as can be said: the file would have 40 GB.
      [](EncoderHeader& header) {
        header.layers = 48;
        header.heads = 256;
        header.hidden = 4096;
        header.intermediate = 16384;
        header.vocabulary = 1u << 20;
        header.positions = 1u << 16;
      },
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    SCOPED_TRACE(i);
    EXPECT_FALSE(refusal(with_header(changes[i])).empty());
  }
}

TEST(EncoderFile, RefusesEveryCutAndWhatIsTooLong) {
  const auto whole = sample();
  std::mt19937 random(3);
  for (int i = 0; i < 200; ++i) {
    auto cut = whole;
    cut.resize(i < 100 ? random() % whole.size() : whole.size() - 1 - static_cast<std::size_t>(i - 100));
    EXPECT_FALSE(refusal(std::move(cut)).empty());
  }
  auto longer = whole;
  longer.resize(whole.size() + 64);
  EXPECT_FALSE(refusal(std::move(longer)).empty());
}

TEST(EncoderFile, RefusesAnyChangedByte) {
  const auto whole = sample(Precision::kInt8, {.layers = 1,
                                               .heads = 1,
                                               .hidden = 16,
                                               .intermediate = 16,
                                               .vocabulary = 5,
                                               .positions = 3,
                                               .types = 2,
                                               .has_classifier = true});
  std::mt19937 random(4);
  for (std::size_t i = 0; i < whole.size(); i += i < sizeof(EncoderHeader) ? 1 : 1 + random() % 5) {
    auto changed = whole;
    changed[i] ^= static_cast<std::byte>(1U << random() % 8);
    SCOPED_TRACE(i);
    EXPECT_FALSE(refusal(std::move(changed)).empty());
  }
}

TEST(EncoderFile, IsNotMadeOfAModelThatTheKernelsCannotRun) {
  const testing::ScratchFolder folder;
  const RandomEncoder random(kOddShape);
  BertWeights weights = random.weights();
  weights.heads = 6;
  weights.file = std::make_shared<const MappedFile>(folder.write("odd.safetensors", "x"), 16);
  try {
    encode_encoder(weights, Precision::kInt8, Additions::kFour, kSomeSource);
    FAIL() << "did not throw";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
    expect_words(error.what(), "odd.safetensors");
    expect_words(error.what(), "6 attention heads");
  }
}

// Rounding such a number is undefined.
TEST(EncoderFile, IsNotMadeOfWeightsThatAreNoFiniteNumbers) {
  const testing::ScratchFolder folder;
  for (const float odd : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
    std::vector<float> values(kOddShape.hidden * kOddShape.intermediate, 0.25F);
    values[7] = odd;
    const auto with = [&](const std::function<void(BertWeights&)>& change) {
      const RandomEncoder random(kOddShape);
      BertWeights weights = random.weights();
      weights.file = std::make_shared<const MappedFile>(folder.write("odd.safetensors", "x"), 16);
      change(weights);
      for (const Precision precision : {Precision::kInt8, Precision::kFp32}) {
        try {
          encode_encoder(weights, precision, Additions::kFour, kSomeSource);
          ADD_FAILURE() << "did not throw";
        } catch (const Error& error) {
          EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
          expect_words(error.what(), "odd.safetensors");
          expect_words(error.what(), "not a finite number");
        }
      }
    };
    const auto put = [&](Tensor& tensor) {
      tensor.bytes = std::as_bytes(std::span(values)).first(tensor.bytes.size());
    };
    with([&](BertWeights& weights) { put(weights.words); });
    with([&](BertWeights& weights) { put(weights.types); });
    with([&](BertWeights& weights) { put(weights.layers[1].key.weight); });
    with([&](BertWeights& weights) { put(weights.layers[1].intermediate.weight); });
    with([&](BertWeights& weights) { put(weights.layers[0].output.bias); });
    with([&](BertWeights& weights) { put(weights.layers[0].output_norm.gamma); });
    with([&](BertWeights& weights) { put(weights.classifier->weight); });
  }
}

}  // namespace
}  // namespace jackdaw::inference
