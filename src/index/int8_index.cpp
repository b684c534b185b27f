#include "index/int8_index.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "index/inner_product.h"
#include "index/int8_search.h"
#include "index/often.h"

namespace jackdaw::index {
namespace {

// Fewer rows are searched exactly at once: the bits would save microseconds.
constexpr std::uint64_t kFewestRowsWithSigns = 4096;

bool has_signs(std::uint64_t dimensions, std::uint64_t rows, bool is_approximate) {
  return is_approximate && rows >= kFewestRowsWithSigns && SignCodes::padded(dimensions) <= kMostSignDimensions;
}

std::optional<SignCodes> signs_of(const Int8Codes& codes, std::size_t dimensions, bool is_approximate,
                                  const Cancellation& cancellation) {
  if (!has_signs(dimensions, codes.rows(), is_approximate)) return std::nullopt;
  return SignCodes::of(codes, dimensions, cancellation);
}

template <class Number>
void put_each(std::span<const std::uint32_t> rows, const LargeArray<Number>& numbers, std::size_t per_row,
              VectorSink& sink) {
  for (const std::uint32_t row : rows) sink.put(std::as_bytes(numbers.all().subspan(row * per_row, per_row)));
}

void put_signs(const SignCodes& signs, VectorSink& sink) {
  sink.put(std::as_bytes(std::span(signs.mean)));
  sink.put(std::as_bytes(signs.bits.all()));
  sink.put(std::as_bytes(signs.factors.all()));
  sink.put(std::as_bytes(signs.excesses.all()));
}

template <class Number>
void read_all(LargeArray<Number>& numbers, VectorSource& source) {
  source.read(std::as_writable_bytes(numbers.all()));
}

}  // namespace

Int8Index::Int8Index(std::size_t dimensions, Int8Codes codes, std::shared_ptr<const FloatRows> floats,
                     std::optional<SignCodes> signs, Int8IndexPaths paths)
    : dimensions_(dimensions),
      codes_(std::move(codes)),
      signs_(std::move(signs)),
      paths_(paths),
      floats_(std::move(floats)) {}

std::unique_ptr<const Int8Index> Int8Index::of(std::size_t dimensions, std::span<const float* const> rows,
                                               bool is_approximate, Int8IndexPaths paths) {
  Int8Codes codes(dimensions, rows.size());
  auto block = std::make_shared<FloatBlock>();
  block->rows = rows.size();
  block->memory = LargeArray<float>(rows.size() * dimensions);
  auto checksums = std::make_shared<LargeArray<std::uint64_t>>(rows.size());
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const std::span<const float> floats(rows[row], dimensions);
    codes.quantize(row, floats);
    (*checksums)[row] = checksum_of(floats);
    std::copy(floats.begin(), floats.end(), block->memory.data() + row * dimensions);
  }
  auto signs = signs_of(codes, dimensions, is_approximate, Cancellation());
  auto kept = std::make_shared<const FloatRows>(dimensions, std::move(block), std::move(checksums));
  return std::unique_ptr<const Int8Index>(
      new Int8Index(dimensions, std::move(codes), std::move(kept), std::move(signs), paths));
}

std::unique_ptr<const Int8Index> Int8Index::merged(std::size_t dimensions, std::span<const VectorOrigin> rows,
                                                   bool is_approximate, const Cancellation& cancellation) {
  Int8Codes codes(dimensions, rows.size());
  std::vector<FloatRows::Source> sources(rows.size());
  std::vector<std::pair<const Int8Index*, std::shared_ptr<const FloatRows>>> held;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    check_often(row, cancellation);
    // A segment's neighbours in an index are of its engine.
    const auto* const from = static_cast<const Int8Index*>(rows[row].segment);
    codes.copy(row, from->codes_, rows[row].row);
    auto found = std::find_if(held.begin(), held.end(), [&](const auto& each) { return each.first == from; });
    if (found == held.end()) found = held.insert(found, {from, from->floats()});
    sources[row] = {found->second.get(), rows[row].row};
  }
  auto signs = signs_of(codes, dimensions, is_approximate, cancellation);
  auto kept = FloatRows::gathered(dimensions, sources, cancellation);
  return std::unique_ptr<const Int8Index>(
      new Int8Index(dimensions, std::move(codes), std::move(kept), std::move(signs), Int8IndexPaths()));
}

