#include "ingest/ingestor.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <iterator>
#include <memory>
#include <system_error>
#include <utility>

#include "core/error.h"
#include "core/log.h"
#include "ingest/embedding_work.h"
#include "ingest/index_filling.h"

namespace jackdaw::ingest {

namespace asio = boost::asio;
using Stage = IngestProgress::Stage;

// One file on its way.
struct Ingestor::Reading {
  Job job;
  std::string password;
  OnIngestProgress on_progress;
  IngestProgress progress{};  // on the executor
  ReadDocument read{};
  std::vector<std::string> texts{};      // as the chunks are embedded
  std::shared_ptr<Embedder> embedder{};  // of read.embeddings

  void tell() const {
    if (on_progress) on_progress(progress);
  }
};

namespace {

// Carries progress from the extraction's thread to the coroutine's executor for as long as it lives.
class PageReports {
 public:
  using Take = std::function<void(const IngestProgress&)>;

  PageReports(asio::any_io_executor executor, Take take)
      : executor_(std::move(executor)), take_(std::make_shared<Take>(std::move(take))) {}
  PageReports(const PageReports&) = delete;
  PageReports& operator=(const PageReports&) = delete;
  ~PageReports() { *take_ = nullptr; }

  void send(const IngestProgress& progress) const {
    asio::post(executor_, [take = take_, progress] {
      if (*take) (*take)(progress);
    });
  }

 private:
  asio::any_io_executor executor_;
  std::shared_ptr<Take> take_;  // called and cleared on the executor alone
};

void refuse_without_text(const std::string& filename, const ReadDocument& read) {
  if (!read.chunks.empty()) return;
  std::string where = "in";
  if (read.pages == 1) where = "on page 1 of";
  if (read.pages > 1) where = "on pages 1 to " + std::to_string(read.pages) + " of";
  std::string advice = " Upload a file that has some.";
  if (read.pages > 0) {
    advice =
        " Scanned pages are pictures: install Tesseract (apt-get install tesseract-ocr), start Jackdaw again and "
        "retry, "
        "or run text recognition (OCR) over the file and upload the result.";
  }
  throw Error(ErrorCode::kNoText, "There is no text " + where + " \"" + filename + "\"." + advice);
}

}  // namespace

void forget_index_file(const std::filesystem::path& file) {
  std::filesystem::path unfinished = file;
  unfinished += kUnfinishedIndexSuffix;
  for (const std::filesystem::path& each : {file, unfinished}) {
    std::error_code failure;
    std::filesystem::remove(each, failure);
    if (!failure) continue;
    throw Error(ErrorCode::kInternal, "The saved index '" + each.string() +
                                          "' knows words of the documents and cannot be deleted (" + failure.message() +
                                          "). Make its folder writable, then try again.");
  }
}

Ingestor::Ingestor(TextExtractor& extractor, SearchSpaceInUse& space, DocumentStore& documents, JobStore& jobs,
                   Compute& compute, Compute& writing, Compute& merging, Compute& extraction, IngestorOptions options)
    : extractor_(extractor),
      space_(space),
      documents_(documents),
      jobs_(jobs),
      compute_(compute),
      writing_(writing),
      merging_(merging),
      extraction_(extraction),
      options_(std::move(options)),
      chunker_(options_.chunker) {}

void Ingestor::stop() {
  stop_merging_.cancel(CancelReason::kShutdown);
}

asio::awaitable<std::optional<Document>> Ingestor::ingest(Job job, std::string password, OnIngestProgress on_progress,
                                                          Cancellation cancellation) {
  Reading reading{.job = std::move(job), .password = std::move(password), .on_progress = std::move(on_progress)};
  co_await extract(reading, cancellation);
  refuse_without_text(reading.job.filename, reading.read);
  co_await embed(reading, cancellation);
  reading.progress.stage = Stage::kStoring;
  reading.tell();
  const bool done = co_await put_in_place(reading, cancellation);
  if (!done) co_return std::nullopt;
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  merge_soon(executor);
  co_return co_await writing_.run(Lane::kInteractive, Cancellation(),
                                  [&] { return documents_.find(reading.job.document); });
}

asio::awaitable<void> Ingestor::extract(Reading& reading, Cancellation cancellation) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const PageReports reports(executor, [&reading](const IngestProgress& progress) {
    reading.progress = progress;
    reading.tell();
  });
  reading.tell();
  ReadDocument& read = reading.read;
  IngestProgress so_far;
  int known = 0;  // the page that an earlier attempt had recognised
  ExtractionEvents events;
  events.on_open = [&](int pages) {
    so_far.pages = pages;
    reports.send(so_far);
  };
  events.on_page = [&](Page&& page) {
    if (page.recognized && page.number != known) jobs_.keep_page(reading.job.number, page);
    auto chunks = chunker_.cut(page);
    std::move(chunks.begin(), chunks.end(), std::back_inserter(read.chunks));
    page.sections.clear();
    so_far.page = page.number;
    so_far.recognizing = page.recognized;
    so_far.chunk = read.chunks.size();
    reports.send(so_far);
    read.contents.push_back(std::move(page));
  };
  events.recognized_before = [&](int number) {
    auto page = jobs_.kept_page(reading.job.number, number);
    if (page) known = number;
    return page;
  };
  ExtractionRequest request;
  request.path = reading.job.original;
  request.filename = reading.job.filename;
  request.password = std::move(reading.password);
  request.keep_partial = reading.job.keep_partial;
  ExtractionSummary summary = co_await extraction_.run(
      Lane::kBackground, cancellation, [&] { return extractor_.extract(request, events, cancellation); });
  read.media_type = std::move(summary.media_type);
  read.title = std::move(summary.title);
  read.pages = summary.pages;
  read.pages_without_text = std::move(summary.pages_without_text);
  read.failure = std::move(summary.failure);
}

