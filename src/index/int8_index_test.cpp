#include "index/int8_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/embedding.h"
#include "core/error.h"
#include "index/inner_product.h"
#include "index/int8_search.h"

// Int8Index against a scan of all floats with the same kernel: the same rows, the same scores, to the last bit.
namespace jackdaw::index {
namespace {

using Rows = std::vector<std::vector<float>>;

std::vector<const float*> pointers(const Rows& rows) {
  std::vector<const float*> made;
  for (const auto& row : rows) made.push_back(row.data());
  return made;
}

std::vector<ChunkId> ids(std::size_t count) {
  std::vector<ChunkId> made;
  for (std::size_t i = 0; i < count; ++i) made.push_back(ChunkId{static_cast<std::int64_t>(3 * i + 1)});
  return made;
}

float score(std::span<const float> query, const std::vector<float>& row) {
  const float* const rows[kRowsPerCall] = {row.data(), row.data(), row.data(), row.data()};
  float scores[kRowsPerCall];
  inner_product_paths().front().kernel(query.data(), rows, query.size(), scores);
  return scores[0];
}

Ranking exact(const Rows& rows, std::span<const float> query, const RowSet* allowed, std::size_t limit) {
  const auto chunks = ids(rows.size());
  Ranking all;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    if (allowed == nullptr || allowed->contains(row)) all.push_back({chunks[row], score(query, rows[row])});
  }
  std::sort(all.begin(), all.end(), ranks_before);
  all.resize(std::min(limit, all.size()));
  return all;
}

enum class Kind { kRandom, kUnit, kClustered, kEqual, kZero, kDenormal, kTiny, kHuge, kMixed, kOneHot, kTies };

float component(Kind kind, std::mt19937& random) {
  std::normal_distribution<float> normal;
  switch (kind) {
    case Kind::kDenormal:
      return static_cast<float>(static_cast<int>(random() % 7) - 3) * std::numeric_limits<float>::denorm_min();
    case Kind::kTiny: return normal(random) * 1e-37F;
    case Kind::kHuge: return normal(random) * 1e16F;
    case Kind::kTies: return static_cast<float>(static_cast<int>(random() % 3) - 1);
    default: return normal(random);
  }
}

Rows make_rows(Kind kind, std::size_t count, std::size_t dimensions, std::mt19937& random) {
  std::normal_distribution<float> normal;
  std::vector<float> centre(dimensions);
  for (float& x : centre) x = normal(random);
  Rows rows(count, std::vector<float>(dimensions));
  for (std::size_t row = 0; row < count; ++row) {
    const Kind own = kind == Kind::kMixed ? static_cast<Kind>(random() % 8) : kind;
    for (std::size_t i = 0; i < dimensions; ++i) {
      float& x = rows[row][i];
      if (own == Kind::kZero) continue;
      if (own == Kind::kEqual)
        x = centre[i];
      else if (own == Kind::kClustered)
        x = centre[i] + 0.01F * normal(random);
      else if (own == Kind::kOneHot)
        x = i == row % dimensions ? 1.0F : 0.0F;
      else
        x = component(own, random);
    }
    if (own != Kind::kUnit) continue;
    float squares = 0;
    for (const float x : rows[row]) squares += x * x;
    for (float& x : rows[row]) x /= std::sqrt(squares);
  }
  return rows;
}

RowSet some_rows(std::size_t count, unsigned one_in, std::mt19937& random) {
  RowSet chosen(count, false);
  for (std::size_t row = 0; row < count; ++row) {
    if (random() % one_in == 0) chosen.insert(row);
  }
  return chosen;
}

class Int8IndexOfKind : public ::testing::TestWithParam<Kind> {};
INSTANTIATE_TEST_SUITE_P(All, Int8IndexOfKind,
                         ::testing::Values(Kind::kRandom, Kind::kUnit, Kind::kClustered, Kind::kEqual, Kind::kZero,
                                           Kind::kDenormal, Kind::kTiny, Kind::kHuge, Kind::kMixed, Kind::kOneHot,
                                           Kind::kTies));

TEST_P(Int8IndexOfKind, FindsExactlyWhatAScanOfTheFloatsFindsOnEveryPath) {
  std::mt19937 random(static_cast<std::uint32_t>(GetParam()) + 1);
  for (const std::size_t dimensions : {1u, 3u, 37u, 64u, 130u, 384u}) {
    const Rows rows = make_rows(GetParam(), 700, dimensions, random);
    const auto chunks = ids(rows.size());
    for (const Int8Path& path : int8_paths()) {
      const auto index = Int8Index::of(dimensions, pointers(rows), false, {.int8 = &path});
      for (const std::size_t limit : {1u, 10u, 50u, 699u, 2000u}) {
        const Rows queries = make_rows(limit == 10 ? Kind::kMixed : GetParam(), 2, dimensions, random);
        for (const auto& query : queries) {
          TopK best(limit);
          index->search(query, nullptr, chunks, best);
          ASSERT_EQ(best.take(), exact(rows, query, nullptr, limit))
              << path.name << ", " << dimensions << " dimensions";
          const RowSet chosen = some_rows(rows.size(), limit == 50 ? 100 : 3, random);
          index->search(query, &chosen, chunks, best);
          ASSERT_EQ(best.take(), exact(rows, query, &chosen, limit)) << path.name << ", filtered";
        }
      }
    }
  }
}

TEST_P(Int8IndexOfKind, TheBoundsHoldTheExactScore) {
  std::mt19937 random(static_cast<std::uint32_t>(GetParam()) + 100);
  for (const std::size_t dimensions : {1u, 5u, 64u, 384u}) {
    const Rows rows = make_rows(GetParam(), 200, dimensions, random);
    Int8Codes codes(dimensions, rows.size());
    for (std::size_t row = 0; row < rows.size(); ++row) codes.quantize(row, rows[row]);
    for (const auto& query : make_rows(Kind::kMixed, 20, dimensions, random)) {
      const Int8Query asked(query, codes.stride);
      for (std::uint32_t row = 0; row < rows.size(); ++row) {
        std::int32_t dot = 0;
        int8_paths().front().dot(asked.numbers(), codes.kernel_rows(), &row, 1, &dot);
        const double exactly = score(query, rows[row]);
        if (!std::isfinite(exactly)) continue;
        const auto bound = [&](const RowValue& value) {
          return static_cast<double>(value.of(dot, codes.scales[row], codes.slacks[row]));
        };
        // A bound that is no number is none.
        ASSERT_FALSE(exactly > bound(asked.upper()) + static_cast<double>(asked.tiny()));
        ASSERT_FALSE(exactly < bound(asked.lower()) - static_cast<double>(asked.tiny()));
      }
    }
  }
}

TEST(Int8Index, WhatBestKeepsAlreadyCounts) {
  std::mt19937 random(5);
  const Rows rows = make_rows(Kind::kUnit, 900, 64, random);
  const auto chunks = ids(rows.size());
  const auto all = pointers(rows);
  const auto first = Int8Index::of(64, std::span(all).first(400), false);
  const auto second = Int8Index::of(64, std::span(all).subspan(400), false);
  for (const auto& query : make_rows(Kind::kUnit, 10, 64, random)) {
    TopK best(20);
    first->search(query, nullptr, std::span(chunks).first(400), best);
    second->search(query, nullptr, std::span(chunks).subspan(400), best);
    EXPECT_EQ(best.take(), exact(rows, query, nullptr, 20));
  }
}

// 50 of 20,000 in clusters, as passages of some topics are.
TEST(Int8Index, AnApproximateSearchFindsNearlyAllAndScoresThemExactly) {
  constexpr std::size_t kWide = 384;
  constexpr std::size_t kRows = 20'000;
  constexpr std::size_t kLimit = 50;
  std::mt19937 random(6);
  std::normal_distribution<float> normal;
  const Rows topics = make_rows(Kind::kUnit, 100, kWide, random);
  Rows rows(kRows);
  const auto near = [&](const std::vector<float>& topic) {
    std::vector<float> made = topic;
    for (float& x : made) x += 0.05F * normal(random);
    return made;
  };
  for (std::size_t row = 0; row < kRows; ++row) rows[row] = near(topics[random() % topics.size()]);
  const auto chunks = ids(kRows);
  for (const SignPath& path : sign_paths()) {
    const auto index = Int8Index::of(kWide, pointers(rows), true, {.signs = &path});
    std::size_t found = 0;
    constexpr std::size_t kQueries = 20;
    for (std::size_t n = 0; n < kQueries; ++n) {
      const auto query = near(topics[n]);
      TopK best(kLimit);
      index->search_approximately(query, nullptr, chunks, best);
      const Ranking approximate = best.take();
      ASSERT_EQ(approximate.size(), kLimit);
      std::set<ChunkId> expected;
      for (const ScoredChunk& each : exact(rows, query, nullptr, kLimit)) expected.insert(each.chunk);
      for (const ScoredChunk& each : approximate) {
        found += expected.contains(each.chunk) ? 1 : 0;
        EXPECT_EQ(each.score, score(query, rows[static_cast<std::size_t>(each.chunk.value / 3)]));
      }
      const RowSet half = some_rows(kRows, 2, random);
      index->search_approximately(query, &half, chunks, best);
      for (const ScoredChunk& each : best.take())
        EXPECT_TRUE(half.contains(static_cast<std::size_t>(each.chunk.value / 3)));
      const RowSet few = some_rows(kRows, 100, random);
      index->search_approximately(query, &few, chunks, best);
      EXPECT_EQ(best.take(), exact(rows, query, &few, kLimit)) << "few rows are searched exactly";
    }
    EXPECT_GE(static_cast<double>(found), 0.97 * kLimit * kQueries) << path.name;
  }
}

TEST(Int8Index, AnApproximateSearchTakesAnyNumbers) {
  std::mt19937 random(7);
  for (const Kind kind : {Kind::kZero, Kind::kEqual, Kind::kHuge, Kind::kDenormal, Kind::kMixed}) {
    const Rows rows = make_rows(kind, 10'000, 3, random);
    const auto chunks = ids(rows.size());
    const auto index = Int8Index::of(3, pointers(rows), true);
    for (const auto& query : make_rows(Kind::kMixed, 10, 3, random)) {
      TopK best(5);
      index->search_approximately(query, nullptr, chunks, best);
      EXPECT_LE(best.take().size(), 5u);
    }
    const std::vector<float> largest(3, std::numeric_limits<float>::max());
    TopK best(5);
    index->search_approximately(largest, nullptr, chunks, best);
  }
}

TEST(Int8Index, AMergedOneIsAsIfItHadBeenMadeOfTheFloats) {
  std::mt19937 random(8);
  const Rows rows = make_rows(Kind::kUnit, 9000, 100, random);
  const auto all = pointers(rows);
  const auto chunks = ids(rows.size());
  const auto first = Int8Index::of(100, std::span(all).first(4000), true);
  const auto second = Int8Index::of(100, std::span(all).subspan(4000), true);
  std::vector<VectorOrigin> origins;
  for (std::uint32_t row = 0; row < 4000; ++row) origins.push_back({first.get(), row});
  for (std::uint32_t row = 0; row < 5000; ++row) origins.push_back({second.get(), row});
  const auto merged = Int8Index::merged(100, origins, true, Cancellation());
  const auto made = Int8Index::of(100, all, true);
  for (const auto& query : make_rows(Kind::kUnit, 10, 100, random)) {
    TopK of_merged(20);
    TopK of_made(20);
    merged->search_approximately(query, nullptr, chunks, of_merged);
    made->search_approximately(query, nullptr, chunks, of_made);
    EXPECT_EQ(of_merged.take(), of_made.take());
  }
  std::vector<float> copy(100);
  merged->copy_row(4321, copy);
  EXPECT_EQ(copy, rows[4321]);
}

// What was saved, and changed since: read back as from a file whose checksums are right.
class SavedBytes final : public VectorSink, public VectorSource {
 public:
  void put(std::span<const std::byte> bytes) override { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
  void put_unsummed(std::span<const std::byte>) override {}
  void read(std::span<std::byte> bytes) override {
    ASSERT_LE(bytes.size(), bytes_.size() - at_);
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(at_), bytes.size(), bytes.begin());
    at_ += bytes.size();
  }
  void read_floats(std::span<float> floats) override { read(std::as_writable_bytes(floats)); }
  Place leave(std::uint64_t) override { return {nullptr, 0}; }

  template <class Number>
  void change(std::size_t at, Number value) {
    std::memcpy(bytes_.data() + at, &value, sizeof(value));
  }

 private:
  std::vector<std::byte> bytes_;
  std::size_t at_ = 0;
};

TEST(Int8Index, KnowsWhichLoadedNumbersNoIndexWrites) {
  constexpr std::size_t kRows = 5000;
  constexpr std::size_t kDimensions = 100;
  constexpr std::size_t kStride = 128;
  constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  std::mt19937 random(12);
  Rows rows = make_rows(Kind::kUnit, kRows, kDimensions, random);
  rows[7] = std::vector<float>(kDimensions, std::numeric_limits<float>::max());  // its slack is infinite
  rows[8] = std::vector<float>(kDimensions, 0);
  const auto made = Int8Index::of(kDimensions, pointers(rows), true);
  std::vector<std::uint32_t> all(kRows);
  std::iota(all.begin(), all.end(), 0u);
  SavedBytes whole;
  made->save(all, whole);
  const auto is_sound = [](SavedBytes bytes) { return Int8Index::loaded(kDimensions, kRows, true, bytes)->is_sound(); };
  EXPECT_TRUE(is_sound(whole));
  const auto expect_refused = [&](std::size_t at, auto value, const char* what) {
    SavedBytes changed = whole;
    changed.change(at, value);
    EXPECT_FALSE(is_sound(changed)) << what << " of " << +value;
  };
  const std::size_t scales = kRows * kStride;
  const std::size_t slacks = scales + kRows * sizeof(float);
  const std::size_t sums = slacks + kRows * sizeof(float);
  const std::size_t mean = sums + kRows * sizeof(std::int32_t);
  const std::size_t factors = mean + kStride * sizeof(float) + SignCodes::bit_bytes(kDimensions, kRows);
  const std::size_t excesses = factors + kRows * sizeof(float);
  expect_refused(3 * kStride + 5, std::int8_t{-128}, "a code");
  expect_refused(8 * kStride + 5, std::int8_t{1}, "a code that the sum does not know");
  expect_refused(8 * kStride + kDimensions, std::uint16_t{0xFF01}, "codes past the dimensions, whose sum is 0,");
  expect_refused(sums + 40, std::numeric_limits<std::int32_t>::max(), "a sum");
  for (const float odd : {kNaN, kInfinity, -kInfinity, -1.0F}) {
    expect_refused(scales + 40, odd, "a scale");
    if (odd != kInfinity) expect_refused(slacks + 40, odd, "a slack");
    if (odd == -1.0F) continue;
    expect_refused(mean + 40, odd, "a mean");
    expect_refused(factors + 40, odd, "a factor");
    expect_refused(excesses + 40, odd, "an excess");
  }
}

// A deadline passes while it runs: a look at the beginning would not see that.
TEST(Int8Index, AMergeEndsWhereItIsCancelled) {
  constexpr std::size_t kDimensions = 320;
  std::mt19937 random(13);
  const Rows rows = make_rows(Kind::kUnit, 6000, kDimensions, random);
  const auto made = Int8Index::of(kDimensions, pointers(rows), false);
  std::vector<VectorOrigin> origins;
  for (std::uint32_t row = 0; row < 6000; ++row) origins.push_back({made.get(), row});
  const Cancellation never;
  const auto soon = [&] { return never.child(SteadyClock::now() + std::chrono::milliseconds(1)); };
  EXPECT_THROW(Int8Index::merged(kDimensions, origins, true, soon()), Error);
  Int8Codes codes(kDimensions, rows.size());
  for (std::size_t row = 0; row < rows.size(); ++row) codes.quantize(row, rows[row]);
  EXPECT_THROW(SignCodes::of(codes, kDimensions, soon()), Error);
}

}  // namespace
}  // namespace jackdaw::index
