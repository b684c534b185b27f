#include "index/posting_list.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "index/bit_packing.h"

namespace jackdaw::index {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t kRows = 100'000;

std::vector<std::uint32_t> some_lengths() {
  std::mt19937 random(7);
  std::vector<std::uint32_t> lengths(kRows);
  for (std::uint32_t& length : lengths) length = random() % 100 == 0 ? 200'000 : 200 + random() % 100;
  return lengths;
}

std::vector<Posting> some_postings(std::size_t count, std::uint32_t gap, std::uint32_t most, std::mt19937& random) {
  std::vector<Posting> postings;
  auto row = static_cast<std::uint32_t>(random() % gap);
  for (; postings.size() < count && row < kRows; row += 1 + random() % gap) {
    postings.push_back({row, static_cast<std::uint32_t>(random() % 3 == 0 ? 1 + random() % most : 1)});
  }
  return postings;
}

Bytes encode(std::span<const Posting> postings, std::span<const std::uint32_t> lengths) {
  Bytes bytes;
  append_posting_list(postings, lengths, bytes);
  return bytes;
}

std::vector<Posting> decode(const Bytes& bytes, std::size_t count) {
  std::vector<Posting> out;
  for (PostingCursor cursor(PostingList(bytes.data(), static_cast<std::uint32_t>(count))); !cursor.done();
       cursor.next()) {
    out.push_back({cursor.row(), cursor.frequency()});
  }
  return out;
}

bool is_sound(const Bytes& bytes, std::size_t count, std::span<const std::uint32_t> lengths) {
  std::vector<Posting> postings;
  const Bytes exact(bytes);  // of no larger capacity: a read behind the end is seen
  return check_posting_list(exact, static_cast<std::uint32_t>(count), lengths, postings);
}

TEST(BitPacking, GivesBackNumbersOfEveryWidth) {
  std::mt19937 random(1);
  for (unsigned width = 0; width <= 32; ++width) {
    PackedNumbers numbers{};
    for (std::uint32_t& number : numbers) number = width == 0 ? 0 : random() >> (32 - width);
    if (width > 0) numbers[random() % 128] = 0xFFFFFFFFu >> (32 - width);
    ASSERT_EQ(width_of(numbers), width);
    Bytes bytes;
    pack(numbers, width, bytes);
    ASSERT_EQ(bytes.size(), packed_bytes(width));
    PackedNumbers read{};
    unpack(bytes.data(), width, read);
    ASSERT_EQ(read, numbers) << width;
  }
}

TEST(BitPacking, SumsDistancesUpFromBeforeTheFirst) {
  PackedNumbers numbers{};
  for (std::uint32_t i = 0; i < numbers.size(); ++i) numbers[i] = i * i;
  PackedNumbers expected = numbers;
  std::uint32_t sum = 0xFFFFFFFF;
  for (std::uint32_t& number : expected) number = sum += number + 1;
  sum_up(0xFFFFFFFF, numbers);
  EXPECT_EQ(numbers, expected);
}

TEST(PostingList, GivesBackWhatWasAppendedWhateverItsLengthAndDensity) {
  const auto lengths = some_lengths();
  std::mt19937 random(3);
  for (const std::size_t count : {1, 2, 127, 128, 129, 255, 256, 257, 1000, 5000}) {
    for (const std::uint32_t gap : {1, 2, 20, 1000}) {
      for (const std::uint32_t most : {1, 5, 40, 100'000}) {
        const auto postings = some_postings(count, gap, most, random);
        const Bytes bytes = encode(postings, lengths);
        ASSERT_EQ(decode(bytes, postings.size()), postings);
        ASSERT_TRUE(is_sound(bytes, postings.size(), lengths));
      }
    }
  }
}

TEST(PostingList, HoldsTheLargestRowAndFrequency) {
  const std::vector<Posting> extreme{{0, 1}, {0x7FFFFFFF, 0x7FFFFFFF}};
  EXPECT_EQ(decode(encode(extreme, {}), 2), extreme);
}

TEST(PostingList, ImpactsAreThePairsThatNoOtherPostingOfTheBlockBeats) {
  const auto lengths = some_lengths();
  std::mt19937 random(5);
  for (const std::uint32_t most : {1, 8, 60, 100'000}) {
    const auto postings = some_postings(1000, 30, most, random);
    const Bytes bytes = encode(postings, lengths);
    const PostingList list(bytes.data(), static_cast<std::uint32_t>(postings.size()));
    ASSERT_TRUE(list.has_directory());
    for (std::size_t block = 0; block < list.blocks(); ++block) {
      const auto own = std::span(postings).subspan(block * kBlockPostings,
                                                   std::min(kBlockPostings, postings.size() - block * kBlockPostings));
      ASSERT_EQ(list.last_row(block), own.back().row);
      std::vector<Impact> impacts;
      for (auto at = list.impacts_begin(block); at < list.impacts_begin(block + 1); ++at) {
        impacts.push_back(list.impact(at));
      }
      const auto impact_of = [&](const Posting& posting) {
        return Impact{static_cast<std::uint16_t>(std::min<std::uint32_t>(posting.frequency, Impact::kMost)),
                      static_cast<std::uint16_t>(std::min<std::uint32_t>(lengths[posting.row], Impact::kMost))};
      };
      for (const Posting& posting : own) {
        const Impact impact = impact_of(posting);
        EXPECT_TRUE(std::ranges::any_of(impacts, [&](const Impact& other) {
          return other.frequency >= impact.frequency && other.length <= impact.length;
        }));
      }
      for (std::size_t i = 0; i < impacts.size(); ++i) {
        EXPECT_TRUE(std::ranges::any_of(own, [&](const Posting& posting) { return impact_of(posting) == impacts[i]; }));
        if (i == 0) continue;
        EXPECT_GT(impacts[i - 1].frequency, impacts[i].frequency);
        EXPECT_GT(impacts[i - 1].length, impacts[i].length);
      }
    }
  }
}

TEST(PostingList, DenseNeighboursTakeABitOrTwo) {
  std::vector<Posting> dense;
  for (std::uint32_t row = 0; row < 12'800; ++row) dense.push_back({row * 2, 1});
  EXPECT_LT(encode(dense, std::vector<std::uint32_t>(30'000, 10)).size(), 5'000u);
}

TEST(PostingListCheck, RefusesWhatIsCutOffOrTooLong) {
  const auto lengths = some_lengths();
  std::mt19937 random(9);
  for (const std::size_t count : {5, 300}) {
    const auto postings = some_postings(count, 20, 5, random);
    const Bytes whole = encode(postings, lengths);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      ASSERT_FALSE(is_sound(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)), count, lengths));
    }
    Bytes longer = whole;
    longer.push_back(0);
    EXPECT_FALSE(is_sound(longer, count, lengths));
    for (const std::size_t other : {count - 1, count + 1, std::size_t{0}, std::size_t{128}}) {
      EXPECT_FALSE(is_sound(whole, other, lengths)) << other;
    }
    EXPECT_FALSE(is_sound(whole, count, std::span(lengths).first(postings.back().row)));
  }
}

TEST(PostingListCheck, RefusesWhatSaysTheSameInAnotherWay) {
  const std::vector<std::uint32_t> lengths(1000, 10);
  const std::vector<Posting> first_row{{0, 1}};
  ASSERT_TRUE(is_sound(encode(first_row, lengths), 1, lengths));
  EXPECT_FALSE(is_sound({0x00, 0x01}, 1, lengths)) << "a frequency of 1 is not written out";
  EXPECT_FALSE(is_sound({0x81, 0x00}, 1, lengths)) << "a number is not longer than it need be";
  EXPECT_FALSE(is_sound({0x81, 0x80, 0x00}, 1, lengths));
  EXPECT_FALSE(is_sound({0x00, 0x82, 0x00}, 1, lengths));

  // A block of 128 that is packed in a bit more than its numbers need.
  std::vector<Posting> dense;
  for (std::uint32_t row = 0; row < kBlockPostings; ++row) dense.push_back({2 * row + 1, 1});
  const Bytes narrow = encode(dense, lengths);
  ASSERT_TRUE(is_sound(narrow, kBlockPostings, lengths));
  constexpr std::size_t kDataEnds = 4;
  constexpr std::size_t kWidths = 12;
  for (const std::size_t which : {0, 1}) {
    Bytes wide = narrow;
    PackedNumbers distances, frequencies;
    distances.fill(1);
    frequencies.fill(0);
    wide.resize(wide.size() - packed_bytes(1));  // of the distances; the frequencies take no bits
    pack(distances, which == 0 ? 2 : 1, wide);
    pack(frequencies, which == 1 ? 1 : 0, wide);
    wide[kWidths + which] = static_cast<std::uint8_t>(wide[kWidths + which] + 1);
    wide[kDataEnds] = static_cast<std::uint8_t>(wide[kDataEnds] + packed_bytes(1));
    ASSERT_EQ(decode(wide, kBlockPostings), dense) << "it says the same";
    EXPECT_FALSE(is_sound(wide, kBlockPostings, lengths)) << which;
  }
}

TEST(PostingListCheck, WhateverItTakesInIsSafeToRead) {
  const auto lengths = some_lengths();
  std::mt19937 random(11);
  for (const std::size_t count : {5, 300}) {
    const Bytes whole = encode(some_postings(count, 20, 5, random), lengths);
    int taken = 0;
    for (std::size_t at = 0; at < whole.size(); ++at) {
      Bytes changed = whole;
      changed[at] = static_cast<std::uint8_t>(random());
      std::vector<Posting> postings;
      if (!check_posting_list(changed, static_cast<std::uint32_t>(count), lengths, postings)) continue;
      ++taken;
      ASSERT_EQ(decode(changed, count), postings);
      ASSERT_EQ(encode(postings, lengths), changed);
      for (std::size_t i = 0; i < postings.size(); ++i) {
        ASSERT_LT(postings[i].row, lengths.size());
        ASSERT_GE(postings[i].frequency, 1u);
        if (i == 0) continue;
        ASSERT_GT(postings[i].row, postings[i - 1].row);
      }
    }
    EXPECT_LT(static_cast<std::size_t>(taken), whole.size());
  }
}

}  // namespace
}  // namespace jackdaw::index
