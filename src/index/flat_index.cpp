#include "index/flat_index.h"

#include <algorithm>
#include <bit>

#include "index/large_memory.h"

namespace jackdaw::index {
namespace {

// Collects rows until there are enough for one call of the kernel, then offers their scores.
class Scan {
 public:
  Scan(const float* query, std::size_t dimensions, const float* values, InnerProductKernel kernel,
       std::span<const ChunkId> chunks, TopK& best)
      : query_(query), dimensions_(dimensions), values_(values), kernel_(kernel), chunks_(chunks), best_(best) {}

  void add(std::size_t row) {
    rows_[held_] = row;
    vectors_[held_] = values_ + row * dimensions_;
    if (++held_ == kRowsPerCall) score();
  }

  void finish() {
    if (held_ == 0) return;
    std::fill(vectors_ + held_, vectors_ + kRowsPerCall, vectors_[0]);
    score();
  }

 private:
  void score() {
    float scores[kRowsPerCall];
    kernel_(query_, vectors_, dimensions_, scores);
    for (std::size_t i = 0; i < held_; ++i) {
      if (scores[i] >= best_.threshold()) best_.offer({chunks_[rows_[i]], scores[i]});
    }
    held_ = 0;
  }

  const float* query_;
  std::size_t dimensions_;
  const float* values_;
  InnerProductKernel kernel_;
  std::span<const ChunkId> chunks_;
  TopK& best_;
  std::size_t rows_[kRowsPerCall];
  const float* vectors_[kRowsPerCall];
  std::size_t held_ = 0;
};

}  // namespace

FlatIndex::FlatIndex(std::size_t dimensions, std::size_t rows, const RowSource& next_rows, const InnerProductPath& path)
    : dimensions_(dimensions),
      rows_(rows),
      kernel_(path.kernel),
      values_(static_cast<float*>(::operator new[](dimensions* rows * sizeof(float), kAlignment))) {
  prefer_large_pages(values_.get(), dimensions * rows * sizeof(float));
  next_rows({values_.get(), dimensions * rows});
}

void FlatIndex::search(std::span<const float> query, const RowSet* allowed, std::span<const ChunkId> chunks,
                       TopK& best) const {
  Scan scan(query.data(), dimensions_, values_.get(), kernel_, chunks, best);
  if (allowed == nullptr) {
    for (std::size_t row = 0; row < rows_; ++row) scan.add(row);
  } else {
    const auto words = allowed->words();
    for (std::size_t w = 0; w < words.size(); ++w) {
      for (std::uint64_t bits = words[w]; bits != 0; bits &= bits - 1) {
        scan.add(w * RowSet::kWordBits + static_cast<std::size_t>(std::countr_zero(bits)));
      }
    }
  }
  scan.finish();
}

float FlatIndex::similarity(std::span<const float> query, std::uint32_t row) const {
  const float* const vector = values_.get() + row * dimensions_;
  const float* const vectors[kRowsPerCall] = {vector, vector, vector, vector};
  float scores[kRowsPerCall];
  kernel_(query.data(), vectors, dimensions_, scores);
  return scores[0];
}

void FlatIndex::copy_row(std::uint32_t row, std::span<float> out) const {
  const auto vector = this->row(row);
  std::copy(vector.begin(), vector.end(), out.begin());
}

void FlatIndex::save(std::span<const std::uint32_t> rows, VectorSink& sink) const {
  for (const std::uint32_t row : rows) sink.put(std::as_bytes(this->row(row)));
}

std::span<const float> FlatIndex::row(std::uint32_t row) const {
  return {values_.get() + row * dimensions_, dimensions_};
}

}  // namespace jackdaw::index