asio::awaitable<std::string> Ingestor::title_of(Reading& reading, Cancellation cancellation) {
  const auto find = [&] { return documents_.find(reading.job.document); };
  const std::optional<Document> known = co_await writing_.run(Lane::kBackground, cancellation, find);
  co_return known && !known->title.empty() ? known->title : reading.read.title;
}

asio::awaitable<void> Ingestor::embed(Reading& reading, Cancellation cancellation) {
  std::string title;
  if (options_.embedded_context == EmbeddedContext::kTitle) title = co_await title_of(reading, cancellation);
  for (const Chunk& chunk : reading.read.chunks) {
    reading.texts.push_back(embedded_text(chunk, title, options_.embedded_context));
  }
  reading.progress = {.stage = Stage::kEmbedding,
                      .page = static_cast<int>(reading.read.contents.size()),
                      .pages = static_cast<int>(reading.read.contents.size()),
                      .recognizing = false,
                      .chunk = 0,
                      .chunks = reading.texts.size()};
  reading.tell();
  reading.embedder = space_.get().embedder;
  EmbeddingWork work(*reading.embedder, compute_, reading.texts, options_.slice);
  const auto report = [&](std::size_t done) {
    reading.progress.chunk = done;
    reading.tell();
  };
  reading.read.embeddings = co_await work.run(report, cancellation);
}

asio::awaitable<bool> Ingestor::put_in_place(Reading& reading, Cancellation cancellation) {
  co_return co_await writing_.run(Lane::kBackground, cancellation, [&] { return complete(reading); });
}

