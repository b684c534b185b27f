#include <boost/json.hpp>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <limits>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "core/clock.h"
#include "index/segmented_index.h"

// The index on the corpus of corpus.py, one thread:
//
//   grow_bench make ENGINE CORPUS.jsonl VECTORS.f32 ROWS INDEX
//   grow_bench search ENGINE QUERIES.jsonl QUERIES.f32 INDEX
//
// `make` adds the first ROWS chunks document by document, merges whenever that is due, and saves. VECTORS.f32 holds the
// embeddings that embed_corpus made; chunks past its end get a vector made of two of its rows and noise of 0.6 of a
// row's length. `search` loads INDEX into a fresh process and prints a line of the table in docs/benchmarks.md:
// candidates are the 50 best by words, then the 50 nearest by vector.
namespace {

using namespace jackdaw;
using namespace jackdaw::index;

constexpr std::size_t kDimensions = 384;
constexpr std::size_t kLimit = 50;
constexpr std::size_t kBatchChunks = 2000;
constexpr float kNoise = 0.6F;
constexpr std::string_view kStamp = "grow";

std::vector<float> read_floats(const char* file) {
  std::vector<float> floats(std::filesystem::file_size(file) / sizeof(float));
  std::ifstream(file, std::ios::binary)
      .read(reinterpret_cast<char*>(floats.data()), static_cast<std::streamsize>(floats.size() * sizeof(float)));
  return floats;
}

std::uint64_t status_bytes(const std::string& field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(field + ":")) return std::strtoull(line.c_str() + field.size() + 1, nullptr, 10) * 1024;
  }
  return 0;
}

double in_megabytes(std::uint64_t bytes) {
  return static_cast<double>(bytes) / 1e6;
}

// The embedding of each chunk in turn.
class Vectors {
 public:
  explicit Vectors(const char* file) : real_(read_floats(file)), noise_(std::size_t{1} << 20) {
    std::normal_distribution<float> normal;
    for (float& value : noise_) value = kNoise / std::sqrt(static_cast<float>(kDimensions)) * normal(random_);
  }

  std::size_t real_rows() const { return real_.size() / kDimensions; }
  Embedding next() {
    const std::size_t row = row_++;
    if (row < real_rows()) return Embedding(of(row), of(row) + kDimensions);
    const float* const one = of(random_() % real_rows());
    const float* const other = of(random_() % real_rows());
    const float part = std::uniform_real_distribution<float>(0, 0.5F)(random_);
    const float* const noise = noise_.data() + random_() % (noise_.size() - kDimensions);
    Embedding made(kDimensions);
    float squares = 0;
    for (std::size_t i = 0; i < kDimensions; ++i) {
      made[i] = one[i] + part * other[i] + noise[i];
      squares += made[i] * made[i];
    }
    for (float& value : made) value /= std::sqrt(squares);
    return made;
  }

 private:
  const float* of(std::size_t row) const { return real_.data() + row * kDimensions; }

  std::vector<float> real_;
  std::vector<float> noise_;
  std::mt19937 random_{1};
  std::size_t row_ = 0;
};

SegmentedIndexOptions options(VectorEngine engine, std::size_t approximate_from) {
  return {.dimensions = kDimensions, .vectors = engine, .approximate_from = approximate_from};
}

// Whole documents, at least kBatchChunks chunks unless the corpus ends; empty at its end.
std::vector<IndexedDocument> next_batch(std::istream& corpus, Vectors& vectors, std::string& waiting,
                                        std::size_t& left) {
  std::vector<IndexedDocument> batch;
  std::size_t chunks = 0;
  for (; left > 0 && (!waiting.empty() || std::getline(corpus, waiting)); waiting.clear()) {
    const boost::json::value parsed = boost::json::parse(waiting);
    const auto& line = parsed.as_object();
    const std::string document(line.at("document").as_string());
    if (batch.empty() || batch.back().document.value != document) {
      if (chunks >= kBatchChunks) break;
      batch.emplace_back().document = {document};
    }
    IndexedChunk chunk;
    chunk.chunk = {line.at("id").as_int64()};
    chunk.text = std::string(line.at("text").as_string());
    chunk.embedding = vectors.next();
    batch.back().chunks.push_back(std::move(chunk));
    ++chunks;
    --left;
  }
  return batch;
}

void make(VectorEngine engine, const char* corpus_file, const char* vector_file, std::size_t rows, const char* file) {
  SegmentedIndex index(options(engine, 0));
  std::ifstream corpus(corpus_file);
  Vectors vectors(vector_file);
  std::string waiting;
  double adding_ms = 0;
  double merging_ms = 0;
  double longest_merge_ms = 0;
  for (;;) {
    const auto batch = next_batch(corpus, vectors, waiting, rows);
    if (batch.empty()) break;
    const Stopwatch adding;
    index.add(batch);
    adding_ms += adding.elapsed_ms();
    const Stopwatch merging;
    index.merge_if_due(Cancellation());
    merging_ms += merging.elapsed_ms();
    longest_merge_ms = std::max(longest_merge_ms, merging.elapsed_ms());
  }
  const std::uint64_t before_saving = status_bytes("RssAnon");
  const Stopwatch saving;
  index.save(file, kStamp, Cancellation());
  std::cout << index.snapshot()->chunks << " chunks, " << vectors.real_rows() << " embeddings are real; added in "
            << adding_ms / 1000 << " s, merged in " << merging_ms / 1000 << " s (longest " << longest_merge_ms / 1000
            << " s), saved in " << saving.elapsed_ms() / 1000 << " s; memory " << in_megabytes(before_saving)
            << " MB, at most " << in_megabytes(status_bytes("VmHWM")) << ", after saving "
            << in_megabytes(status_bytes("RssAnon")) << "; file " << in_megabytes(std::filesystem::file_size(file))
            << " MB" << std::endl;
}

