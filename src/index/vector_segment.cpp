#include "index/vector_segment.h"

#include <algorithm>

#include "core/error.h"
#include "index/faiss_index.h"
#include "index/flat_index.h"

namespace jackdaw::index {

RowSource rows_at(std::span<const float* const> rows, std::size_t dimensions) {
  return [rows, dimensions, next = std::size_t{0}](std::span<float> block) mutable {
    for (std::size_t at = 0; at < block.size(); at += dimensions) {
      std::copy_n(rows[next++], dimensions, block.begin() + static_cast<std::ptrdiff_t>(at));
    }
  };
}

std::unique_ptr<const VectorSegment> make_vector_segment(VectorEngine engine, std::size_t dimensions,
                                                         std::span<const float* const> rows) {
  return make_vector_segment(engine, dimensions, rows.size(), rows_at(rows, dimensions));
}

std::unique_ptr<const VectorSegment> make_vector_segment(VectorEngine engine, std::size_t dimensions, std::size_t rows,
                                                         const RowSource& next_rows) {
  switch (engine) {
    case VectorEngine::kFaiss: return std::make_unique<FaissIndex>(dimensions, rows, next_rows);
    case VectorEngine::kFlat: return std::make_unique<FlatIndex>(dimensions, rows, next_rows);
  }
  throw Error(ErrorCode::kInternal, "A vector engine was asked for that does not exist.");
}

}  // namespace jackdaw::index
