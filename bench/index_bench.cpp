#include <benchmark/benchmark.h>

#include <cmath>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "../tests/support/beir.h"
#include "index/faiss_index.h"
#include "index/flat_index.h"
#include "index/segmented_index.h"

// Single-threaded search: exact vector scans of both engines, BM25 on SciFact (queries per second, comparable with the
// tables of bm25-benchmarks), analysis and merging.
namespace jackdaw::index {
namespace {

constexpr std::size_t kDimensions = 384;
constexpr std::size_t kLimit = 50;

std::vector<Embedding> unit_vectors(std::size_t count, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> value;
  std::vector<Embedding> made(count, Embedding(kDimensions));
  for (Embedding& embedding : made) {
    float squares = 0;
    for (float& x : embedding) {
      x = value(random);
      squares += x * x;
    }
    for (float& x : embedding) x /= std::sqrt(squares);
  }
  return made;
}

std::vector<ChunkId> ids(std::size_t count) {
  std::vector<ChunkId> made;
  for (std::size_t i = 0; i < count; ++i) made.push_back(ChunkId{static_cast<std::int64_t>(i + 1)});
  return made;
}

template <class Make>
void scan(benchmark::State& state, Make make) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const auto vectors = unit_vectors(count, 1);
  std::vector<const float*> rows;
  for (const Embedding& vector : vectors) rows.push_back(vector.data());
  const std::unique_ptr<const VectorSegment> segment = make(rows);
  const auto chunks = ids(count);
  const auto queries = unit_vectors(16, 2);
  std::size_t next = 0;
  for (auto _ : state) {
    TopK best(kLimit);
    segment->search(queries[next++ % queries.size()], nullptr, chunks, best);
    benchmark::DoNotOptimize(best.take());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(count * kDimensions * sizeof(float)) *
                          static_cast<std::int64_t>(state.iterations()));
}

void faiss_scan(benchmark::State& state) {
  scan(state, [](const auto& rows) {
    return std::make_unique<FaissIndex>(kDimensions, rows.size(), rows_at(rows, kDimensions));
  });
}
BENCHMARK(faiss_scan)->Arg(1'000)->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMicrosecond);

void flat_scan(benchmark::State& state, const InnerProductPath& path) {
  scan(state, [&](const auto& rows) {
    return std::make_unique<FlatIndex>(kDimensions, rows.size(), rows_at(rows, kDimensions), path);
  });
}

struct Scifact {
  testing::BeirCollection collection;
  SegmentedIndex index{SegmentedIndexOptions{.dimensions = 1, .vectors = VectorEngine::kFlat}};
};

std::vector<IndexedDocument> documents_of(const testing::BeirCollection& collection) {
  std::vector<IndexedDocument> documents;
  for (std::size_t i = 0; i < collection.corpus.size(); ++i) {
    const auto& [id, text] = collection.corpus[i];
    documents.push_back({DocumentId{id}, {{ChunkId{static_cast<std::int64_t>(i)}, text, {1.0F}}}});
  }
  return documents;
}

const Scifact& scifact() {
  static const std::unique_ptr<const Scifact> made = [] {
    auto read = std::make_unique<Scifact>();
    const auto folder = testing::test_data(JACKDAW_SOURCE_DIR) / "retrieval" / "scifact";
    if (std::filesystem::exists(folder)) read->collection = testing::read_beir(folder, "train");
    read->index.add(documents_of(read->collection));
    return read;
  }();
  return *made;
}

bool is_absent(benchmark::State& state) {
  if (!scifact().collection.queries.empty()) return false;
  state.SkipWithError("SciFact is absent: set JACKDAW_TEST_DATA to the test data");
  return true;
}

void bm25_scifact(benchmark::State& state) {
  if (is_absent(state)) return;
  const auto& queries = scifact().collection.queries;
  const auto snapshot = scifact().index.snapshot();
  std::size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(snapshot->keyword->search(queries[next++ % queries.size()].text, kLimit, {}));
  }
  state.counters["queries"] = benchmark::Counter(static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}
BENCHMARK(bm25_scifact)->Unit(benchmark::kMicrosecond);

void analyze_scifact_query(benchmark::State& state) {
  if (is_absent(state)) return;
  const auto& queries = scifact().collection.queries;
  const Analyzer analyzer;
  std::size_t next = 0;
  for (auto _ : state) benchmark::DoNotOptimize(analyzer.terms(queries[next++ % queries.size()].text));
}
BENCHMARK(analyze_scifact_query)->Unit(benchmark::kMicrosecond);

void index_scifact(benchmark::State& state) {
  if (is_absent(state)) return;
  const auto documents = documents_of(scifact().collection);
  for (auto _ : state) {
    SegmentedIndex index({.dimensions = 1, .vectors = VectorEngine::kFlat});
    index.add(documents);
  }
  state.counters["documents"] = benchmark::Counter(
      static_cast<double>(documents.size()) * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}
BENCHMARK(index_scifact)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace jackdaw::index

int main(int argc, char** argv) {
  for (const auto& path : jackdaw::index::inner_product_paths()) {
    benchmark::RegisterBenchmark(("flat_scan_" + std::string(path.name)).c_str(), jackdaw::index::flat_scan, path)
        ->Arg(1'000)
        ->Arg(10'000)
        ->Arg(100'000)
        ->Unit(benchmark::kMicrosecond);
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
