#include "store/box_codec.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <random>

#include "core/error.h"

namespace jackdaw::store {
namespace {

std::vector<Word> random_words(std::mt19937& random) {
  std::uniform_real_distribution<float> coordinate(-1000, 3000);
  std::vector<Word> words(random() % 40);
  std::uint32_t at = 0;
  for (Word& word : words) {
    word.begin = at + random() % 5;
    word.end = word.begin + random() % 30;
    at = word.end;
    word.boxes.resize(random() % 3);
    for (Box& box : word.boxes) box = {coordinate(random), coordinate(random), coordinate(random), coordinate(random)};
  }
  return words;
}

ErrorCode code_of(const std::vector<std::byte>& bytes) {
  try {
    decode_words(bytes);
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::kCancelled;
}

TEST(BoxCodec, GivesBackExactlyWhatItWasGiven) {
  std::mt19937 random(1);
  for (int round = 0; round < 500; ++round) {
    const std::vector<Word> words = random_words(random);
    EXPECT_EQ(decode_words(encode_words(words)), words);
    for (const Word& word : words) EXPECT_EQ(decode_boxes(encode_boxes(word.boxes)), word.boxes);
  }
}

TEST(BoxCodec, KeepsTheExtremesOfOffsetsAndCoordinates) {
  constexpr auto kLast = std::numeric_limits<std::uint32_t>::max();
  constexpr float kLargest = std::numeric_limits<float>::max();
  constexpr float kTiny = std::numeric_limits<float>::denorm_min();
  const std::vector<Word> words = {
      {kLast, kLast, {{-kLargest, kLargest, kTiny, -kTiny}}}, {0, kLast, {}}, {5, 7, {{}}}};
  EXPECT_EQ(decode_words(encode_words(words)), words);
}

TEST(BoxCodec, SpendsFewBytesOnTheWordsOfALine) {
  std::vector<Word> words;
  float x = 72;
  for (std::uint32_t i = 0; i < 100; ++i, x += 31.37F)
    words.push_back({i * 7, i * 7 + 6, {{x, 100.5F, x + 28.1F, 112}}});
  EXPECT_LT(encode_words(words).size(), 14 * words.size());
}

TEST(BoxCodec, RefusesEveryTruncationOfAGoodEncoding) {
  std::mt19937 random(2);
  std::vector<Word> words;
  while (words.size() < 5) words = random_words(random);
  const std::vector<std::byte> bytes = encode_words(words);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(code_of({bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)}), ErrorCode::kInternal)
        << size;
  }
}

TEST(BoxCodec, RefusesAnUnknownVersionBytesBehindTheEndAndHugeCounts) {
  std::vector<std::byte> bytes = encode_words(std::vector<Word>{{1, 2, {}}});
  bytes.push_back(std::byte{0});
  EXPECT_EQ(code_of(bytes), ErrorCode::kInternal);
  bytes.pop_back();
  bytes[0] = std::byte{2};
  EXPECT_EQ(code_of(bytes), ErrorCode::kInternal);
  const std::byte high{0xff};
  EXPECT_EQ(code_of({std::byte{1}, high, high, high, high, std::byte{0x0f}}), ErrorCode::kInternal);
}

TEST(BoxCodec, RefusesCoordinatesThatAreNotFinite) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THROW(encode_boxes(std::vector<Box>{{0, nan, 1, 1}}), Error);
  EXPECT_THROW(encode_boxes(std::vector<Box>{{0, 0, std::numeric_limits<float>::infinity(), 1}}), Error);
  EXPECT_THROW(encode_words(std::vector<Word>{{3, 2, {}}}), Error);
}

TEST(BoxCodec, SurvivesAnyBytesAndAcceptsOnlyTheOneEncodingOfAValue) {
  std::mt19937 random(3);
  int accepted = 0;
  for (int round = 0; round < 20000; ++round) {
    std::vector<std::byte> bytes = encode_words(random_words(random));
    for (int changes = 0; changes < 2; ++changes) bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    try {
      const std::vector<Word> words = decode_words(bytes);
      ++accepted;
      EXPECT_EQ(encode_words(words), bytes);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInternal);
    }
  }
  EXPECT_GT(accepted, 100);
}

}  // namespace
}  // namespace jackdaw::store
