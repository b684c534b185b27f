#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "index/int8_index.h"
#include "index/int8_search.h"
#include "index/large_array.h"

// How near the scans are to the memory: bytes a second of a loop that only reads, of each int8 kernel and each kernel
// of bits over as many rows, and of whole searches. One thread; random vectors of length 1.
namespace jackdaw::index {
namespace {

constexpr std::size_t kDimensions = 384;
constexpr std::size_t kLimit = 50;

std::vector<float> unit_rows(std::size_t count) {
  std::vector<float> pool(1 << 20);
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  for (float& value : pool) value = normal(random);
  std::vector<float> rows(count * kDimensions);
  for (std::size_t row = 0; row < count; ++row) {
    const std::size_t from = random() % (pool.size() - kDimensions);
    float squares = 0;
    for (std::size_t i = 0; i < kDimensions; ++i) squares += pool[from + i] * pool[from + i];
    const float scale = (random() % 2 == 0 ? 1.0F : -1.0F) / std::sqrt(squares);
    for (std::size_t i = 0; i < kDimensions; ++i) rows[row * kDimensions + i] = scale * pool[from + i];
  }
  return rows;
}

struct Collection {
  explicit Collection(std::size_t count) : floats(unit_rows(count)), codes(kDimensions, count) {
    for (std::size_t row = 0; row < count; ++row) {
      rows.push_back(floats.data() + row * kDimensions);
      chunks.push_back(ChunkId{static_cast<std::int64_t>(row)});
      codes.quantize(row, {rows[row], kDimensions});
    }
    index = Int8Index::of(kDimensions, rows, true);
    signs = SignCodes::of(codes, kDimensions);
  }
  std::vector<float> floats;
  std::vector<const float*> rows;
  std::vector<ChunkId> chunks;
  Int8Codes codes;
  SignCodes signs;
  std::unique_ptr<const Int8Index> index;
};

const Collection& collection(std::size_t count) {
  static std::unique_ptr<const Collection> made;
  if (!made || made->rows.size() != count) {
    made.reset();
    made = std::make_unique<const Collection>(count);
  }
  return *made;
}

void set_bytes(benchmark::State& state, std::size_t bytes) {
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes) * static_cast<std::int64_t>(state.iterations()));
}

#if defined(__x86_64__)
__attribute__((target("avx2")))
#endif
std::uint64_t
sum_of(const LargeArray<std::int8_t>& codes) {
  using Words [[gnu::vector_size(32)]] = std::uint64_t;
  const auto* const words = reinterpret_cast<const Words*>(codes.data());
  Words first{}, second{}, third{}, fourth{};
  for (std::size_t at = 0; at + 4 <= codes.size() / sizeof(Words); at += 4) {
    first += words[at];
    second += words[at + 1];
    third += words[at + 2];
    fourth += words[at + 3];
  }
  const Words all = (first + second) + (third + fourth);
  return all[0] + all[1] + all[2] + all[3];
}

// Does nothing but read.
void read_loop(benchmark::State& state) {
  const auto& codes = collection(static_cast<std::size_t>(state.range(0))).codes.codes;
  for (auto _ : state) benchmark::DoNotOptimize(sum_of(codes));
  set_bytes(state, codes.size());
}

template <class Take>
void over_blocks(std::size_t rows, Take take) {
  std::int32_t dots[kRowsPerBlock];
  for_each_block(rows, nullptr, [&](std::span<const std::uint32_t> block) {
    take(block, dots);
    benchmark::DoNotOptimize(dots);
  });
}

void int8_kernel(benchmark::State& state, const Int8Path& path) {
  const Collection& scanned = collection(static_cast<std::size_t>(state.range(0)));
  const Int8Query query({scanned.rows[0], kDimensions}, scanned.codes.stride);
  for (auto _ : state) {
    over_blocks(scanned.rows.size(), [&](std::span<const std::uint32_t> block, std::int32_t* dots) {
      path.dot(query.numbers(), scanned.codes.kernel_rows(), block.data(), block.size(), dots);
    });
  }
  set_bytes(state, scanned.codes.codes.size());
}

void sign_kernel(benchmark::State& state, const SignPath& path) {
  const Collection& scanned = collection(static_cast<std::size_t>(state.range(0)));
  const SignQuery query({scanned.rows[0], kDimensions}, scanned.signs);
  std::int32_t dots[kSignRows];
  for (auto _ : state) {
    for (std::size_t row = 0; row < scanned.rows.size(); row += kSignRows) {
      path.dot(query.tables(), scanned.signs.block(row), dots);
      benchmark::DoNotOptimize(dots);
    }
  }
  set_bytes(state, scanned.signs.bits.size());
}

void whole_search(benchmark::State& state, bool is_approximate) {
  const Collection& scanned = collection(static_cast<std::size_t>(state.range(0)));
  std::size_t next = 0;
  for (auto _ : state) {
    const std::span<const float> query(scanned.rows[next++ % 16], kDimensions);
    TopK best(kLimit);
    if (is_approximate) {
      scanned.index->search_approximately(query, nullptr, scanned.chunks, best);
    } else {
      scanned.index->search(query, nullptr, scanned.chunks, best);
    }
    benchmark::DoNotOptimize(best.take());
  }
  // Of the part that is scanned: bits, or bytes, with two floats a row.
  const std::size_t row_bytes = (is_approximate ? kDimensions / 8 : kDimensions) + 2 * sizeof(float);
  set_bytes(state, scanned.rows.size() * row_bytes);
}

}  // namespace
}  // namespace jackdaw::index

int main(int argc, char** argv) {
  using namespace jackdaw::index;
  for (const long rows : {10'000L, 100'000L, 1'000'000L}) {
    const auto add = [rows](const std::string& name, auto measured) {
      benchmark::RegisterBenchmark(name.c_str(), measured)->Arg(rows)->Unit(benchmark::kMicrosecond);
    };
    add("read_loop", read_loop);
    for (const Int8Path& path : int8_paths()) {
      add("int8_kernel/" + std::string(path.name), [path](benchmark::State& state) { int8_kernel(state, path); });
    }
    for (const SignPath& path : sign_paths()) {
      add("sign_kernel/" + std::string(path.name), [path](benchmark::State& state) { sign_kernel(state, path); });
    }
    add("search/exact", [](benchmark::State& state) { whole_search(state, false); });
    add("search/approximate", [](benchmark::State& state) { whole_search(state, true); });
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
