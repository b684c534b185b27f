#include "index/segment_search.h"

#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <random>
#include <set>

#include "index/segment.h"
#include "tests/support/exact_search.h"

namespace jackdaw::index {
namespace {

constexpr std::size_t kVocabulary = 1500;

class SegmentSearch : public ::testing::Test {
 protected:
  // Lists of every kind: of a few postings, of some blocks, of nearly every row.
  static void SetUpTestSuite() {
    segment_ = new std::shared_ptr<const Segment>(
        build_segment(testing::random_word_documents(120, 100, kVocabulary, 31), Analyzer(), VectorEngine::kFlat, 1));
  }
  static void TearDownTestSuite() { delete segment_; }

  static const Segment& segment() { return **segment_; }

  std::vector<SegmentTerm> random_terms(std::size_t count) {
    std::vector<SegmentTerm> terms;
    std::set<std::uint32_t> numbers;
    for (std::size_t n = 0; n < count; ++n) {
      const auto number = segment().postings().find(testing::random_words(random_, 1, kVocabulary));
      if (!number || !numbers.insert(*number).second) continue;
      const PostingList list = segment().postings().list(*number);
      terms.push_back({list, bm25_.idf(list.count()) * static_cast<double>(1 + random_() % 3)});
    }
    return terms;
  }

  QueryScores scores_of(const std::vector<SegmentTerm>& terms) const {
    double weights = 0;
    for (const SegmentTerm& term : terms) weights += term.weight;
    return {bm25_, weights};
  }

  // By the book: every row's sum, in the order of the terms.
  Ranking rank(const std::vector<SegmentTerm>& terms, const RowSet* allowed, std::size_t limit) const {
    const QueryScores scores = scores_of(terms);
    std::map<std::uint32_t, double> sums;
    for (const SegmentTerm& term : terms) {
      for (PostingCursor cursor(term.list); !cursor.done(); cursor.next()) {
        sums[cursor.row()] += scores.score(term.weight, cursor.frequency(), segment().lengths()[cursor.row()]);
      }
    }
    TopK best(limit);
    for (const auto& [row, sum] : sums) {
      if (allowed == nullptr || allowed->contains(row)) {
        best.offer({segment().chunks()[row], static_cast<float>(sum)});
      }
    }
    return best.take();
  }

  void expect_exact(const std::vector<SegmentTerm>& terms, const RowSet* allowed, std::size_t limit) const {
    const SearchedSegment searched{segment().chunks(), segment().lengths(), allowed};
    const Ranking expected = rank(terms, allowed, limit);
    TopK every(limit);
    search_every_posting(searched, terms, scores_of(terms), every);
    ASSERT_EQ(every.take(), expected);
    TopK promising(limit);
    search_promising_windows(searched, terms, scores_of(terms), promising);
    ASSERT_EQ(promising.take(), expected);
  }

