#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/search_index.h"
#include "index/analyzer.h"
#include "index/postings.h"

namespace jackdaw::index {

// How often a word of a field counts, where one of the body counts once; 0: the field is not searched. Whole numbers,
// so that frequencies and lengths stay whole and every sum of them exact.
struct FieldWeights {
  std::uint32_t title = 1;
  std::uint32_t heading = 1;
};

// Gathers the postings of a segment while its chunks are analysed one by one. The fields of a chunk are brought
// together before BM25 lets repetition saturate: its frequency of a term is the weighted sum of those of the fields,
// its length that of the lengths (Robertson, Zaragoza and Taylor, "Simple BM25 extension to multiple weighted fields",
// 2004). For one thread.
class FieldTerms {
 public:
  FieldTerms(const Analyzer& analyzer, const FieldWeights& weights) : analyzer_(analyzer), weights_(weights) {}

  // Chunks come in ascending order of their rows. `title` is that of the chunk's document.
  void add(std::string_view title, const IndexedChunk& chunk);

  // Of each row so far.
  std::vector<std::uint32_t> lengths() && { return std::move(lengths_); }
  Postings postings() const;

 private:
  struct Counted {
    std::uint32_t term;
    std::uint32_t times;
  };
  // Analysed once for all chunks in a row that share it.
  struct Repeated {
    std::string text;
    std::vector<std::uint32_t> terms;
  };

  void count(const std::vector<std::uint32_t>& terms, std::uint32_t weight);
  const std::vector<std::uint32_t>& terms_of(std::string_view text, Repeated& last);
  std::vector<std::uint32_t> numbers_of(std::string_view text);

  const Analyzer& analyzer_;
  const FieldWeights weights_;
  std::unordered_map<std::string, std::uint32_t> known_;
  std::vector<std::vector<Posting>> postings_;  // per term
  std::vector<std::uint32_t> lengths_;
  Repeated title_;
  Repeated heading_;
  std::vector<Counted> counted_;  // of one chunk
};

}  // namespace jackdaw::index
