#include "ingest/ingestor.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <array>
#include <iterator>
#include <memory>
#include <utility>

#include "core/error.h"
#include "core/log.h"
#include "ingest/embedding_work.h"

namespace jackdaw::ingest {

namespace asio = boost::asio;
using Stage = IngestProgress::Stage;

namespace {

void tell(const OnIngestProgress& on_progress, const IngestProgress& progress) {
  if (on_progress) on_progress(progress);
}

// Carries progress from the extraction's thread to the coroutine's executor for as long as it lives.
class PageReports {
 public:
  PageReports(asio::any_io_executor executor, const OnIngestProgress& on_progress)
      : executor_(std::move(executor)), target_(std::make_shared<const OnIngestProgress*>(&on_progress)) {}
  PageReports(const PageReports&) = delete;
  PageReports& operator=(const PageReports&) = delete;
  ~PageReports() { *target_ = nullptr; }

  void send(int page) const {
    asio::post(executor_, [target = target_, page] {
      if (*target) tell(**target, {.stage = Stage::kExtracting, .page = page});
    });
  }

 private:
  asio::any_io_executor executor_;
  std::shared_ptr<const OnIngestProgress*> target_;  // what it points to is touched on the executor alone
};

void refuse_without_text(const NewDocument& document) {
  if (!document.chunks.empty()) return;
  std::string where = "the file";
  if (document.document.pages == 1) where = "page 1";
  if (document.document.pages > 1) where = "pages 1 to " + std::to_string(document.document.pages);
  throw Error(ErrorCode::kNoText, "There is no text on " + where + " of \"" + document.document.filename +
                                      "\". Scanned pages are pictures: run text recognition (OCR) over the file, then "
                                      "upload the result.");
}

}  // namespace

Ingestor::Ingestor(TextExtractor& extractor, Embedder& embedder, DocumentStore& store, SearchIndex& index,
                   Compute& compute, Compute& writing, Compute& extraction, IngestorOptions options)
    : extractor_(extractor),
      embedder_(embedder),
      store_(store),
      index_(index),
      compute_(compute),
      writing_(writing),
      extraction_(extraction),
      options_(options),
      chunker_(options.chunker),
      admission_(options.max_concurrent, options.max_waiting) {}

void Ingestor::stop() {
  stop_merging_.cancel(CancelReason::kShutdown);
}

std::shared_ptr<Admission> Ingestor::same_bytes_of(const std::string& sha256) {
  std::erase_if(same_bytes_, [](const auto& entry) { return entry.second.expired(); });
  std::weak_ptr<Admission>& slot = same_bytes_[sha256];
  auto admission = slot.lock();
  if (!admission) {
    admission = std::make_shared<Admission>(1, options_.max_waiting);
    slot = admission;
  }
  return admission;
}

asio::awaitable<IngestResult> Ingestor::ingest(IncomingFile file, OnIngestProgress on_progress,
                                               Cancellation cancellation) {
  tell(on_progress, {.stage = Stage::kWaiting});
  // The same bytes wait for each other: whoever comes second is told of a document that can be found.
  const std::shared_ptr<Admission> same_bytes = same_bytes_of(file.sha256);
  const Admission::Place turn = co_await same_bytes->enter(cancellation);
  auto known = co_await find_known(file.sha256);
  if (known) co_return IngestResult{std::move(*known), true};
  const Admission::Place place = co_await admission_.enter(cancellation);

  NewDocument document = co_await extract(file, on_progress, cancellation);
  refuse_without_text(document);
  document.embeddings = co_await embed(document.chunks, on_progress, cancellation);
  tell(on_progress, {.stage = Stage::kStoring});
  const auto chunk_ids = co_await store(document, cancellation);
  if (!chunk_ids) {
    known = co_await find_known(file.sha256);
    if (known) co_return IngestResult{std::move(*known), true};
    throw Error(ErrorCode::kConflict, "\"" + file.filename + "\" was deleted while it was uploaded. Upload it again.");
  }
  const Document ready = document.document;
  co_await publish(std::move(document), *chunk_ids);
  co_return IngestResult{ready, false};
}

asio::awaitable<std::optional<Document>> Ingestor::find_known(const std::string& sha256) {
  co_return co_await writing_.run(Lane::kInteractive, Cancellation(), [&] { return store_.find_by_sha256(sha256); });
}

asio::awaitable<NewDocument> Ingestor::extract(const IncomingFile& file, const OnIngestProgress& on_progress,
                                               Cancellation cancellation) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const PageReports reports(executor, on_progress);
  NewDocument document;
  const auto take_page = [&](Page&& page) {
    auto chunks = chunker_.cut(page);
    std::move(chunks.begin(), chunks.end(), std::back_inserter(document.chunks));
    reports.send(page.number);
    document.pages.push_back(std::move(page));
  };
  const ExtractionSummary summary = co_await extraction_.run(
      Lane::kBackground, cancellation, [&] { return extractor_.extract(file, take_page, cancellation); });
  document.original = file;
  document.document.id = DocumentId{random_id()};
  document.document.filename = file.filename;
  document.document.title = summary.title;
  document.document.media_type = summary.media_type;
  document.document.sha256 = file.sha256;
  document.document.bytes = file.bytes;
  document.document.pages = summary.pages;
  document.document.chunks = static_cast<std::int64_t>(document.chunks.size());
  document.document.created_at = std::chrono::system_clock::now();
  co_return document;
}

