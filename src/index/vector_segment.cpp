#include "index/vector_segment.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/error.h"
#include "index/faiss_index.h"
#include "index/flat_index.h"
#include "index/int8_index.h"
#include "index/often.h"

namespace jackdaw::index {
namespace {

constexpr std::array<std::pair<VectorEngine, std::string_view>, 4> kNames{
    {{VectorEngine::kFaiss, "faiss"},
     {VectorEngine::kFlat, "flat"},
     {VectorEngine::kInt8, "int8"},
     {VectorEngine::kInt8Approximate, "int8-approximate"}}};

bool keeps_bytes(VectorEngine engine) {
  return engine == VectorEngine::kInt8 || engine == VectorEngine::kInt8Approximate;
}

bool is_approximate(VectorEngine engine) {
  return engine == VectorEngine::kInt8Approximate;
}

std::unique_ptr<const VectorSegment> make_of_floats(VectorEngine engine, std::size_t dimensions, std::size_t rows,
                                                    const RowSource& next_rows) {
  if (engine == VectorEngine::kFaiss) return std::make_unique<FaissIndex>(dimensions, rows, next_rows);
  return std::make_unique<FlatIndex>(dimensions, rows, next_rows);
}

}  // namespace

std::string_view name_of(VectorEngine engine) noexcept {
  return std::find_if(kNames.begin(), kNames.end(), [&](const auto& each) { return each.first == engine; })->second;
}

std::optional<VectorEngine> vector_engine_named(std::string_view name) noexcept {
  const auto found = std::find_if(kNames.begin(), kNames.end(), [&](const auto& each) { return each.second == name; });
  return found == kNames.end() ? std::nullopt : std::optional(found->first);
}

RowSource rows_at(std::span<const float* const> rows, std::size_t dimensions) {
  return [rows, dimensions, next = std::size_t{0}](std::span<float> block) mutable {
    for (std::size_t at = 0; at < block.size(); at += dimensions) {
      std::copy_n(rows[next++], dimensions, block.begin() + static_cast<std::ptrdiff_t>(at));
    }
  };
}

std::unique_ptr<const VectorSegment> make_vector_segment(VectorEngine engine, std::size_t dimensions,
                                                         std::span<const float* const> rows) {
  if (keeps_bytes(engine)) return Int8Index::of(dimensions, rows, is_approximate(engine));
  return make_of_floats(engine, dimensions, rows.size(), rows_at(rows, dimensions));
}

std::unique_ptr<const VectorSegment> merge_vector_segments(VectorEngine engine, std::size_t dimensions,
                                                           std::span<const VectorOrigin> rows,
                                                           const Cancellation& cancellation) {
  if (keeps_bytes(engine)) return Int8Index::merged(dimensions, rows, is_approximate(engine), cancellation);
  const auto next_rows = [&, next = std::size_t{0}](std::span<float> block) mutable {
    for (std::size_t at = 0; at < block.size(); at += dimensions, ++next) {
      check_often(next, cancellation);
      rows[next].segment->copy_row(rows[next].row, block.subspan(at, dimensions));
    }
  };
  return make_of_floats(engine, dimensions, rows.size(), next_rows);
}

std::unique_ptr<const VectorSegment> load_vector_segment(VectorEngine engine, std::size_t dimensions, std::size_t rows,
                                                         VectorSource& source) {
  if (keeps_bytes(engine)) return Int8Index::loaded(dimensions, rows, is_approximate(engine), source);
  return make_of_floats(engine, dimensions, rows, [&](std::span<float> floats) { source.read_floats(floats); });
}

std::uint64_t saved_vector_bytes(VectorEngine engine, std::uint64_t dimensions, std::uint64_t rows) noexcept {
  if (keeps_bytes(engine)) return Int8Index::saved_bytes(dimensions, rows, is_approximate(engine));
  return rows * dimensions * sizeof(float);
}

}  // namespace jackdaw::index
