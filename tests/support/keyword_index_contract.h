#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "core/search_index.h"
#include "tests/support/exact_search.h"

// What every keeper of KeywordIndex must do. Included by one test file of a program, which says how each keeper is
// made:
//
//   INSTANTIATE_TEST_SUITE_P(Bm25, KeywordIndexContract, ::testing::Values(KeywordIndexMaker{make_bm25, terms_of}));
namespace jackdaw::testing {

struct KeywordIndexMaker {
  // With embeddings of one dimension; several segments where the keeper has segments.
  std::function<std::shared_ptr<const KeywordIndex>(const std::vector<IndexedDocument>& documents,
                                                    const std::vector<DocumentId>& removed)>
      make;
  TermsOf terms_of;
};

class KeywordIndexContract : public ::testing::TestWithParam<KeywordIndexMaker> {
 protected:
  void make(std::vector<IndexedDocument> documents, std::vector<DocumentId> removed = {}) {
    index_ = GetParam().make(documents, removed);
    exact_ = std::make_unique<BruteForceKeywordIndex>(GetParam().terms_of, documents, removed);
  }

  // Every score of `queries` random queries.
  void expect_exact(int queries, std::size_t limit, const SearchFilter& filter = {}) const {
    std::mt19937 random(99);
    std::uniform_int_distribution<std::size_t> length(1, 8);
    for (int n = 0; n < queries; ++n) {
      const std::string query = random_words(random, length(random), 400);
      SCOPED_TRACE(query);
      expect_same_ranking(index_->search(query, limit, filter), exact_->search(query, limit, filter), 1e-5);
      if (HasFatalFailure()) return;
    }
  }

  std::shared_ptr<const KeywordIndex> index_;
  std::unique_ptr<BruteForceKeywordIndex> exact_;
};

TEST_P(KeywordIndexContract, GivesEveryScoreOfTwoHundredQueriesAsBruteForceDoes) {
  make(random_word_documents(60, 20, 400, 1));
  expect_exact(200, std::numeric_limits<std::size_t>::max());
  expect_exact(50, 10);
}

TEST_P(KeywordIndexContract, ScoresAfterRemovalsAreThoseOfAFreshIndex) {
  const auto documents = random_word_documents(40, 15, 400, 2);
  std::vector<DocumentId> removed;
  std::vector<IndexedDocument> kept;
  for (std::size_t d = 0; d < documents.size(); ++d) {
    if (d % 3 == 0) {
      removed.push_back(documents[d].document);
    } else {
      kept.push_back(documents[d]);
    }
  }
  make(documents, removed);
  expect_exact(50, 1000);
  const auto fresh = GetParam().make(kept, {});
  std::mt19937 random(5);
  for (int n = 0; n < 100; ++n) {
    const std::string query = random_words(random, 4, 400);
    ASSERT_EQ(index_->search(query, 1000, {}), fresh->search(query, 1000, {})) << query;
  }
}

TEST_P(KeywordIndexContract, ReturnsOnlyTheDocumentsOfTheFilterWithUnchangedScores) {
  make(random_word_documents(30, 10, 400, 3), {{"d5"}});
  expect_exact(30, 50, {{{"d3"}}});
  expect_exact(30, 50, {{{"d3"}, {"d5"}, {"d29"}, {"unknown"}, {"d3"}}});
  expect_exact(10, 50, {{{"d5"}}});
}

TEST_P(KeywordIndexContract, EqualScoresComeInTheOrderOfTheirIds) {
  std::vector<IndexedDocument> documents;
  for (std::int64_t id = 40; id > 0; --id) {
    documents.push_back({DocumentId{"d" + std::to_string(id)}, {{ChunkId{id}, "magpie magpie nest", {1.0F}}}});
  }
  make(documents);
  const Ranking found = index_->search("magpie", 7, {});
  ASSERT_EQ(found.size(), 7u);
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i].chunk.value, static_cast<std::int64_t>(i + 1));
}

TEST_P(KeywordIndexContract, GivesNothingForUnknownWordsNoWordsNoLimitOrNoChunks) {
  make(random_word_documents(3, 3, 50, 4));
  EXPECT_TRUE(index_->search("nevermore", 10, {}).empty());
  EXPECT_TRUE(index_->search("", 10, {}).empty());
  EXPECT_TRUE(index_->search(" ?! -- \xff\xfe", 10, {}).empty());
  EXPECT_TRUE(index_->search("w0", 0, {}).empty());
  make({});
  EXPECT_TRUE(index_->search("w0", 10, {}).empty());
}

TEST_P(KeywordIndexContract, AWordSaidTwiceInTheQuestionWeighsTwice) {
  make(random_word_documents(10, 5, 60, 6));
  const Ranking once = index_->search("w3", 100, {});
  const Ranking twice = index_->search("w3 w3", 100, {});
  ASSERT_EQ(once.size(), twice.size());
  ASSERT_FALSE(once.empty());
  for (std::size_t i = 0; i < once.size(); ++i) EXPECT_NEAR(twice[i].score, 2 * once[i].score, 1e-5);
}

}  // namespace jackdaw::testing
