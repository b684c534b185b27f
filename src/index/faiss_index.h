#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "index/vector_segment.h"

namespace faiss {
struct IndexFlatIP;
}

namespace jackdaw::index {

// faiss::IndexFlatIP: exact inner products, on the calling thread alone (OpenMP is held to one thread: the compute pool
// decides how many searches run at once). FAISS breaks ties in no promised order, so a tie at the last place is
// resolved by a second search for all rows of that score.
class FaissIndex final : public VectorSegment {
 public:
  FaissIndex(std::size_t dimensions, std::size_t rows, const RowSource& next_rows);
  ~FaissIndex() override;

  void search(std::span<const float> query, const RowSet* allowed, std::span<const ChunkId> chunks,
              TopK& best) const override;
  float similarity(std::span<const float> query, std::uint32_t row) const override;
  void copy_row(std::uint32_t row, std::span<float> out) const override;
  void save(std::span<const std::uint32_t> rows, VectorSink& sink) const override;

 private:
  std::span<const float> row(std::uint32_t row) const;

  std::unique_ptr<faiss::IndexFlatIP> index_;
};

}  // namespace jackdaw::index
