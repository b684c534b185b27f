#include "store/list_codec.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "core/error.h"

namespace jackdaw::store {
namespace {

TEST(ListCodec, GivesBackWhatItWasGiven) {
  for (const std::vector<int>& numbers :
       {std::vector<int>{}, {1}, {2, 17, 18, 5000}, {3, 1, std::numeric_limits<int>::max(), -1}}) {
    EXPECT_EQ(decode_numbers(encode_numbers(numbers)), numbers);
  }
  for (const std::vector<std::string>& texts :
       {std::vector<std::string>{}, {""}, {"red", "", std::string(300, 'x'), "\u00fc"}}) {
    EXPECT_EQ(decode_texts(encode_texts(texts)), texts);
  }
}

TEST(ListCodec, WritesNoListAsTheDefaultOfTheColumns) {
  const std::vector<std::byte> none = {std::byte{1}, std::byte{0}};
  EXPECT_EQ(encode_numbers({}), none);
  EXPECT_EQ(encode_texts({}), none);
}

TEST(ListCodec, RefusesWhatItDidNotWrite) {
  const auto numbers = encode_numbers(std::vector<int>{4, 900});
  const auto texts = encode_texts(std::vector<std::string>{"one", "two"});
  for (std::size_t size = 0; size < numbers.size(); ++size) {
    EXPECT_THROW(decode_numbers(std::span(numbers).first(size)), Error) << size;
  }
  for (std::size_t size = 0; size < texts.size(); ++size) {
    EXPECT_THROW(decode_texts(std::span(texts).first(size)), Error) << size;
  }
  std::mt19937 random(7);
  for (int round = 0; round < 20'000; ++round) {
    std::vector<std::byte> bytes = {std::byte{1}};
    for (std::size_t size = random() % 8; size > 0; --size) bytes.push_back(static_cast<std::byte>(random()));
    try {
      EXPECT_EQ(encode_numbers(decode_numbers(bytes)), bytes);
    } catch (const Error&) {
    }
    try {
      EXPECT_EQ(encode_texts(decode_texts(bytes)), bytes);
    } catch (const Error&) {
    }
  }
}

}  // namespace
}  // namespace jackdaw::store
