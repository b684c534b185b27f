#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace jackdaw::index {

// Lucene's defaults.
struct Bm25Parameters {
  double k1 = 1.2;  // >= 0: how slowly repeating a term stops to help
  double b = 0.75;  // 0..1: how much a long chunk is held against it
};

// BM25 as Lucene's BM25Similarity computes it (Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and
// Beyond", 2009, with the idf that cannot be negative and without the constant factor k1 + 1, which Lucene dropped in
// version 8: LUCENE-8563). Made once for each state of the collection; pure.
//
//   idf   = ln(1 + (N - df + 0.5) / (df + 0.5))
//   score = sum over terms of  idf * tf / (tf + k1 * (1 - b + b * length / average length))
//
// What a term adds is computed as idf - idf / (1 + tf / norm): each operation is monotone in tf and in the norm, and so
// is its rounding. A higher frequency or a shorter chunk never gives less, not even in the last bit: bounds are exact.
// The room is compiled without fused multiplication and addition (CMakeLists.txt), which would round differently by
// place.
class Bm25 {
 public:
  // `chunks` and `terms` count the whole collection, live chunks only.
  Bm25(const Bm25Parameters& parameters, std::uint64_t chunks, std::uint64_t terms) noexcept
      : chunks_(static_cast<double>(chunks)), fixed_(parameters.k1 * (1 - parameters.b)) {
    const double average_length = chunks == 0 ? 0 : static_cast<double>(terms) / static_cast<double>(chunks);
    per_length_ = average_length == 0 ? 0 : parameters.k1 * parameters.b / average_length;
    for (std::uint32_t length = 0; length < kUsualLengths; ++length) usual_[length] = computed_inverse_norm(length);
  }

  // Of a term that `chunks` live chunks hold. Always positive.
  double idf(std::uint64_t chunks) const noexcept {
    const auto df = static_cast<double>(chunks);
    return std::log1p((chunks_ - df + 0.5) / (df + 0.5));
  }

  // 1 / (k1 * (1 - b + b * length / average length)); infinite where that is 1 / 0.
  double inverse_norm(std::uint32_t length) const noexcept {
    return length < kUsualLengths ? usual_.data()[length] : computed_inverse_norm(length);
  }

  // What one term adds to a chunk of `length` terms that holds it `frequency` times; `weight` is its idf, times the
  // number of times that the query says it.
  double score(double weight, double frequency, std::uint32_t length) const noexcept {
    return weight - weight / (1 + frequency * inverse_norm(length));
  }

 private:
  static constexpr std::size_t kUsualLengths = 1024;

  double computed_inverse_norm(std::uint32_t length) const noexcept {
    return 1 / (fixed_ + per_length_ * static_cast<double>(length));
  }

  double chunks_;
  double fixed_;           // k1 * (1 - b)
  double per_length_ = 0;  // k1 * b / average length
  std::array<double, kUsualLengths> usual_;
};

}  // namespace jackdaw::index
