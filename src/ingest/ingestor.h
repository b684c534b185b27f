#pragma once

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/cancellation.h"
#include "core/compute.h"
#include "core/document_store.h"
#include "core/embedding.h"
#include "core/search_index.h"
#include "core/text_extractor.h"
#include "ingest/admission.h"
#include "ingest/chunker.h"

namespace jackdaw::ingest {

struct IngestorOptions {
  ChunkerOptions chunker;
  std::size_t max_concurrent = 2;        // each holds one document's text in memory
  std::size_t max_waiting = 64;          // more are refused at once with kOverloaded
  std::chrono::milliseconds slice{30};   // how long one piece of embedding may hold a thread, about
  std::size_t load_batch_chunks = 4096;  // chunks that one publication of load_index adds, at least
};

struct IngestProgress {
  enum class Stage { kWaiting, kExtracting, kEmbedding, kStoring } stage = Stage::kWaiting;
  int page = 0;            // kExtracting: the page just read
  std::size_t chunk = 0;   // kEmbedding: chunks done
  std::size_t chunks = 0;  // kEmbedding: of how many
};

// Called on the executor of the coroutine that ingests; must not throw. May be empty.
using OnIngestProgress = std::function<void(const IngestProgress&)>;

struct IngestResult {
  Document document;
  bool already_known = false;  // the same bytes were there before: nothing was done
};

// Makes a file searchable: extract, chunk, embed, store, index. Its coroutines run on one executor of one thread; the
// work is done on the three pools. It keeps references to what it is given and outlives its coroutines.
class Ingestor {
 public:
  // `compute` embeds, `writing` stores and indexes one document after the other, so that no reader's thread ever waits
  // for a writer, `extraction` waits for the confined child processes.
  Ingestor(TextExtractor& extractor, Embedder& embedder, DocumentStore& store, SearchIndex& index, Compute& compute,
           Compute& writing, Compute& extraction, IngestorOptions options);

  // Stops a merge that runs in the background. To be called before the threads are joined.
  void stop();

  // Returns when the document can be found, or when the same bytes were known already. The spool file is taken over by
  // the store; when this throws or returns already_known it is still the caller's. Throws Error: what TextExtractor and
  // DocumentStore throw, kNoText naming the pages, kOverloaded. Once the document is stored, cancelling has no effect.
  boost::asio::awaitable<IngestResult> ingest(IncomingFile file, OnIngestProgress on_progress,
                                              Cancellation cancellation);

  // False when there was no such document. Afterwards nothing of it is left in the store or in later snapshots.
  boost::asio::awaitable<bool> remove(DocumentId id);

  // Fills the index from the store, at the start of the program. Returns the number of documents.
  boost::asio::awaitable<std::size_t> load_index(Cancellation cancellation);

 private:
  boost::asio::awaitable<std::optional<Document>> find_known(const std::string& sha256);
  boost::asio::awaitable<NewDocument> extract(const IncomingFile& file, const OnIngestProgress& on_progress,
                                              Cancellation cancellation);
  boost::asio::awaitable<std::vector<Embedding>> embed(const std::vector<Chunk>& chunks,
                                                       const OnIngestProgress& on_progress, Cancellation cancellation);
  // Nothing when a document of the same bytes is there already.
  boost::asio::awaitable<std::optional<std::vector<ChunkId>>> store(const NewDocument& document,
                                                                    Cancellation cancellation);
  boost::asio::awaitable<void> publish(NewDocument document, const std::vector<ChunkId>& chunk_ids);
  boost::asio::awaitable<void> merge();
  void merge_soon(const boost::asio::any_io_executor& executor);
  std::shared_ptr<Admission> same_bytes_of(const std::string& sha256);

  TextExtractor& extractor_;
  Embedder& embedder_;
  DocumentStore& store_;
  SearchIndex& index_;
  Compute& compute_;
  Compute& writing_;
  Compute& extraction_;
  const IngestorOptions options_;
  const Chunker chunker_;
  Admission admission_;
  std::map<std::string, std::weak_ptr<Admission>> same_bytes_;  // by sha256: who is being taken in
  bool merging_ = false;
  const Cancellation stop_merging_;
};

}  // namespace jackdaw::ingest
