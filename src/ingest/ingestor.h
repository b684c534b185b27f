#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/cancellation.h"
#include "core/compute.h"
#include "core/document_store.h"
#include "core/job_store.h"
#include "core/search_space.h"
#include "core/text_extractor.h"
#include "ingest/chunker.h"
#include "ingest/embedded_text.h"

namespace jackdaw::ingest {

struct IngestorOptions {
  ChunkerOptions chunker;
  EmbeddedContext embedded_context = EmbeddedContext::kHeading;
  std::chrono::milliseconds slice{30};   // how long one piece of embedding may hold a thread, about
  std::size_t load_batch_chunks = 4096;  // chunks that one publication of load_index adds, at least
  std::filesystem::path index_file;      // what load_index and save_index use; empty: none
};

struct IngestProgress {
  enum class Stage { kExtracting, kEmbedding, kStoring } stage = Stage::kExtracting;
  int page = 0;              // the page just read
  int pages = 0;             // of how many; 0: not known yet
  bool recognizing = false;  // the page took OCR
  std::size_t chunk = 0;     // kExtracting: found so far; kEmbedding: done
  std::size_t chunks = 0;    // kEmbedding: of how many
};

// Called on the executor of the coroutine that ingests; must not throw. May be empty.
using OnIngestProgress = std::function<void(const IngestProgress&)>;

// Deletes what SearchIndex::save wrote, or had begun to write, since it knows words of the documents. Throws Error
// kInternal when that cannot be done.
void forget_index_file(const std::filesystem::path& file);

// Makes a file searchable: extract, chunk, embed, store, index. Its coroutines run on one executor of one thread; the
// work is done on the three pools. It keeps references to what it is given and outlives its coroutines.
class Ingestor {
 public:
  // `compute` embeds, `writing` stores and indexes one document after the other, so that no reader's thread ever waits
  // for a writer, `merging` merges what was indexed, so that no writer waits for that, `extraction` waits for the
  // confined child processes.
  Ingestor(TextExtractor& extractor, SearchSpaceInUse& space, DocumentStore& documents, JobStore& jobs,
           Compute& compute, Compute& writing, Compute& merging, Compute& extraction, IngestorOptions options);

  // Stops a merge that runs in the background. To be called before the threads are joined.
  void stop();

  // Does the job: when it returns a document, that can be found, and its old version cannot. Nothing: the job was
  // cancelled, removed or replaced meanwhile. Throws Error: what TextExtractor, Embedder and JobStore throw, kNoText
  // naming the pages; the job is then as it was.
  boost::asio::awaitable<std::optional<Document>> ingest(Job job, std::string password, OnIngestProgress on_progress,
                                                         Cancellation cancellation);

  // False when there was no such document. Afterwards nothing of it is left in the store or in later snapshots.
  boost::asio::awaitable<bool> remove(DocumentId id);

  // Fills the index, at the start of the program: from the file when that is of the store's present state, else from
  // the store. Returns the number of documents.
  boost::asio::awaitable<std::size_t> load_index(Cancellation cancellation);

  // Writes the index file unless it is of the store's present state already. Nothing is written to store and index
  // meanwhile. Removing or replacing a document deletes the file, which knows its words, until the next save.
  boost::asio::awaitable<void> save_index(Cancellation cancellation);

  // Puts `next` into use, whose index has what the store has. To be called on the writing thread, in the piece of work
  // that changed the store's vectors.
  void switch_to(SearchSpace next);

  // Merges the index in the background, if that is due. To be called on `executor`, that of the coroutines.
  void merge_soon(const boost::asio::any_io_executor& executor);

 private:
  struct Reading;
  boost::asio::awaitable<void> extract(Reading& reading, Cancellation cancellation);
  boost::asio::awaitable<void> embed(Reading& reading, Cancellation cancellation);
  // The document's title: the one it was given, else the file's own.
  boost::asio::awaitable<std::string> title_of(Reading& reading, Cancellation cancellation);
  // False when the job is gone.
  boost::asio::awaitable<bool> put_in_place(Reading& reading, Cancellation cancellation);
  bool complete(Reading& reading);
  void forget_saved_index();
  // With the embedder in use, where it is another one than when the chunks were embedded.
  void embed_again_if_due(Reading& reading);
  boost::asio::awaitable<void> merge();

  TextExtractor& extractor_;
  SearchSpaceInUse& space_;
  DocumentStore& documents_;
  JobStore& jobs_;
  Compute& compute_;
  Compute& writing_;
  Compute& merging_;
  Compute& extraction_;
  const IngestorOptions options_;
  const Chunker chunker_;
  bool is_merging_ = false;
  const Cancellation stop_merging_;
  // Touched on the writing thread alone.
  bool index_in_step_ = true;  // false: the index misses what the store has, so it must not be saved
  std::string saved_stamp_;    // of the index file; empty: not known
};

}  // namespace jackdaw::ingest