// One piece of work on the writing thread: store and index never differ when another piece begins.
bool Ingestor::complete(Reading& reading) {
  embed_again_if_due(reading);
  // Before the store's change, whose way to the disk takes this along.
  if (reading.job.replaces) forget_saved_index();
  const auto chunk_ids = jobs_.complete(reading.job.number, reading.read);
  if (!chunk_ids) return false;
  ReadDocument& read = reading.read;
  IndexedDocument indexed{.document = reading.job.document, .chunks = {}};
  for (std::size_t i = 0; i < chunk_ids->size(); ++i) {
    Chunk& chunk = read.chunks[i];
    indexed.chunks.push_back({.chunk = (*chunk_ids)[i],
                              .text = std::move(chunk.text),
                              .embedding = std::move(read.embeddings[i]),
                              .heading = std::move(chunk.heading)});
  }
  try {
    // The store's: a title that came with the upload goes before the file's own.
    if (const auto stored = documents_.find(indexed.document)) indexed.title = stored->title;
    space_.get().index->replace(indexed);
  } catch (const std::exception& error) {
    index_in_step_ = false;
    throw Error(ErrorCode::kInternal, "\"" + reading.job.filename +
                                          "\" is stored but cannot be searched before the next start: " + error.what());
  }
  return true;
}

void Ingestor::embed_again_if_due(Reading& reading) {
  const std::shared_ptr<Embedder> embedder = space_.get().embedder;
  if (embedder == reading.embedder) return;
  const std::vector<std::string_view> texts(reading.texts.begin(), reading.texts.end());
  reading.read.embeddings = embedder->embed(texts, Cancellation());
}

void Ingestor::switch_to(SearchSpace next) {
  space_.switch_to(std::move(next));
  index_in_step_ = true;
  saved_stamp_.clear();
}

void Ingestor::forget_saved_index() {
  if (options_.index_file.empty()) return;
  saved_stamp_.clear();
  forget_index_file(options_.index_file);
}

void Ingestor::merge_soon(const asio::any_io_executor& executor) {
  if (!std::exchange(is_merging_, true)) asio::co_spawn(executor, merge(), asio::detached);
}

asio::awaitable<void> Ingestor::merge() {
  try {
    co_await merging_.run(Lane::kBackground, stop_merging_, [&] { space_.get().index->merge_if_due(stop_merging_); });
  } catch (const std::exception& failure) {
    // Searching goes on as it is: a merge only makes it faster, and the next file tries again.
    log::debug(std::string("The index was not merged: ") + failure.what());
  }
  is_merging_ = false;
}

asio::awaitable<bool> Ingestor::remove(DocumentId id) {
  const bool removed = co_await writing_.run(Lane::kInteractive, Cancellation(), [&] {
    forget_saved_index();
    std::exception_ptr failure;
    bool found = false;
    try {
      found = documents_.remove(id);
    } catch (...) {
      failure = std::current_exception();  // the rows may be gone already: the index follows in any case
    }
    space_.get().index->remove(id);
    if (failure) std::rethrow_exception(failure);
    return found;
  });
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  merge_soon(executor);
  co_return removed;
}

asio::awaitable<std::size_t> Ingestor::load_index(Cancellation cancellation) {
  const auto load = [&]() -> std::size_t {
    const std::string stamp = documents_.index_stamp();
    const std::shared_ptr<SearchIndex> index = space_.get().index;
    if (!options_.index_file.empty() && index->load(options_.index_file, stamp)) {
      saved_stamp_ = stamp;
      return index->snapshot()->documents;
    }
    const auto all = [this](const auto& visit) { documents_.for_each_indexed(visit); };
    return fill_index(*index, all, options_.load_batch_chunks, cancellation);
  };
  const std::size_t documents = co_await writing_.run(Lane::kBackground, cancellation, load);
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  merge_soon(executor);
  co_return documents;
}

asio::awaitable<void> Ingestor::save_index(Cancellation cancellation) {
  if (options_.index_file.empty()) co_return;
  co_await writing_.run(Lane::kBackground, cancellation, [&] {
    const std::string stamp = documents_.index_stamp();
    if (!index_in_step_ || stamp == saved_stamp_) return;
    space_.get().index->save(options_.index_file, stamp, cancellation);
    saved_stamp_ = stamp;
  });
}

}  // namespace jackdaw::ingest