std::unique_ptr<const Int8Index> Int8Index::loaded(std::size_t dimensions, std::size_t rows, bool is_approximate,
                                                   VectorSource& source) {
  Int8Codes codes(dimensions, rows);
  read_all(codes.codes, source);
  read_all(codes.scales, source);
  read_all(codes.slacks, source);
  read_all(codes.sums, source);
  std::optional<SignCodes> signs;
  if (has_signs(dimensions, rows, is_approximate)) {
    signs.emplace(dimensions, rows);
    source.read(std::as_writable_bytes(std::span(signs->mean)));
    read_all(signs->bits, source);
    read_all(signs->factors, source);
    read_all(signs->excesses, source);
  }
  auto checksums = std::make_shared<LargeArray<std::uint64_t>>(rows);
  read_all(*checksums, source);
  auto block = std::make_shared<FloatBlock>();
  auto [file, begin] = source.leave(rows * dimensions * sizeof(float));
  block->rows = rows;
  block->file = std::move(file);
  block->file_begin = begin;
  auto floats = std::make_shared<const FloatRows>(dimensions, std::move(block), std::move(checksums));
  return std::unique_ptr<const Int8Index>(
      new Int8Index(dimensions, std::move(codes), std::move(floats), std::move(signs), Int8IndexPaths()));
}

std::uint64_t Int8Index::saved_bytes(std::uint64_t dimensions, std::uint64_t rows, bool is_approximate) noexcept {
  std::uint64_t per_row = int8_stride(dimensions) + 2 * sizeof(float) + sizeof(std::int32_t);
  std::uint64_t fixed = 0;
  if (has_signs(dimensions, rows, is_approximate)) {
    per_row += 2 * sizeof(float);
    fixed = SignCodes::padded(dimensions) * sizeof(float) + SignCodes::bit_bytes(dimensions, rows);
  }
  return fixed + rows * (per_row + sizeof(std::uint64_t) + dimensions * sizeof(float));
}

void Int8Index::save(std::span<const std::uint32_t> rows, VectorSink& sink) const {
  put_each(rows, codes_.codes, codes_.stride, sink);
  put_each(rows, codes_.scales, 1, sink);
  put_each(rows, codes_.slacks, 1, sink);
  put_each(rows, codes_.sums, 1, sink);
  // Where so few rows are live that the file's segment has no signs, it is searched without them.
  if (signs_ && has_signs(dimensions_, rows.size(), true)) {
    if (rows.size() == signs_->rows()) {
      put_signs(*signs_, sink);
    } else {
      put_signs(SignCodes(*signs_, rows), sink);
    }
  }
  const auto floats = this->floats();
  put_each(rows, floats->checksums(), 1, sink);
  std::vector<float> scratch(dimensions_);
  for (const std::uint32_t row : rows) {
    sink.put_unsummed(std::as_bytes(std::span(floats->row(row, scratch), dimensions_)));
  }
}

bool Int8Index::is_sound() const {
  return codes_.are_sound(dimensions_) && (!signs_ || signs_->are_sound());
}

void Int8Index::were_saved(std::span<const std::uint32_t> rows, std::shared_ptr<const RowFile> file,
                           std::uint64_t begin) const {
  auto moved = floats()->moved(rows, std::move(file), begin);
  auto floats = floats_.lock();
  floats->swap(moved);
}

std::shared_ptr<const FloatRows> Int8Index::floats() const {
  auto floats = floats_.lock();
  return *floats;
}

std::size_t Int8Index::likely_count(std::size_t limit, std::size_t rows) noexcept {
  return 2 * limit + rows / 128;
}

void Int8Index::search(std::span<const float> query, const RowSet* allowed, std::span<const ChunkId> chunks,
                       TopK& best) const {
  Int8Search search(query, codes_, best, *paths_.int8);
  for_each_block(codes_.rows(), allowed, [&](std::span<const std::uint32_t> rows) { search.take(rows); });
  search.finish(*floats(), chunks, best);
}

void Int8Index::search_approximately(std::span<const float> query, const RowSet* allowed,
                                     std::span<const ChunkId> chunks, TopK& best) const {
  const std::size_t wanted = likely_count(best.limit(), codes_.rows());
  // Bits choose well from many; of a few the bytes are read as fast.
  if (!signs_ || (allowed == nullptr ? codes_.rows() : allowed->count()) <= 4 * wanted) {
    return search(query, allowed, chunks, best);
  }
  const std::vector<std::uint32_t> likely =
      likely_rows(query, *signs_, allowed, wanted, *paths_.signs, paths_.int8->select);
  Int8Search search(query, codes_, best, *paths_.int8);
  for (std::size_t at = 0; at < likely.size(); at += kRowsPerBlock) {
    search.take(std::span(likely).subspan(at, std::min(kRowsPerBlock, likely.size() - at)));
  }
  search.finish(*floats(), chunks, best);
}

float Int8Index::similarity(std::span<const float> query, std::uint32_t row) const {
  std::vector<float> scratch(dimensions_);
  const auto floats = this->floats();
  const float* const vector = floats->row(row, scratch);
  const float* const vectors[kRowsPerCall] = {vector, vector, vector, vector};
  float scores[kRowsPerCall];
  inner_product_paths().front().kernel(query.data(), vectors, dimensions_, scores);
  return scores[0];
}

void Int8Index::copy_row(std::uint32_t row, std::span<float> out) const {
  const auto floats = this->floats();
  const float* const vector = floats->row(row, out);
  if (vector != out.data()) std::copy_n(vector, dimensions_, out.begin());
}

}  // namespace jackdaw::index
