#include "index/query_scores.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

namespace jackdaw::index {
namespace {

constexpr std::size_t kLanes = 4;
using Doubles = double __attribute__((vector_size(kLanes * sizeof(double))));
using Integers = std::int32_t __attribute__((vector_size(kLanes * sizeof(std::int32_t))));

// An impact's largest frequency stands for any.
double frequency_of(const Impact& impact) noexcept {
  return impact.frequency == Impact::kMost ? std::numeric_limits<float>::max() : impact.frequency;
}

}  // namespace

QueryScores::QueryScores(const Bm25& bm25, double weight_sum) noexcept
    : bm25_(&bm25),
      shift_(std::ldexp(1.0, std::ilogb(std::max(weight_sum, 0x1p-500)) + 1)),
      quantum_(shift_ * 0x1p-52) {}

void QueryScores::score_all(double weight, const std::uint32_t* rows, const std::uint32_t* frequencies,
                            std::size_t count, std::span<const std::uint32_t> lengths, double* out) const noexcept {
  alignas(32) std::array<double, kBlockPostings> inverse_norms;
  for (std::size_t begin = 0; begin < count; begin += kBlockPostings) {
    const std::size_t end = std::min(count, begin + kBlockPostings);
    for (std::size_t i = begin; i < end; ++i) inverse_norms[i - begin] = bm25_->inverse_norm(lengths[rows[i]]);
    for (std::size_t i = begin; i < end; i += kLanes) {
      Integers whole{};
      std::memcpy(&whole, frequencies + i, std::min(kLanes, end - i) * sizeof(std::int32_t));
      Doubles inverse;
      std::memcpy(&inverse, inverse_norms.data() + (i - begin), sizeof(inverse));
      const Doubles score = weight - weight / (1 + __builtin_convertvector(whole, Doubles) * inverse);
      const Doubles nearest = (score + shift_) - shift_;
      const Doubles least = Doubles{} + quantum_;
      const Doubles kept = nearest < least ? least : nearest;
      std::memcpy(out + i, &kept, sizeof(kept));
    }
  }
}

double QueryScores::best_of_block(double weight, const PostingList& list, std::size_t block) const noexcept {
  double best = 0;
  const std::size_t end = list.impacts_begin(block + 1);
  for (std::size_t place = list.impacts_begin(block); place < end; ++place) {
    const Impact impact = list.impact(place);
    best = std::max(best, bm25_->score(weight, frequency_of(impact), impact.length));
  }
  return rounded(best);
}

}  // namespace jackdaw::index
