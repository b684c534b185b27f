#include "index/vector_segment.h"

#include "core/error.h"
#include "index/faiss_index.h"
#include "index/flat_index.h"

namespace jackdaw::index {

std::unique_ptr<const VectorSegment> make_vector_segment(VectorEngine engine, std::size_t dimensions,
                                                         std::span<const float* const> rows) {
  switch (engine) {
    case VectorEngine::kFaiss: return std::make_unique<FaissIndex>(dimensions, rows);
    case VectorEngine::kFlat: return std::make_unique<FlatIndex>(dimensions, rows);
  }
  throw Error(ErrorCode::kInternal, "A vector engine was asked for that does not exist.");
}

}  // namespace jackdaw::index
