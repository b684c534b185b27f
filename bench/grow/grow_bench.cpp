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
#include <semaphore>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "answer/fusion.h"
#include "core/clock.h"
#include "index/segmented_index.h"

// The index on the corpus of corpus.py:
//
//   grow_bench make ENGINE CORPUS.jsonl VECTORS.f32 ROWS INDEX
//   grow_bench search ENGINE QUERIES.jsonl QUERIES.f32 INDEX
//
// `make` adds the first ROWS chunks document by document, merges whenever that is due, and saves. VECTORS.f32 holds the
// embeddings that embed_corpus made; chunks past its end get a vector made of two of its rows and noise of 0.6 of a
// row's length. `search` loads INDEX into a fresh process and prints two lines, exact and approximate, of the table in
// docs/benchmarks.md: the 50 best by words, the 50 nearest by vector, and the candidates that the retriever makes of
// both, with one search after the other on one thread, and with each on a thread of its own as the retriever has them.
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

// A thread that searches by words while its owner does something else.
class WordSearcher {
 public:
  explicit WordSearcher(const KeywordIndex& index) : index_(index), thread_([this] { work(); }) {}
  ~WordSearcher() {
    begin("");
    thread_.join();
  }

  void begin(std::string_view query) {
    query_ = query;
    asked_.release();
  }
  Ranking end() {
    answered_.acquire();
    return std::move(found_);
  }

 private:
  void work() {
    for (asked_.acquire(); !query_.empty(); asked_.acquire()) {
      found_ = index_.search(query_, kLimit, {});
      answered_.release();
    }
  }

  const KeywordIndex& index_;
  std::binary_semaphore asked_{0};
  std::binary_semaphore answered_{0};
  std::string_view query_;  // empty: enough
  Ranking found_;
  std::thread thread_;
};

struct Questions {
  std::vector<std::string> texts;
  std::vector<float> embeddings;

  std::span<const float> embedding(std::size_t number) const {
    return std::span(embeddings).subspan(number * kDimensions, kDimensions);
  }
};

// Milliseconds of each question.
struct Times {
  std::vector<double> keyword;
  std::vector<double> vector;
  std::vector<double> in_sequence;
  std::vector<double> side_by_side;
  std::vector<Ranking> nearest;
};

void ask_in_sequence(const IndexSnapshot& snapshot, const Questions& questions, Times& times) {
  for (std::size_t q = 0; q < questions.texts.size(); ++q) {
    const Stopwatch by_word;
    const Ranking words = snapshot.keyword->search(questions.texts[q], kLimit, {});
    times.keyword.push_back(by_word.elapsed_ms());
    const Stopwatch by_vector;
    times.nearest.push_back(snapshot.vector->search(questions.embedding(q), kLimit, {}));
    times.vector.push_back(by_vector.elapsed_ms());
    const auto fused = answer::fuse(words, times.nearest.back());
    times.in_sequence.push_back(by_word.elapsed_ms());
  }
}

void ask_side_by_side(const IndexSnapshot& snapshot, const Questions& questions, Times& times) {
  WordSearcher by_words(*snapshot.keyword);
  for (std::size_t q = 0; q < questions.texts.size(); ++q) {
    const Stopwatch watch;
    by_words.begin(questions.texts[q]);
    const Ranking nearest = snapshot.vector->search(questions.embedding(q), kLimit, {});
    const auto fused = answer::fuse(by_words.end(), nearest);
    times.side_by_side.push_back(watch.elapsed_ms());
  }
}

Times ask(const IndexSnapshot& snapshot, const Questions& questions) {
  Times times;
  ask_in_sequence(snapshot, questions, times);  // brings floats into the page cache
  times = {};
  ask_in_sequence(snapshot, questions, times);
  ask_side_by_side(snapshot, questions, times);
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

Questions read_questions(const char* query_file, const char* embedding_file) {
  Questions questions{.texts = {}, .embeddings = read_floats(embedding_file)};
  std::ifstream lines(query_file);
  const std::size_t most = questions.embeddings.size() / kDimensions;
  for (std::string line; questions.texts.size() < most && std::getline(lines, line);) {
    questions.texts.emplace_back(boost::json::parse(line).as_object().at("text").as_string());
  }
  return questions;
}

void print(const Times& times) {
  for (const auto* each : {&times.keyword, &times.vector, &times.in_sequence, &times.side_by_side}) {
    std::cout << " | " << percentile(*each, 50) << " / " << percentile(*each, 99);
  }
}

void search(VectorEngine engine, const Questions& questions, const char* file) {
  double from_disk = 0;
  {
    SegmentedIndex index(options(engine, 0));
    from_disk = load(index, file, false);
  }
  const std::uint64_t before = status_bytes("RssAnon");
  SegmentedIndex exact_index(options(engine, std::numeric_limits<std::size_t>::max()));
  const double cached = load(exact_index, file, true);
  const auto snapshot = exact_index.snapshot();
  const Times exact = ask(*snapshot, questions);
  const std::uint64_t memory = status_bytes("RssAnon") - before;
  const std::uint64_t mapped = status_bytes("RssFile");
  SegmentedIndex approximate_index(options(engine, 0));
  load(approximate_index, file, true);
  const Times approximate = ask(*approximate_index.snapshot(), questions);
  std::cout << "| " << snapshot->chunks << " | exact";
  print(exact);
  std::cout << " | 1 |\n| " << snapshot->chunks << " | approximate";
  print(approximate);
  std::cout << " | " << recall(exact.nearest, approximate.nearest) << " |\nmemory " << in_megabytes(memory)
            << " MB and of mapped files " << in_megabytes(mapped) << " MB; file "
            << in_megabytes(std::filesystem::file_size(file)) << " MB; loaded in " << cached << " s, from disk in "
            << from_disk << " s" << std::endl;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 2 ? argv[1] : "";
  const auto engine = argc > 2 ? vector_engine_named(argv[2]) : std::nullopt;
  try {
    if (engine && mode == "make" && argc == 7) {
      make(*engine, argv[3], argv[4], std::strtoull(argv[5], nullptr, 10), argv[6]);
    } else if (engine && mode == "search" && argc == 6) {
      search(*engine, read_questions(argv[3], argv[4]), argv[5]);
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
