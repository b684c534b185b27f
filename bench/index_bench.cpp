#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "core/checksum.h"
#include "core/clock.h"
#include "index/faiss_index.h"
#include "index/flat_index.h"
#include "index/segmented_index.h"
#include "server/eval_sets.h"
#include "tests/support/test_data.h"

// Single-threaded search: exact vector scans of both engines, BM25 on SciFact (queries per second, comparable with the
// tables of bm25-benchmarks), analysis and merging; loading a saved index and what it saves.
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
  server::EvalSet set;
  SegmentedIndex index{SegmentedIndexOptions{.dimensions = 1, .vectors = VectorEngine::kFlat}};
};

std::vector<IndexedDocument> documents_of(const server::EvalSet& set) {
  std::vector<IndexedDocument> documents;
  for (const server::EvalText& text : set.texts) {
    IndexedDocument& document = documents.emplace_back();
    document.document = DocumentId{text.id};
    document.title = text.title;
    IndexedChunk& chunk = document.chunks.emplace_back();
    chunk.chunk = ChunkId{static_cast<std::int64_t>(documents.size() - 1)};
    chunk.text = text.page.text;
    chunk.embedding = {1.0F};
  }
  return documents;
}

const Scifact& scifact() {
  static const std::unique_ptr<const Scifact> made = [] {
    auto read = std::make_unique<Scifact>();
    const auto folder = testing::test_data(JACKDAW_SOURCE_DIR) / "retrieval" / "scifact";
    if (std::filesystem::exists(folder)) read->set = server::read_beir(folder, "train");
    read->index.add(documents_of(read->set));
    return read;
  }();
  return *made;
}

bool is_absent(benchmark::State& state) {
  if (!scifact().set.queries.empty()) return false;
  state.SkipWithError("SciFact is absent: set JACKDAW_TEST_DATA to the test data");
  return true;
}

void bm25_scifact(benchmark::State& state) {
  if (is_absent(state)) return;
  const auto& queries = scifact().set.queries;
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
  const auto& queries = scifact().set.queries;
  const Analyzer analyzer;
  std::size_t next = 0;
  for (auto _ : state) benchmark::DoNotOptimize(analyzer.terms(queries[next++ % queries.size()].text));
}
BENCHMARK(analyze_scifact_query)->Unit(benchmark::kMicrosecond);