  static inline std::shared_ptr<const Segment>* segment_ = nullptr;
  const Bm25 bm25_{{}, 12'000, 12'000 * 30};
  std::mt19937 random_{41};
};

TEST_F(SegmentSearch, BothWaysAreExactToTheLastBitForAnyLimit) {
  ASSERT_GT(segment().rows(), 10'000u);
  for (int query = 0; query < 60; ++query) {
    const auto terms = random_terms(1 + random_() % 12);
    for (const std::size_t limit : {std::size_t{1}, std::size_t{10}, std::size_t{100}, std::size_t{3000},
                                    std::numeric_limits<std::size_t>::max()}) {
      expect_exact(terms, nullptr, limit);
      if (HasFatalFailure()) FAIL() << "query " << query << ", limit " << limit;
    }
  }
}

TEST_F(SegmentSearch, BothWaysReturnOnlyAllowedRows) {
  for (const std::uint32_t one_in : {2u, 50u, 5'000u}) {
    for (int query = 0; query < 20; ++query) {
      RowSet allowed(segment().rows(), false);
      for (std::size_t row = 0; row < segment().rows(); ++row) {
        if (random_() % one_in == 0) allowed.insert(row);
      }
      expect_exact(random_terms(1 + random_() % 8), &allowed, 1 + random_() % 30);
      if (HasFatalFailure()) FAIL() << "query " << query << ", one in " << one_in;
    }
  }
}

TEST_F(SegmentSearch, WhatOtherSegmentsGaveRaisesTheBarButChangesNothing) {
  const SearchedSegment searched{segment().chunks(), segment().lengths(), nullptr};
  for (int query = 0; query < 30; ++query) {
    const auto terms = random_terms(4);
    const Ranking alone = rank(terms, nullptr, 20);
    if (alone.size() < 20) continue;
    // Elsewhere there are chunks with the score of the tenth, some of lower and some of higher ids.
    Ranking expected = alone;
    TopK best(20);
    for (const std::int64_t id : {-5, -4, 1'000'000, 1'000'001}) {
      const ScoredChunk other{ChunkId{id}, alone[9].score};
      best.offer(other);
      expected.push_back(other);
    }
    std::ranges::sort(expected, ranks_before);
    expected.resize(20);
    search_promising_windows(searched, terms, scores_of(terms), best);
    ASSERT_EQ(best.take(), expected) << "query " << query;
  }
}

// Had each row beyond a limit of a million led to a look through a million, this would not end.
TEST(SegmentSearchOfManyRows, ALargeLimitCostsNoMoreThanTheRows) {
  constexpr std::uint32_t kRows = 1'150'000;
  constexpr std::size_t kLimit = std::size_t{1} << 20;
  std::vector<ChunkId> chunks;
  std::vector<Posting> postings;
  for (std::uint32_t row = 0; row < kRows; ++row) {
    chunks.push_back(ChunkId{row});
    postings.push_back({row, 1 + row / 100'000});  // later ones are better
  }
  const std::vector<std::uint32_t> lengths(kRows, 40);
  std::vector<std::uint8_t> bytes;
  append_posting_list(postings, lengths, bytes);
  const Bm25 bm25({}, 2 * kRows, 2 * kRows * std::uint64_t{40});
  const std::vector<SegmentTerm> terms{{PostingList(bytes.data(), kRows), bm25.idf(kRows)}};
  TopK best(kLimit);
  search_every_posting({chunks, lengths, nullptr}, terms, QueryScores(bm25, terms[0].weight), best);
  const Ranking found = best.take();
  ASSERT_EQ(found.size(), kLimit);
  EXPECT_EQ(found.front().chunk.value, 1'100'000);
  EXPECT_EQ(found.back().chunk.value, 100'000 + std::int64_t{kLimit} - 950'000 - 1);
}

TEST(QueryScores, ABlocksBestIsReachedByOneOfItsPostingsWhateverTheStatistics) {
  std::mt19937 random(51);
  std::vector<std::uint32_t> lengths(5'000);
  for (std::uint32_t& length : lengths) length = 20 + static_cast<std::uint32_t>(random() % 200);
  std::vector<Posting> postings;
  for (std::uint32_t row = 0; row < lengths.size(); row += 1 + static_cast<std::uint32_t>(random() % 5)) {
    postings.push_back({row, 1 + static_cast<std::uint32_t>(random() % (1 + random() % 20))});
  }
  std::vector<std::uint8_t> bytes;
  append_posting_list(postings, lengths, bytes);
  const PostingList list(bytes.data(), static_cast<std::uint32_t>(postings.size()));
  for (const std::uint64_t total : {1'000u, 100'000u, 900'000u}) {
    for (const double b : {0.0, 0.4, 1.0}) {
      const Bm25 bm25({.k1 = 0.9, .b = b}, 5'000, total);
      const double weight = bm25.idf(postings.size());
      const QueryScores scores(bm25, weight * 3);
      for (std::size_t block = 0; block < list.blocks(); ++block) {
        const std::size_t begin = block * kBlockPostings;
        double best = 0;
        for (std::size_t i = begin; i < std::min(postings.size(), begin + kBlockPostings); ++i) {
          best = std::max(best, scores.score(weight, postings[i].frequency, lengths[postings[i].row]));
        }
        ASSERT_EQ(scores.best_of_block(weight, list, block), best);
      }
    }
  }
}

}  // namespace
}  // namespace jackdaw::index
