// What it costs to make a document durable and to read it back, on the disk that holds the temporary folder.

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <random>
#include <string>
#include <vector>

#include "store/backup.h"
#include "store/sqlite_store.h"
#include "store/verification.h"
#include "tests/support/document_store_samples.h"
#include "tests/support/stored_answer_samples.h"

namespace jackdaw::store {
namespace {

// A report of 117 pages, about 3,000 bytes and 500 words each, cut into about 1,000 chunks.
constexpr SampleShape kReport{.pages = 117, .words_per_page = 500, .chunk_bytes = 500};

SqliteStoreOptions options(const TemporaryFolder& folder) {
  return {.data_dir = folder.path(), .embedder_name = "bench", .on_step = {}};
}

std::string original(int number) {
  return std::string(1 << 20, 'x') + std::to_string(number);
}

void add_report(benchmark::State& state) {
  const TemporaryFolder folder;
  SqliteStore store(options(folder));
  std::mt19937 random(1);
  int number = 0;
  std::size_t chunks = 0;
  for (auto _ : state) {
    state.PauseTiming();
    Spool spool = spool_of(folder.path(), original(number++));
    SampleDocument report = sample_document(spool, "word", random, kReport);
    chunks = report.chunks.size();
    state.ResumeTiming();
    benchmark::DoNotOptimize(add(store, report));
  }
  state.counters["chunks"] = static_cast<double>(chunks);
  state.counters["stored_MiB_each"] =
      static_cast<double>(std::filesystem::file_size(folder.path() / "jackdaw.db")) / number / (1 << 20);
}
BENCHMARK(add_report)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(20);

// What an upload waits for that does not wait for its reading.
void accept_file(benchmark::State& state) {
  const TemporaryFolder folder;
  SqliteStore store(options(folder));
  int number = 0;
  for (auto _ : state) {
    state.PauseTiming();
    Spool spool = spool_of(folder.path(), original(number++));
    const NewUpload upload{.file = spool.finish("report.pdf")};
    state.ResumeTiming();
    benchmark::DoNotOptimize(store.accept(upload));
  }
}
BENCHMARK(accept_file)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(20);

// The floor under add_report on this disk: as many bytes written to one file, then one fsync.
void write_and_sync(benchmark::State& state) {
  const TemporaryFolder folder;
  const std::vector<std::byte> bytes(static_cast<std::size_t>(state.range(0)) << 20, std::byte{7});
  const auto path = folder.path() / "floor";
  for (auto _ : state) {
    write_all(open_file(path, O_WRONLY | O_CREAT | O_TRUNC), bytes, path);
    sync_file(path);
  }
}
BENCHMARK(write_and_sync)->Arg(1)->Arg(4)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(20);

void remove_report(benchmark::State& state) {
  const TemporaryFolder folder;
  SqliteStore store(options(folder));
  std::mt19937 random(1);
  int number = 0;
  for (auto _ : state) {
    state.PauseTiming();
    Spool spool = spool_of(folder.path(), original(number++));
    SampleDocument report = sample_document(spool, "word", random, kReport);
    add(store, report);
    state.ResumeTiming();
    store.remove(report.document.id);
  }
}
BENCHMARK(remove_report)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(20);

// New bytes for a report, until nothing of the old text is left.
void replace_report(benchmark::State& state) {
  const TemporaryFolder folder;
  SqliteStore store(options(folder));
  std::mt19937 random(1);
  int number = 0;
  Spool first = spool_of(folder.path(), original(number++));
  SampleDocument report = sample_document(first, "word", random, kReport);
  add(store, report);
  for (auto _ : state) {
    state.PauseTiming();
    Spool spool = spool_of(folder.path(), original(number++));
    const SampleDocument next = sample_document(spool, "word", random, kReport);
    NewUpload upload = next.upload();
    upload.replaces = report.document.id;
    store.accept(upload);
    const std::int64_t job = store.waiting_job_of(report.document.id).value();
    const ReadDocument read = next.read();
    state.ResumeTiming();
    benchmark::DoNotOptimize(store.complete(job, read));
  }
}
BENCHMARK(replace_report)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(20);

// A copy of ten reports while nobody writes, and what it takes to compare all that is in the folder.
void back_up_ten_reports(benchmark::State& state) {
  const TemporaryFolder folder;
  SqliteStore store(options(folder));
  std::mt19937 random(1);
  for (int number = 0; number < 10; ++number) {
    Spool spool = spool_of(folder.path(), original(number));
    add(store, sample_document(spool, "word", random, kReport));
  }
  std::uint64_t bytes = 0;
  for (auto _ : state) {
    const Backup backup = make_backup(store);
    bytes += backup.manifest.database_bytes;
    discard(backup);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}
BENCHMARK(back_up_ten_reports)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(5);

void verify_ten_reports(benchmark::State& state) {
  const TemporaryFolder folder;
  {
    SqliteStore store(options(folder));
    std::mt19937 random(1);
    for (int number = 0; number < 10; ++number) {
      Spool spool = spool_of(folder.path(), original(number));
      add(store, sample_document(spool, "word", random, kReport));
    }
  }
  for (auto _ : state) benchmark::DoNotOptimize(verify(folder.path(), {}));
}
BENCHMARK(verify_ten_reports)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(3);

// The passages of one question, out of ten reports.
void read_passages(benchmark::State& state) {
  const TemporaryFolder folder;
  SqliteStore store(options(folder));
  std::mt19937 random(1);
  std::vector<ChunkId> all;
  for (int number = 0; number < 10; ++number) {
    Spool spool = spool_of(folder.path(), original(number));
    const auto ids = add(store, sample_document(spool, "word", random, kReport));
    all.insert(all.end(), ids.begin(), ids.end());
  }
  std::vector<ChunkId> wanted(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    for (ChunkId& id : wanted) id = all[random() % all.size()];
    benchmark::DoNotOptimize(store.passages(wanted));
  }
}
BENCHMARK(read_passages)->Arg(3)->Arg(50)->Unit(benchmark::kMicrosecond);

// A restart: every chunk with its vector, out of ten reports.
void read_everything(benchmark::State& state) {
  const TemporaryFolder folder;
  SqliteStore store(options(folder));
  std::mt19937 random(1);
  for (int number = 0; number < 10; ++number) {
    Spool spool = spool_of(folder.path(), original(number));
    add(store, sample_document(spool, "word", random, kReport));
  }
  std::size_t chunks = 0;
  for (auto _ : state) {
    chunks = 0;
    store.for_each_indexed([&](IndexedDocument&& document) { chunks += document.chunks.size(); });
  }
  state.counters["chunks"] = static_cast<double>(chunks);
}
BENCHMARK(read_everything)->Unit(benchmark::kMillisecond);

// So many answers in one commit, each of 200 tokens out of eight passages.
void keep_answers(benchmark::State& state) {
  const TemporaryFolder folder;
  SqliteStore store(options(folder));
  std::mt19937 random(1);
  Spool spool = spool_of(folder.path(), original(0));
  const auto passages = store.passages(add(store, sample_document(spool, "word", random, kReport)));
  const auto at_once = static_cast<std::size_t>(state.range(0));
  std::int64_t kept = 0;
  for (auto _ : state) {
    state.PauseTiming();
    std::vector<StoredAnswer> answers;
    while (answers.size() < at_once) answers.push_back(typical_answer("word", passages));
    kept += state.range(0);
    state.ResumeTiming();
    store.keep(answers);
  }
  state.counters["answers_per_s"] = benchmark::Counter(static_cast<double>(kept), benchmark::Counter::kIsRate);
}
BENCHMARK(keep_answers)->Arg(1)->Arg(64)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(200);

void find_answer(benchmark::State& state) {
  const TemporaryFolder folder;
  SqliteStore store(options(folder));
  std::mt19937 random(1);
  Spool spool = spool_of(folder.path(), original(0));
  const auto passages = store.passages(add(store, sample_document(spool, "word", random, kReport)));
  std::vector<StoredAnswer> answers;
  while (answers.size() < 1000) answers.push_back(typical_answer("word", passages));
  store.keep(answers);
  for (auto _ : state) benchmark::DoNotOptimize(store.find_answer(answers[random() % answers.size()].id));
}
BENCHMARK(find_answer)->Unit(benchmark::kMicrosecond);

// Forgetting 1,000 answers of many more, until no byte of them is left.
void forget_answers(benchmark::State& state) {
  const TemporaryFolder folder;
  SqliteStore store(options(folder));
  const WallTime now = std::chrono::system_clock::now();
  std::vector<StoredAnswer> answers;
  while (answers.size() < 5000) answers.push_back(typical_answer("word", {}));
  for (std::size_t i = 0; i < answers.size(); ++i) answers[i].ended_at = now + std::chrono::seconds(i);
  store.keep(answers);
  int seconds = 0;
  for (auto _ : state) {
    seconds += 1000;
    benchmark::DoNotOptimize(store.forget_answers_before(now + std::chrono::seconds(seconds), 1'000'000));
  }
}
BENCHMARK(forget_answers)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(4);

// Receiving a file of 100 MiB, as the upload does.
void spool_100_mib(benchmark::State& state) {
  const TemporaryFolder folder;
  const std::vector<std::byte> piece(64 << 10, std::byte{7});
  for (auto _ : state) {
    Spool spool(folder.path());
    for (int i = 0; i < 1600; ++i) spool.append(piece);
    benchmark::DoNotOptimize(spool.finish("large.pdf"));
  }
}
BENCHMARK(spool_100_mib)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(3);

}  // namespace
}  // namespace jackdaw::store

BENCHMARK_MAIN();