void index_scifact(benchmark::State& state) {
  if (is_absent(state)) return;
  const auto documents = documents_of(scifact().set);
  for (auto _ : state) {
    SegmentedIndex index({.dimensions = 1, .vectors = VectorEngine::kFlat});
    index.add(documents);
  }
  state.counters["documents"] = benchmark::Counter(
      static_cast<double>(documents.size()) * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}
BENCHMARK(index_scifact)->Unit(benchmark::kMillisecond);

constexpr std::size_t kCollectionChunks = 100'000;
constexpr std::size_t kChunksPerDocument = 25;
constexpr std::size_t kBatchDocuments = 80;
constexpr std::size_t kWordsPerChunk = 120;
constexpr std::size_t kVocabulary = 100'000;

// The low numbers far more often, as Zipf found in real text.
std::string some_words(std::mt19937& random) {
  std::uniform_real_distribution<double> uniform(0, 1);
  std::string text;
  for (std::size_t i = 0; i < kWordsPerChunk; ++i) {
    const double rank = std::pow(static_cast<double>(kVocabulary), uniform(random)) - 1;
    text += "word" + std::to_string(static_cast<std::size_t>(rank)) + " ";
  }
  return text;
}

std::size_t allocated_bytes() {
  const auto info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

// A collection of 100,000 chunks as a program that starts finds it: to be built from its texts and vectors, as the
// store would hand them out, or loaded from its file.
struct SavedCollection {
  explicit SavedCollection(VectorEngine engine)
      : options{.dimensions = kDimensions, .vectors = engine},
        file(std::filesystem::temp_directory_path() / ("jackdaw-index-bench-" + random_id())) {
    const std::size_t before = allocated_bytes();
    SegmentedIndex index(options);
    std::mt19937 random(7);
    std::int64_t next = 1;
    while (index.snapshot()->chunks < kCollectionChunks) {
      const std::vector<IndexedDocument> batch = make_batch(random, next);
      const Stopwatch adding;
      index.add(batch);
      build_ms += adding.elapsed_ms();
    }
    const Stopwatch merging;
    index.merge_if_due(Cancellation());
    merge_ms = merging.elapsed_ms();
    built_bytes = allocated_bytes() - before;
    const Stopwatch saving;
    index.save(file, "stamp", Cancellation());
    save_ms = saving.elapsed_ms();
  }
  ~SavedCollection() { std::filesystem::remove(file); }
  SavedCollection(const SavedCollection&) = delete;
  SavedCollection& operator=(const SavedCollection&) = delete;

  static std::vector<IndexedDocument> make_batch(std::mt19937& random, std::int64_t& next) {
    const auto vectors = unit_vectors(kBatchDocuments * kChunksPerDocument, static_cast<std::uint32_t>(next));
    std::vector<IndexedDocument> batch;
    for (std::size_t i = 0; i < vectors.size(); ++i) {
      if (i % kChunksPerDocument == 0) batch.push_back({DocumentId{random_id()}, {}});
      batch.back().chunks.push_back({ChunkId{next++}, some_words(random), vectors[i]});
    }
    return batch;
  }

  void forget_cached_pages() const {
    const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    ::posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED);
    ::close(descriptor);
  }

  const SegmentedIndexOptions options;
  const std::filesystem::path file;
  double build_ms = 0;  // analysis and postings alone: reading the store is not in it
  double merge_ms = 0;
  double save_ms = 0;
  std::size_t built_bytes = 0;
};

const SavedCollection& saved_collection(VectorEngine engine) {
  static std::map<VectorEngine, SavedCollection> made;
  return made.try_emplace(engine, engine).first->second;
}

// From the opening of the file to the published snapshot, and how often that fits into building the index anew.
void load_saved(benchmark::State& state, VectorEngine engine, bool is_cached) {
  const SavedCollection& saved = saved_collection(engine);
  double total_ms = 0;
  std::size_t loaded_bytes = 0;
  for (auto _ : state) {
    if (!is_cached) saved.forget_cached_pages();
    const std::size_t before = allocated_bytes();
    SegmentedIndex index(saved.options);
    const Stopwatch loading;
    if (!index.load(saved.file, "stamp")) state.SkipWithError("the file was refused");
    total_ms += loading.elapsed_ms();
    state.SetIterationTime(loading.elapsed_ms() / 1000);
    loaded_bytes = allocated_bytes() - before;
  }
  const double load_ms = total_ms / static_cast<double>(state.iterations());
  state.counters["file_MB"] = static_cast<double>(std::filesystem::file_size(saved.file)) / 1e6;
  state.counters["build_ms"] = saved.build_ms;
  state.counters["merge_ms"] = saved.merge_ms;
  state.counters["save_ms"] = saved.save_ms;
  state.counters["build/load"] = saved.build_ms / load_ms;
  state.counters["built_MB"] = static_cast<double>(saved.built_bytes) / 1e6;
  state.counters["loaded_MB"] = static_cast<double>(loaded_bytes) / 1e6;
}

void register_load(const std::string& name, VectorEngine engine, bool is_cached) {
  benchmark::RegisterBenchmark(name.c_str(), load_saved, engine, is_cached)
      ->UseManualTime()
      ->Iterations(10)
      ->Unit(benchmark::kMillisecond);
}

void checksum(benchmark::State& state) {
  const std::vector<std::byte> bytes(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    Checksum summed;
    summed.add(bytes);
    benchmark::DoNotOptimize(summed.value());
  }
  state.SetBytesProcessed(state.range(0) * state.iterations());
}
BENCHMARK(checksum)->Arg(256 << 10)->Arg(200 << 20);

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
  using jackdaw::index::VectorEngine;
  jackdaw::index::register_load("load_100k_faiss", VectorEngine::kFaiss, true);
  jackdaw::index::register_load("load_100k_flat", VectorEngine::kFlat, true);
  jackdaw::index::register_load("load_100k_faiss_from_disk", VectorEngine::kFaiss, false);
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
