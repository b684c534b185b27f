#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/search_index.h"

// Searching by the book: everything is scored, sorted and cut, in code simple enough to trust. And seeded collections
// to search in.
namespace jackdaw::testing {

using TermsOf = std::function<std::vector<std::string>(std::string_view)>;

// How often a word of a field counts.
struct BruteForceWeights {
  int title = 1;
  int heading = 1;
};

// BM25 by the book, in double precision, over all chunks, one by one.
class BruteForceKeywordIndex final : public KeywordIndex {
 public:
  BruteForceKeywordIndex(TermsOf terms_of, const std::vector<IndexedDocument>& documents,
                         const std::vector<DocumentId>& removed = {}, const BruteForceWeights& weights = {})
      : terms_of_(std::move(terms_of)) {
    for (const IndexedDocument& document : documents) {
      if (std::find(removed.begin(), removed.end(), document.document) != removed.end()) continue;
      for (const IndexedChunk& chunk : document.chunks) {
        Row row{chunk.chunk, document.document, {}, 0};
        add_field(document.title, weights.title, row);
        add_field(chunk.heading, weights.heading, row);
        add_field(chunk.text, 1, row);
        for (const auto& [term, frequency] : row.frequencies) ++chunks_with_[term];
        total_length_ += row.length;
        rows_.push_back(std::move(row));
      }
    }
  }

  Ranking search(std::string_view query, std::size_t limit, const SearchFilter& filter) const override {
    const std::vector<std::string> terms = terms_of_(query);
    Ranking found;
    for (const Row& row : rows_) {
      const auto& wanted = filter.documents;
      if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), row.document) == wanted.end()) continue;
      const double score = score_of(row, terms);
      if (score > 0) found.push_back({row.chunk, static_cast<float>(score)});
    }
    std::sort(found.begin(), found.end(), [](const ScoredChunk& a, const ScoredChunk& b) {
      return a.score != b.score ? a.score > b.score : a.chunk < b.chunk;
    });
    found.resize(std::min(limit, found.size()));
    return found;
  }

 private:
  struct Row {
    ChunkId chunk;
    DocumentId document;
    std::map<std::string, int> frequencies;
    double length;
  };

  void add_field(std::string_view text, int weight, Row& row) const {
    if (weight == 0) return;
    for (const std::string& term : terms_of_(text)) {
      row.frequencies[term] += weight;
      row.length += weight;
    }
  }

  double score_of(const Row& row, const std::vector<std::string>& terms) const {
    constexpr double k1 = 1.2;
    constexpr double b = 0.75;
    const auto n = static_cast<double>(rows_.size());
    double score = 0;
    for (const std::string& term : terms) {
      const auto found = row.frequencies.find(term);
      if (found == row.frequencies.end()) continue;
      const double df = chunks_with_.at(term);
      const double tf = found->second;
      score +=
          std::log(1 + (n - df + 0.5) / (df + 0.5)) * tf / (tf + k1 * (1 - b + b * row.length / (total_length_ / n)));
    }
    return score;
  }

  TermsOf terms_of_;
  std::vector<Row> rows_;
  std::map<std::string, int> chunks_with_;
  double total_length_ = 0;
};

// Words "w0" ... "w<vocabulary - 1>", the low numbers far more often: as Zipf found in real text.
inline std::string random_words(std::mt19937& random, std::size_t count, std::size_t vocabulary) {
  std::uniform_real_distribution<double> uniform(0, 1);
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    const double rank = std::pow(static_cast<double>(vocabulary), uniform(random)) - 1;
    text += "w" + std::to_string(static_cast<std::size_t>(rank)) + (i + 1 < count ? " " : "");
  }
  return text;
}

inline std::vector<IndexedDocument> random_word_documents(std::size_t documents, std::size_t chunks_each,
                                                          std::size_t vocabulary, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::uniform_int_distribution<std::size_t> length(0, 60);
  std::vector<IndexedDocument> made;
  std::int64_t next = 1;
  for (std::size_t d = 0; d < documents; ++d) {
    made.push_back({DocumentId{"d" + std::to_string(d)}, {}});
    for (std::size_t c = 0; c < chunks_each; ++c) {
      made.back().chunks.push_back({ChunkId{next++}, random_words(random, length(random), vocabulary), {1.0F}});
    }
  }
  return made;
}

// Equal chunks in equal order but where scores differ by less than `tolerance`, and scores within it.
inline void expect_same_ranking(const Ranking& found, const Ranking& expected, double tolerance) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    ASSERT_NEAR(found[i].score, expected[i].score, tolerance) << "place " << i;
    if (found[i].chunk == expected[i].chunk) continue;
    const auto same = std::find_if(expected.begin(), expected.end(),
                                   [&](const ScoredChunk& other) { return other.chunk == found[i].chunk; });
    const float elsewhere = same == expected.end() ? expected.back().score : same->score;
    ASSERT_NEAR(found[i].score, elsewhere, tolerance) << "place " << i;
  }
}

// Documents "d0", "d1" ... of `chunks_each` chunks, ids from 1 upwards. Small whole numbers as vectors: every inner
// product is exact in any order of addition, and ties are many.
inline std::vector<IndexedDocument> whole_number_documents(std::size_t documents, std::size_t chunks_each,
                                                           std::size_t dimensions, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::uniform_int_distribution<int> value(-2, 2);
  std::vector<IndexedDocument> made;
  std::int64_t next = 1;
  for (std::size_t d = 0; d < documents; ++d) {
    made.push_back({DocumentId{"d" + std::to_string(d)}, {}});
    for (std::size_t c = 0; c < chunks_each; ++c) {
      Embedding embedding(dimensions);
      for (float& x : embedding) x = static_cast<float>(value(random));
      made.back().chunks.push_back({ChunkId{next++}, "text", std::move(embedding)});
    }
  }
  return made;
}

inline float plain_inner_product(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return static_cast<float>(sum);
}

// The promise, in its plainest form: score everything, sort, cut.
inline Ranking exact_search(const std::vector<IndexedDocument>& documents, const std::vector<DocumentId>& removed,
                            std::span<const float> query, std::size_t limit, const SearchFilter& filter) {
  Ranking all;
  const auto holds = [](const std::vector<DocumentId>& ids, const DocumentId& id) {
    return std::find(ids.begin(), ids.end(), id) != ids.end();
  };
  for (const IndexedDocument& document : documents) {
    if (holds(removed, document.document)) continue;
    if (!filter.documents.empty() && !holds(filter.documents, document.document)) continue;
    for (const IndexedChunk& chunk : document.chunks) {
      all.push_back({chunk.chunk, plain_inner_product(query, chunk.embedding)});
    }
  }
  std::sort(all.begin(), all.end(), [](const ScoredChunk& a, const ScoredChunk& b) {
    return a.score != b.score ? a.score > b.score : a.chunk < b.chunk;
  });
  all.resize(std::min(limit, all.size()));
  return all;
}

}  // namespace jackdaw::testing
