#include "index/faiss_index.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wall"
#pragma GCC diagnostic ignored "-Wextra"
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wshadow"
#include <faiss/IndexFlat.h>
#include <faiss/impl/AuxIndexStructures.h>
#include <faiss/impl/IDSelector.h>
#include <faiss/utils/distances.h>
#pragma GCC diagnostic pop

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "index/large_memory.h"

// Of the OpenMP runtime that FAISS is linked with, whose header comes with gcc alone; clang builds the fuzz targets.
extern "C" void omp_set_num_threads(int threads) noexcept;

namespace jackdaw::index {
namespace {

// What is copied at once: it stays in a core's cache between the source, the zeros that FAISS writes first and the
// copy.
constexpr std::size_t kBlockFloats = 16 * 1024;

class AllowedRows final : public faiss::IDSelector {
 public:
  explicit AllowedRows(const RowSet& rows) : rows_(rows) {}
  bool is_member(idx_t id) const override { return rows_.contains(static_cast<std::size_t>(id)); }

 private:
  const RowSet& rows_;
};

void offer(TopK& best, std::span<const ChunkId> chunks, faiss::Index::idx_t row, float score) {
  if (row >= 0 && score >= best.threshold()) best.offer({chunks[static_cast<std::size_t>(row)], score});
}

}  // namespace

FaissIndex::FaissIndex(std::size_t dimensions, std::size_t rows, const RowSource& next_rows)
    : index_(std::make_unique<faiss::IndexFlatIP>(static_cast<faiss::Index::idx_t>(dimensions))) {
  index_->codes.reserve(rows * dimensions * sizeof(float));
  prefer_large_pages(index_->codes.data(), rows * dimensions * sizeof(float));
  const std::size_t block_rows = std::clamp<std::size_t>(kBlockFloats / dimensions, 1, std::max<std::size_t>(rows, 1));
  std::vector<float> block(block_rows * dimensions);
  for (std::size_t row = 0; row < rows; row += block_rows) {
    const std::size_t some = std::min(block_rows, rows - row);
    next_rows(std::span(block).first(some * dimensions));
    index_->add(static_cast<faiss::Index::idx_t>(some), block.data());
  }
}

FaissIndex::~FaissIndex() = default;

void FaissIndex::search(std::span<const float> query, const RowSet* allowed, std::span<const ChunkId> chunks,
                        TopK& best) const {
  const std::size_t rows = allowed == nullptr ? chunks.size() : allowed->count();
  const std::size_t wanted = std::min(best.limit(), rows);
  if (wanted == 0) return;
  // OpenMP's setting belongs to the thread, and this may be any thread.
  omp_set_num_threads(1);
  faiss::SearchParameters parameters;
  std::optional<AllowedRows> selector;
  if (allowed != nullptr) parameters.sel = &selector.emplace(*allowed);

  // One more than wanted shows whether the last place is tied.
  const std::size_t asked = std::min(wanted + 1, rows);
  std::vector<float> scores(asked);
  std::vector<faiss::Index::idx_t> found(asked);
  index_->search(1, query.data(), static_cast<faiss::Index::idx_t>(asked), scores.data(), found.data(), &parameters);
  if (asked == wanted || scores[wanted - 1] != scores[wanted]) {
    for (std::size_t i = 0; i < wanted; ++i) offer(best, chunks, found[i], scores[i]);
    return;
  }
  faiss::RangeSearchResult tied(1);
  const float below = std::nextafter(scores[wanted - 1], -std::numeric_limits<float>::infinity());
  index_->range_search(1, query.data(), below, &tied, &parameters);
  for (std::size_t i = 0; i < tied.lims[1]; ++i) offer(best, chunks, tied.labels[i], tied.distances[i]);
}

float FaissIndex::similarity(std::span<const float> query, std::uint32_t row) const {
  return faiss::fvec_inner_product(query.data(), this->row(row).data(), query.size());
}

void FaissIndex::copy_row(std::uint32_t row, std::span<float> out) const {
  const auto vector = this->row(row);
  std::copy(vector.begin(), vector.end(), out.begin());
}

void FaissIndex::save(std::span<const std::uint32_t> rows, VectorSink& sink) const {
  for (const std::uint32_t row : rows) sink.put(std::as_bytes(this->row(row)));
}

std::span<const float> FaissIndex::row(std::uint32_t row) const {
  const auto dimensions = static_cast<std::size_t>(index_->d);
  return {index_->get_xb() + row * dimensions, dimensions};
}

}  // namespace jackdaw::index
