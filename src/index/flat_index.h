#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>

#include "index/inner_product.h"
#include "index/vector_segment.h"

namespace jackdaw::index {

// Exact scan over floats, by one kernel of inner_product.h. Filtered rows are skipped before they are read.
class FlatIndex final : public VectorSegment {
 public:
  // `path` is for tests and benchmarks; the default is the fastest of this machine.
  FlatIndex(std::size_t dimensions, std::size_t rows, const RowSource& next_rows,
            const InnerProductPath& path = inner_product_paths().front());

  void search(std::span<const float> query, const RowSet* allowed, std::span<const ChunkId> chunks,
              TopK& best) const override;
  float similarity(std::span<const float> query, std::uint32_t row) const override;
  void copy_row(std::uint32_t row, std::span<float> out) const override;
  void save(std::span<const std::uint32_t> rows, VectorSink& sink) const override;

 private:
  std::span<const float> row(std::uint32_t row) const;

  // A cache line: a row of 384 floats then never straddles one more line than it must.
  static constexpr std::align_val_t kAlignment{64};
  struct Free {
    void operator()(float* floats) const noexcept { ::operator delete[](floats, kAlignment); }
  };

  std::size_t dimensions_;
  std::size_t rows_;
  InnerProductKernel kernel_;
  std::unique_ptr<float[], Free> values_;  // row after row
};

}  // namespace jackdaw::index
