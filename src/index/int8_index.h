#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "core/guarded.h"
#include "index/float_rows.h"
#include "index/int8_codes.h"
#include "index/int8_kernels.h"
#include "index/sign_codes.h"
#include "index/sign_kernels.h"
#include "index/vector_segment.h"

namespace jackdaw::index {

// Which kernels a segment uses: the fastest of this machine, but in tests and benchmarks.
struct Int8IndexPaths {
  const Int8Path* int8 = &int8_paths().front();
  const SignPath* signs = &sign_paths().front();
};

// Bytes and, for approximate search, bits of each vector in memory; the floats in memory until the segment is saved,
// from then on in the file. search() is exact: what the bytes leave open the floats decide (int8_search.h).
// search_approximately() looks with the bytes at those rows only that the bits choose.
class Int8Index final : public VectorSegment {
 public:
  // Copies the rows.
  static std::unique_ptr<const Int8Index> of(std::size_t dimensions, std::span<const float* const> rows,
                                             bool is_approximate, Int8IndexPaths paths = {});
  // Of rows of other Int8Index; their floats stay where they are, unless they are few. Checks `cancellation` often and
  // throws what it says.
  static std::unique_ptr<const Int8Index> merged(std::size_t dimensions, std::span<const VectorOrigin> rows,
                                                 bool is_approximate, const Cancellation& cancellation);
  static std::unique_ptr<const Int8Index> loaded(std::size_t dimensions, std::size_t rows, bool is_approximate,
                                                 VectorSource& source);
  static std::uint64_t saved_bytes(std::uint64_t dimensions, std::uint64_t rows, bool is_approximate) noexcept;

  // How many rows the bits choose for the best `limit`.
  static std::size_t likely_count(std::size_t limit, std::size_t rows) noexcept;

  void search(std::span<const float> query, const RowSet* allowed, std::span<const ChunkId> chunks,
              TopK& best) const override;
  void search_approximately(std::span<const float> query, const RowSet* allowed, std::span<const ChunkId> chunks,
                            TopK& best) const override;
  float similarity(std::span<const float> query, std::uint32_t row) const override;
  void copy_row(std::uint32_t row, std::span<float> out) const override;
  void save(std::span<const std::uint32_t> rows, VectorSink& sink) const override;
  bool is_sound() const override;
  void were_saved(std::span<const std::uint32_t> rows, std::shared_ptr<const RowFile> file,
                  std::uint64_t begin) const override;

 private:
  Int8Index(std::size_t dimensions, Int8Codes codes, std::shared_ptr<const FloatRows> floats,
            std::optional<SignCodes> signs, Int8IndexPaths paths);

  std::shared_ptr<const FloatRows> floats() const;

  const std::size_t dimensions_;
  const Int8Codes codes_;
  const std::optional<SignCodes> signs_;
  const Int8IndexPaths paths_;
  // Locked only as long as a pointer is copied. Where the floats lie is no part of what they are.
  mutable Guarded<std::shared_ptr<const FloatRows>> floats_;
};

}  // namespace jackdaw::index