asio::awaitable<std::vector<Embedding>> Ingestor::embed(const std::vector<Chunk>& chunks,
                                                        const OnIngestProgress& on_progress,
                                                        Cancellation cancellation) {
  EmbeddingWork work(embedder_, compute_, chunks, options_.slice);
  const auto report = [&](std::size_t done) {
    tell(on_progress, {.stage = Stage::kEmbedding, .chunk = done, .chunks = chunks.size()});
  };
  co_return co_await work.run(report, cancellation);
}

asio::awaitable<std::optional<std::vector<ChunkId>>> Ingestor::store(const NewDocument& document,
                                                                     Cancellation cancellation) {
  co_return co_await writing_.run(Lane::kBackground, cancellation, [&]() -> std::optional<std::vector<ChunkId>> {
    try {
      return store_.add(document);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kConflict) return std::nullopt;
      throw;
    }
  });
}

asio::awaitable<void> Ingestor::publish(NewDocument document, const std::vector<ChunkId>& chunk_ids) {
  std::array<IndexedDocument, 1> indexed;
  indexed[0].document = document.document.id;
  for (std::size_t i = 0; i < chunk_ids.size(); ++i) {
    indexed[0].chunks.push_back({chunk_ids[i], std::move(document.chunks[i].text), std::move(document.embeddings[i])});
  }
  std::exception_ptr failure;
  try {
    co_await writing_.run(Lane::kBackground, Cancellation(), [&] { index_.add(indexed); });
  } catch (...) {
    failure = std::current_exception();
  }
  if (failure) {  // who is told of a failure must not find the document later
    const auto take_back = [&] {
      try {
        store_.remove(indexed[0].document);
      } catch (const std::exception& error) {
        log::error(std::string("A document that could not be indexed stays stored until the next start: ") +
                   error.what());
      }
    };
    co_await writing_.run(Lane::kBackground, Cancellation(), take_back);
    std::rethrow_exception(failure);
  }
  // A removal that came between storing and indexing found nothing in the index to remove.
  const bool still_there = co_await writing_.run(Lane::kInteractive, Cancellation(),
                                                 [&] { return store_.find(indexed[0].document).has_value(); });
  if (!still_there) {
    co_await writing_.run(Lane::kInteractive, Cancellation(), [&] { index_.remove(indexed[0].document); });
  }
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  merge_soon(executor);
}

void Ingestor::merge_soon(const asio::any_io_executor& executor) {
  if (!std::exchange(merging_, true)) asio::co_spawn(executor, merge(), asio::detached);
}

asio::awaitable<void> Ingestor::merge() {
  try {
    co_await writing_.run(Lane::kBackground, stop_merging_, [&] { index_.merge_if_due(stop_merging_); });
  } catch (const std::exception& failure) {
    // Searching goes on as it is: a merge only makes it faster, and the next file tries again.
    log::debug(std::string("The index was not merged: ") + failure.what());
  }
  merging_ = false;
}

asio::awaitable<bool> Ingestor::remove(DocumentId id) {
  bool removed = false;
  std::exception_ptr failure;
  try {
    removed = co_await writing_.run(Lane::kInteractive, Cancellation(), [&] { return store_.remove(id); });
  } catch (...) {
    failure = std::current_exception();  // the rows may be gone already: the index follows in any case
  }
  co_await writing_.run(Lane::kInteractive, Cancellation(), [&] { index_.remove(id); });
  if (failure) std::rethrow_exception(failure);
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  merge_soon(executor);
  co_return removed;
}

asio::awaitable<std::size_t> Ingestor::load_index(Cancellation cancellation) {
  const auto load = [&] {
    std::vector<IndexedDocument> batch;
    std::size_t batch_chunks = 0;
    std::size_t documents = 0;
    const auto publish_batch = [&] {
      if (!batch.empty()) index_.add(batch);
      batch.clear();
      batch_chunks = 0;
    };
    store_.for_each_indexed([&](IndexedDocument&& document) {
      cancellation.throw_if_requested();
      batch_chunks += document.chunks.size();
      batch.push_back(std::move(document));
      ++documents;
      if (batch_chunks >= options_.load_batch_chunks) publish_batch();
    });
    publish_batch();
    return documents;
  };
  const std::size_t documents = co_await writing_.run(Lane::kBackground, cancellation, load);
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  merge_soon(executor);
  co_return documents;
}

}  // namespace jackdaw::ingest
