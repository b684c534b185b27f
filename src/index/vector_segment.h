#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "core/ids.h"
#include "index/row_set.h"
#include "index/top_k.h"

namespace jackdaw::index {

// Who scans the vectors.
enum class VectorEngine {
  kFaiss,  // faiss::IndexFlatIP
  kFlat,   // our own scan with the widest SIMD of this machine
};

// The embeddings of one segment and the exact search among them. It is the only owner of the vectors: each is in memory
// once. Immutable: any number of threads may search at once, without locks.
class VectorSegment {
 public:
  virtual ~VectorSegment() = default;

  // Offers to `best` each row of `allowed` (null: every row) that can be among its best, under the chunk id that
  // `chunks` gives the row. Rows ascend by chunk id. `query` has the segment's dimensions and is finite.
  virtual void search(std::span<const float> query, const RowSet* allowed, std::span<const ChunkId> chunks,
                      TopK& best) const = 0;

  // The inner product with one row, exactly as search() scores it.
  virtual float similarity(std::span<const float> query, std::uint32_t row) const = 0;

  // The vector itself; valid as long as the segment.
  virtual std::span<const float> row(std::uint32_t row) const = 0;
};

// Where a new segment gets its vectors: each call fills a block of whole rows, in order, with the next ones.
using RowSource = std::function<void(std::span<float> rows)>;

// The rows that lie there already.
RowSource rows_at(std::span<const float* const> rows, std::size_t dimensions);

// Takes `rows` rows, each of `dimensions` floats, from the source into a new segment of that engine. What the source
// throws goes through.
std::unique_ptr<const VectorSegment> make_vector_segment(VectorEngine engine, std::size_t dimensions, std::size_t rows,
                                                         const RowSource& next_rows);
// Copies the rows.
std::unique_ptr<const VectorSegment> make_vector_segment(VectorEngine engine, std::size_t dimensions,
                                                         std::span<const float* const> rows);

}  // namespace jackdaw::index
