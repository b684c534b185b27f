#include "index/query_scores.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace jackdaw::index {
namespace {

// An impact's largest frequency stands for any.
double frequency_of(const Impact& impact) noexcept {
  return impact.frequency == Impact::kMost ? std::numeric_limits<float>::max() : impact.frequency;
}

}  // namespace

QueryScores::QueryScores(const Bm25& bm25, double weight_sum) noexcept
    : bm25_(&bm25),
      shift_(std::ldexp(1.0, std::ilogb(std::max(weight_sum, 0x1p-500)) + 1)),
      quantum_(shift_ * 0x1p-52) {}

void QueryScores::score_block(double weight, const DecodedBlock& block, std::size_t first, std::size_t last,
                              std::span<const std::uint32_t> lengths, BlockScores& out) const noexcept {
  constexpr std::size_t kAtOnce = 8;  // a fixed number: the compiler makes vectors of it
  static_assert(kBlockPostings % kAtOnce == 0);
  // Plain pointers and values of its own: the loops must not look for what may change under them.
  const std::uint32_t* const rows = block.rows.data();
  const std::uint32_t* const frequencies = block.frequencies.data();
  const std::uint32_t* const length_of = lengths.data();
  const Bm25& bm25 = *bm25_;
  const double shift = shift_;
  const double quantum = quantum_;
  double* const results = out.data();
  alignas(64) double saturations[kBlockPostings];
  first = first / kAtOnce * kAtOnce;
  for (std::size_t i = first; i < last; ++i) {
    saturations[i] =
        static_cast<double>(static_cast<std::int32_t>(frequencies[i])) * bm25.inverse_norm(length_of[rows[i]]);
  }
  for (std::size_t begin = first; begin < last; begin += kAtOnce) {
    double some[kAtOnce];
    for (std::size_t i = 0; i < kAtOnce; ++i) {
      const double nearest = ((weight - weight / (1 + saturations[begin + i])) + shift) - shift;
      some[i] = nearest < quantum ? quantum : nearest;
    }
    std::memcpy(results + begin, some, sizeof(some));
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
