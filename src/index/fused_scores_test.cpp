#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <span>
#include <vector>

#include "index/posting_list.h"

// The scores as a compiler may make them for a machine with fused multiply-add: the same source, under other names.
#if defined(__x86_64__)

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("fma")
#endif
#define Bm25 Bm25WithFma
#define QueryScores QueryScoresWithFma
#include "index/query_scores.cpp"
#undef QueryScores
#undef Bm25
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

namespace jackdaw::index {
namespace {

struct List {
  std::vector<std::uint32_t> lengths;
  std::vector<Posting> postings;
  std::vector<std::uint8_t> bytes;
};

List some_list() {
  std::mt19937 random(61);
  List list{std::vector<std::uint32_t>(20'000), {}, {}};
  for (std::uint32_t& length : list.lengths) length = 20 + static_cast<std::uint32_t>(random() % 300);
  for (std::uint32_t row = 0; row < list.lengths.size(); ++row) {
    list.postings.push_back({row, 1 + static_cast<std::uint32_t>(random() % (1 + random() % 20))});
  }
  append_posting_list(list.postings, list.lengths, list.bytes);
  return list;
}

TEST(FusedScores, AreTheSameOneByOneAndByBlockAndNeverAboveTheBound) {
  if (!__builtin_cpu_supports("fma")) GTEST_SKIP() << "This processor has no fused multiply-add.";
  const List all = some_list();
  const PostingList list(all.bytes.data(), static_cast<std::uint32_t>(all.postings.size()));
  for (const double average : {61.3, 170.7, 299.1}) {
    const Bm25WithFma bm25({}, 1'000'000, static_cast<std::uint64_t>(1e6 * average));
    const double weight = bm25.idf(all.postings.size());
    const QueryScoresWithFma scores(bm25, 3 * weight);
    DecodedBlock block;
    BlockScores of_block;
    for (std::size_t number = 0; number < list.blocks(); ++number) {
      list.decode(number, block);
      scores.score_block(weight, block, 0, block.count, all.lengths, of_block);
      const double most = scores.best_of_block(weight, list, number);
      double best = 0;
      for (std::uint32_t i = 0; i < block.count; ++i) {
        ASSERT_EQ(of_block[i], scores.score(weight, block.frequencies[i], all.lengths[block.rows[i]]));
        best = std::max(best, of_block[i]);
      }
      ASSERT_EQ(most, best) << "block " << number;
    }
  }
}

}  // namespace
}  // namespace jackdaw::index

#endif
