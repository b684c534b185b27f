#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "core/cancellation.h"
#include "core/ids.h"
#include "index/row_file.h"
#include "index/row_set.h"
#include "index/top_k.h"

namespace jackdaw::index {

// Who scans the vectors.
enum class VectorEngine {
  kFaiss,            // faiss::IndexFlatIP
  kFlat,             // our own scan of the floats with the widest SIMD of this machine
  kInt8,             // the same result from a scan of bytes: a quarter of the memory, and of the time
  kInt8Approximate,  // and one bit for each float beside it, which large collections are searched by first
};

// As settings and files name it: "faiss", "flat", "int8", "int8-approximate".
std::string_view name_of(VectorEngine engine) noexcept;
// Nothing for another name.
std::optional<VectorEngine> vector_engine_named(std::string_view name) noexcept;

// Where a segment's vectors go to when it is saved, in order. Throws what writing the file throws.
class VectorSink {
 public:
  virtual ~VectorSink() = default;
  virtual void put(std::span<const std::byte> bytes) = 0;
  // Not under the segment's checksum: what is put here has checksums of its own.
  virtual void put_unsummed(std::span<const std::byte> bytes) = 0;
};

// Where they come from again. Nothing may be believed of what was read before the segment's checksum was compared.
// Throws Error kInternal when there is nothing more to read.
class VectorSource {
 public:
  virtual ~VectorSource() = default;
  virtual void read(std::span<std::byte> bytes) = 0;
  // Floats, which are refused when one of them is not finite.
  virtual void read_floats(std::span<float> floats) = 0;
  struct Place {
    std::shared_ptr<const RowFile> file;
    std::uint64_t begin;
  };
  // Leaves bytes that were put unsummed where they are.
  virtual Place leave(std::uint64_t bytes) = 0;
};

// The embeddings of one segment and the search among them. It is the only owner of the vectors. Immutable, but for
// where the vectors lie: any number of threads may search at once.
class VectorSegment {
 public:
  virtual ~VectorSegment() = default;

  // Offers to `best` each row of `allowed` (null: every row) that can be among its best, under the chunk id that
  // `chunks` gives the row. Rows ascend by chunk id. `query` has the segment's dimensions and is finite. Here and
  // below: throws Error kInternal when vectors lie in a file and it cannot be read or is damaged.
  virtual void search(std::span<const float> query, const RowSet* allowed, std::span<const ChunkId> chunks,
                      TopK& best) const = 0;
  // The same, but some of the best may be missed where that is faster. The scores are exact.
  virtual void search_approximately(std::span<const float> query, const RowSet* allowed,
                                    std::span<const ChunkId> chunks, TopK& best) const {
    search(query, allowed, chunks, best);
  }

  // The inner product with one row, exactly as search() scores it.
  virtual float similarity(std::span<const float> query, std::uint32_t row) const = 0;

  // Copies the vector into `out`, which has its dimensions.
  virtual void copy_row(std::uint32_t row, std::span<float> out) const = 0;

  // Puts these rows (ascending) as snapshot_format.h describes them; their floats come last.
  virtual void save(std::span<const std::uint32_t> rows, VectorSink& sink) const = 0;
  // Of one that was loaded: whether it is what an index writes. Right checksums do not say so.
  virtual bool is_sound() const { return true; }
  // Those rows were saved, and their floats lie one after another in that file: they need not be kept in memory.
  virtual void were_saved(std::span<const std::uint32_t>, std::shared_ptr<const RowFile>, std::uint64_t) const {}
};

// Where a new segment of floats gets them: each call fills a block of whole rows, in order, with the next ones.
using RowSource = std::function<void(std::span<float> rows)>;

// The rows that lie there already.
RowSource rows_at(std::span<const float* const> rows, std::size_t dimensions);

// A row of a segment that a merge takes over.
struct VectorOrigin {
  const VectorSegment* segment;
  std::uint32_t row;
};

// Copies the rows.
std::unique_ptr<const VectorSegment> make_vector_segment(VectorEngine engine, std::size_t dimensions,
                                                         std::span<const float* const> rows);
// Of rows of segments of the same engine. Checks `cancellation` often and throws what it says.
std::unique_ptr<const VectorSegment> merge_vector_segments(VectorEngine engine, std::size_t dimensions,
                                                           std::span<const VectorOrigin> rows,
                                                           const Cancellation& cancellation);
// Of what VectorSegment::save() put.
std::unique_ptr<const VectorSegment> load_vector_segment(VectorEngine engine, std::size_t dimensions, std::size_t rows,
                                                         VectorSource& source);

// Of what VectorSegment::save() puts for so many rows.
std::uint64_t saved_vector_bytes(VectorEngine engine, std::uint64_t dimensions, std::uint64_t rows) noexcept;

}  // namespace jackdaw::index