double percentile(std::vector<double> times, std::size_t percent) {
  std::sort(times.begin(), times.end());
  return times[std::min(times.size() - 1, times.size() * percent / 100)];
}

double load(SegmentedIndex& index, const char* file, bool is_cached) {
  if (!is_cached) {
    const int descriptor = ::open(file, O_RDONLY | O_CLOEXEC);
    ::posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED);
    ::close(descriptor);
  }
  const Stopwatch loading;
  if (!index.load(file, kStamp)) throw std::runtime_error("the index was refused: made with another engine?");
  return loading.elapsed_ms() / 1000;
}

struct Times {
  std::vector<double> keyword;
  std::vector<double> vector;
  std::vector<double> hybrid;
  std::vector<Ranking> nearest;
};

Times ask(const IndexSnapshot& snapshot, const std::vector<std::string>& queries,
          const std::vector<float>& embeddings) {
  Times times;
  for (std::size_t round = 0; round < 2; ++round) {  // the first one brings floats into the page cache
    times = {};
    for (std::size_t q = 0; q < queries.size(); ++q) {
      const Stopwatch by_word;
      const Ranking words = snapshot.keyword->search(queries[q], kLimit, {});
      times.keyword.push_back(by_word.elapsed_ms());
      const Stopwatch by_vector;
      times.nearest.push_back(
          snapshot.vector->search(std::span(embeddings).subspan(q * kDimensions, kDimensions), kLimit, {}));
      times.vector.push_back(by_vector.elapsed_ms());
      times.hybrid.push_back(by_word.elapsed_ms());
    }
  }
  return times;
}

double recall(const std::vector<Ranking>& exact, const std::vector<Ranking>& found) {
  std::size_t hits = 0;
  std::size_t all = 0;
  for (std::size_t q = 0; q < exact.size(); ++q) {
    std::set<ChunkId> wanted;
    for (const ScoredChunk& each : exact[q]) wanted.insert(each.chunk);
    all += wanted.size();
    for (const ScoredChunk& each : found[q]) hits += wanted.contains(each.chunk) ? 1 : 0;
  }
  return static_cast<double>(hits) / static_cast<double>(std::max<std::size_t>(all, 1));
}

void search(VectorEngine engine, const char* query_file, const char* embedding_file, const char* file) {
  const std::vector<float> embeddings = read_floats(embedding_file);
  std::vector<std::string> queries;
  std::ifstream lines(query_file);
  for (std::string line; queries.size() < embeddings.size() / kDimensions && std::getline(lines, line);) {
    queries.emplace_back(boost::json::parse(line).as_object().at("text").as_string());
  }
  double from_disk = 0;
  {
    SegmentedIndex index(options(engine, 0));
    from_disk = load(index, file, false);
  }
  const std::uint64_t before = status_bytes("RssAnon");
  SegmentedIndex exact_index(options(engine, std::numeric_limits<std::size_t>::max()));
  const double cached = load(exact_index, file, true);
  const auto snapshot = exact_index.snapshot();
  const Times exact = ask(*snapshot, queries, embeddings);
  const std::uint64_t memory = status_bytes("RssAnon") - before;
  SegmentedIndex approximate_index(options(engine, 0));
  load(approximate_index, file, true);
  const Times approximate = ask(*approximate_index.snapshot(), queries, embeddings);
  std::cout << "| " << snapshot->chunks << " | " << percentile(exact.keyword, 50) << " / "
            << percentile(exact.keyword, 99) << " | " << percentile(exact.vector, 50) << " / "
            << percentile(exact.vector, 99) << " | " << percentile(exact.hybrid, 50) << " / "
            << percentile(exact.hybrid, 99) << " | " << percentile(approximate.vector, 50) << " / "
            << percentile(approximate.vector, 99) << " | " << percentile(approximate.hybrid, 50) << " / "
            << percentile(approximate.hybrid, 99) << " | " << recall(exact.nearest, approximate.nearest) << " | "
            << in_megabytes(memory) << " MB | " << cached << " s / " << from_disk << " s |" << std::endl;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 2 ? argv[1] : "";
  const auto engine = argc > 2 ? vector_engine_named(argv[2]) : std::nullopt;
  try {
    if (engine && mode == "make" && argc == 7) {
      make(*engine, argv[3], argv[4], std::strtoull(argv[5], nullptr, 10), argv[6]);
    } else if (engine && mode == "search" && argc == 6) {
      search(*engine, argv[3], argv[4], argv[5]);
    } else {
      std::cerr << "usage: grow_bench make ENGINE CORPUS.jsonl VECTORS.f32 ROWS INDEX\n"
                   "       grow_bench search ENGINE QUERIES.jsonl QUERIES.f32 INDEX\n";
      return 2;
    }
    return 0;
  } catch (const std::exception& failure) {
    std::cerr << failure.what() << "\n";
    return 1;
  }
}
