#include "index/int8_search.h"

#include <algorithm>
#include <functional>
#include <limits>

#include "index/inner_product.h"

namespace jackdaw::index {
namespace {

// Two numbers of each row of a block, side by side.
struct RowNumbers {
  const float* first;
  const float* second;
};

// Where they lie, when the rows follow each other; else copied together.
class BlockNumbers {
 public:
  RowNumbers of(std::span<const std::uint32_t> rows, const LargeArray<float>& first, const LargeArray<float>& second) {
    if (rows.back() - rows.front() + 1 == rows.size() && rows.front() <= rows.back()) {
      return {first.data() + rows.front(), second.data() + rows.front()};
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
      first_[i] = first[rows[i]];
      second_[i] = second[rows[i]];
    }
    return {first_, second_};
  }

 private:
  float first_[kRowsPerBlock];
  float second_[kRowsPerBlock];
};

struct Estimated {
  float estimate;
  std::uint32_t row;
};

bool is_likelier(const Estimated& a, const Estimated& b) {
  return a.estimate > b.estimate;
}

// Leaves the `count` likeliest; the lowest estimate of them.
float cut_to(std::vector<Estimated>& likely, std::size_t count) {
  const auto last = likely.begin() + static_cast<std::ptrdiff_t>(count) - 1;
  std::nth_element(likely.begin(), last, likely.end(), is_likelier);
  likely.resize(count);
  return likely.back().estimate;
}

}  // namespace

Int8Search::Int8Search(std::span<const float> query, const Int8Codes& codes, const TopK& best, const Int8Path& path)
    : query_(query),
      codes_(codes),
      path_(path),
      bounds_(query, codes.stride),
      limit_(std::min(best.limit(), codes.rows())),
      threshold_(best.threshold() - bounds_.tiny()) {}

void Int8Search::take(std::span<const std::uint32_t> rows) {
  if (limit_ == 0) return;
  std::int32_t dots[kRowsPerBlock];
  path_.dot(bounds_.numbers(), codes_.kernel_rows(), rows.data(), rows.size(), dots);
  BlockNumbers numbers;
  const auto [scales, slacks] = numbers.of(rows, codes_.scales, codes_.slacks);
  std::uint32_t places[kRowsPerBlock];
  const std::size_t selected = path_.select(dots, scales, slacks, rows.size(), bounds_.upper(), threshold_, places);
  for (std::size_t i = 0; i < selected; ++i) {
    const std::uint32_t place = places[i];
    keep(rows[place], bounds_.upper().of(dots[place], scales[place], slacks[place]),
         bounds_.lower().of(dots[place], scales[place], slacks[place]));
  }
}

void Int8Search::keep(std::uint32_t row, float upper, float lower) {
  if (upper < threshold_) return;  // it rose within the block
  // Where numbers near the largest one leave no bound.
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  candidates_.push_back({upper == upper ? upper : kInfinity, row});
  if (!(lower == lower)) lower = -kInfinity;
  if (lower_ones_.size() < limit_) {
    lower_ones_.push_back(lower);
    std::push_heap(lower_ones_.begin(), lower_ones_.end(), std::greater<>());
  } else if (lower > lower_ones_.front()) {
    std::pop_heap(lower_ones_.begin(), lower_ones_.end(), std::greater<>());
    lower_ones_.back() = lower;
    std::push_heap(lower_ones_.begin(), lower_ones_.end(), std::greater<>());
  }
  if (lower_ones_.size() == limit_) {
    threshold_ = std::max(threshold_, lower_ones_.front() - 2 * bounds_.tiny());
  }
}

void Int8Search::finish(const FloatRows& floats, std::span<const ChunkId> chunks, TopK& best) {
  std::erase_if(candidates_, [&](const Candidate& candidate) { return candidate.upper < threshold_; });
  std::sort(candidates_.begin(), candidates_.end(), [](const Candidate& a, const Candidate& b) {
    return a.upper != b.upper ? a.upper > b.upper : a.row < b.row;
  });
  scratch_.resize(kRowsPerCall * query_.size());
  for (std::size_t at = 0; at < candidates_.size(); at += kRowsPerCall) {
    if (candidates_[at].upper < best.threshold() - bounds_.tiny()) break;
    score(std::span(candidates_).subspan(at, std::min(kRowsPerCall, candidates_.size() - at)), floats, chunks, best);
  }
  candidates_.clear();
}

void Int8Search::score(std::span<const Candidate> four, const FloatRows& floats, std::span<const ChunkId> chunks,
                       TopK& best) {
  const float* rows[kRowsPerCall];
  for (std::size_t i = 0; i < kRowsPerCall; ++i) {
    rows[i] = i < four.size() ? floats.row(four[i].row, std::span(scratch_).subspan(i * query_.size(), query_.size()))
                              : rows[0];
  }
  float scores[kRowsPerCall];
  inner_product_paths().front().kernel(query_.data(), rows, query_.size(), scores);
  for (std::size_t i = 0; i < four.size(); ++i) {
    if (scores[i] >= best.threshold()) best.offer({chunks[four[i].row], scores[i]});
  }
}

std::vector<std::uint32_t> likely_rows(std::span<const float> query, const SignCodes& codes, const RowSet* allowed,
                                       std::size_t count, const SignPath& signs, SelectKernel select) {
  const SignQuery asked(query, codes);
  float threshold = -std::numeric_limits<float>::infinity();
  std::vector<Estimated> likely;
  for (std::size_t begin = 0; begin < codes.rows(); begin += kSignRows) {
    const std::uint64_t word = allowed == nullptr ? ~std::uint64_t{0} : allowed->words()[begin / RowSet::kWordBits];
    const auto bits = static_cast<std::uint32_t>(word >> (begin % RowSet::kWordBits));
    if (bits == 0) continue;
    std::int32_t dots[kSignRows];
    signs.dot(asked.tables(), codes.block(begin), dots);
    std::uint32_t places[kSignRows];
    const std::size_t selected = select(dots, codes.factors.data() + begin, codes.excesses.data() + begin,
                                        std::min(kSignRows, codes.rows() - begin), asked.estimate(), threshold, places);
    for (std::size_t i = 0; i < selected; ++i) {
      const std::uint32_t place = places[i];
      if ((bits >> place & 1) == 0) continue;
      const std::size_t row = begin + place;
      const float estimate = asked.estimate().of(dots[place], codes.factors[row], codes.excesses[row]);
      likely.push_back({estimate == estimate ? estimate : 0, static_cast<std::uint32_t>(row)});
    }
    if (likely.size() >= 2 * count + kSignRows) threshold = cut_to(likely, count);
  }
  if (likely.size() > count) cut_to(likely, count);
  std::vector<std::uint32_t> found(likely.size());
  std::transform(likely.begin(), likely.end(), found.begin(), [](const Estimated& each) { return each.row; });
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace jackdaw::index
