#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/search_index.h"
#include "tests/support/exact_search.h"

// What every keeper of VectorIndex must do. Included by one test file of a program, which says how each keeper is made:
//
//   INSTANTIATE_TEST_SUITE_P(Flat, VectorIndexContract, ::testing::Values(VectorIndexMaker{make_flat}));
namespace jackdaw::testing {

// An index of `dimensions` that was given the documents, several segments of them where it has segments, and from which
// `removed` were removed.
struct VectorIndexMaker {
  std::function<std::shared_ptr<const VectorIndex>(
      std::size_t dimensions, const std::vector<IndexedDocument>& documents, const std::vector<DocumentId>& removed)>
      make;
};

class VectorIndexContract : public ::testing::TestWithParam<VectorIndexMaker> {
 protected:
  static constexpr std::size_t kDimensions = 37;  // no multiple of any vector width

  void make(std::size_t documents, std::size_t chunks_each, std::vector<DocumentId> removed = {}) {
    documents_ = whole_number_documents(documents, chunks_each, kDimensions, 7);
    removed_ = std::move(removed);
    index_ = GetParam().make(kDimensions, documents_, removed_);
  }

  std::vector<float> query(std::uint32_t seed) const {
    return whole_number_documents(1, 1, kDimensions, 1000 + seed)[0].chunks[0].embedding;
  }

  void expect_exact(std::size_t limit, const SearchFilter& filter = {}) const {
    for (std::uint32_t seed = 0; seed < 20; ++seed) {
      const auto asked = query(seed);
      ASSERT_EQ(index_->search(asked, limit, filter), exact_search(documents_, removed_, asked, limit, filter))
          << "limit " << limit << ", query " << seed;
    }
  }

  std::vector<IndexedDocument> documents_;
  std::vector<DocumentId> removed_;
  std::shared_ptr<const VectorIndex> index_;
};

TEST_P(VectorIndexContract, FindsExactlyTheNearestWithTiesByChunkId) {
  make(40, 13);
  for (const std::size_t limit : {1u, 2u, 3u, 10u, 50u, 519u}) expect_exact(limit);
}

TEST_P(VectorIndexContract, GivesAllWhenThereAreFewerThanTheLimit) {
  make(3, 2);
  expect_exact(6);
  expect_exact(7);
  expect_exact(std::numeric_limits<std::size_t>::max());
}

TEST_P(VectorIndexContract, GivesNothingForALimitOfZeroOrAnEmptyIndex) {
  make(2, 2);
  EXPECT_TRUE(index_->search(query(0), 0, {}).empty());
  make(0, 0);
  EXPECT_TRUE(index_->search(query(0), 10, {}).empty());
}

TEST_P(VectorIndexContract, NeverFindsWhatWasRemoved) {
  make(30, 7, {{"d0"}, {"d4"}, {"d17"}, {"d29"}});
  for (const std::size_t limit : {1u, 5u, 50u, 500u}) expect_exact(limit);
}

TEST_P(VectorIndexContract, ReturnsOnlyTheDocumentsOfTheFilter) {
  make(30, 7, {{"d4"}});
  for (const std::size_t limit : {1u, 5u, 50u}) {
    expect_exact(limit, {{{"d3"}}});
    expect_exact(limit, {{{"d3"}, {"d4"}, {"d28"}, {"unknown"}, {"d3"}}});
    expect_exact(limit, {{{"d4"}}});
    expect_exact(limit, {{{"unknown"}}});
  }
}

TEST_P(VectorIndexContract, ManyEqualVectorsComeInTheOrderOfTheirIds) {
  auto documents = whole_number_documents(9, 30, kDimensions, 3);
  for (auto& document : documents) {
    for (auto& chunk : document.chunks) chunk.embedding.assign(kDimensions, 1.0F);
  }
  const auto index = GetParam().make(kDimensions, documents, {{"d1"}});
  const std::vector<float> asked(kDimensions, 1.0F);
  for (const std::size_t limit : {1u, 29u, 31u, 100u}) {
    EXPECT_EQ(index->search(asked, limit, {}), exact_search(documents, {{"d1"}}, asked, limit, {}));
  }
}

TEST_P(VectorIndexContract, SimilarityIsTheScoreThatASearchGives) {
  make(30, 7, {{"d2"}});
  const auto asked = query(1);
  for (const ScoredChunk& found : index_->search(asked, 1000, {})) {
    EXPECT_EQ(index_->similarity(asked, found.chunk), found.score);
  }
}

TEST_P(VectorIndexContract, SimilarityIsZeroForAChunkThatIsNotThere) {
  make(5, 2, {{"d0"}});
  EXPECT_EQ(index_->similarity(query(1), ChunkId{1}), 0.0F);  // removed
  EXPECT_EQ(index_->similarity(query(1), ChunkId{0}), 0.0F);
  EXPECT_EQ(index_->similarity(query(1), ChunkId{999}), 0.0F);
}

TEST_P(VectorIndexContract, RefusesAQueryOfOtherDimensionsOrWithoutAValue) {
  make(5, 2);
  const std::vector<float> shorter(kDimensions - 1, 0.5F);
  EXPECT_THROW(index_->search(shorter, 1, {}), Error);
  EXPECT_THROW(index_->similarity(shorter, ChunkId{1}), Error);
  std::vector<float> broken(kDimensions, 0.5F);
  broken[3] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THROW(index_->search(broken, 1, {}), Error);
}

TEST_P(VectorIndexContract, AgreesWithExactArithmeticOnUnitVectors) {
  constexpr std::size_t kWide = 384;
  std::mt19937 random(11);
  std::normal_distribution<float> value;
  const auto unit = [&] {
    Embedding made(kWide);
    for (float& x : made) x = value(random);
    const float length = std::sqrt(plain_inner_product(made, made));
    for (float& x : made) x /= length;
    return made;
  };
  std::vector<IndexedDocument> documents;
  for (std::int64_t c = 0; c < 600; ++c) {
    if (c % 50 == 0) documents.push_back({DocumentId{"d" + std::to_string(c / 50)}, {}});
    documents.back().chunks.push_back({ChunkId{c + 1}, "", unit()});
  }
  const auto index = GetParam().make(kWide, documents, {});
  for (int n = 0; n < 20; ++n) {
    const Embedding asked = unit();
    const Ranking found = index->search(asked, 50, {});
    const Ranking exact = exact_search(documents, {}, asked, 50, {});
    ASSERT_EQ(found.size(), exact.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      EXPECT_NEAR(found[i].score, exact[i].score, 1e-6);
      EXPECT_NEAR(index->similarity(asked, found[i].chunk), found[i].score, 1e-6);
    }
  }
}

}  // namespace jackdaw::testing
