#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/cancellation.h"
#include "core/compute.h"
#include "core/document_store.h"
#include "core/job_store.h"
#include "ingest/ingestor.h"
#include "ingest/job_progress.h"

namespace jackdaw::ingest {

struct IngestQueueOptions {
  std::size_t max_concurrent = 2;    // documents that are read at once; each holds one document's text in memory
  std::size_t max_waiting = 10'000;  // more are refused with kOverloaded
  int max_attempts = 3;              // the process died that often while it read the file: then the file failed
};

// Takes files in and reads them in the order of their coming, some at once; the queue itself is JobStore's, so it goes
// on after a crash where it was. What a file needs beyond that, its password, stays in memory alone. All functions are
// called on `executor`, which runs on one thread; it lives longer than its coroutines and keeps references to what it
// is given.
class IngestQueue {
 public:
  IngestQueue(boost::asio::any_io_executor executor, JobStore& jobs, DocumentStore& documents, Ingestor& ingestor,
              Compute& writing, IngestQueueOptions options);
  ~IngestQueue();
  IngestQueue(const IngestQueue&) = delete;
  IngestQueue& operator=(const IngestQueue&) = delete;

  // Goes on with the jobs that wait in the store.
  void start();

  // Durable when it returns; see JobStore::accept. Throws kOverloaded when too many wait.
  boost::asio::awaitable<Accepted> submit(NewUpload upload, std::string password);

  // submit(), then waits until the document can be found. When it cannot be read, or nobody waits for it any more, no
  // trace of the upload is left and the reason is thrown; of a document that submit() told others of, before or
  // meanwhile, only the reason is thrown. `already_known`: it was ready before.
  boost::asio::awaitable<Accepted> ingest(NewUpload upload, std::string password, Cancellation cancellation);

  // Returns the document once nothing of it waits or runs. Throws kNotFound when it is removed, what `cancellation`
  // asks for.
  boost::asio::awaitable<Document> wait(DocumentId id, Cancellation cancellation);

  // What runs is stopped at its next step, what waits never begins. Returns the document as it is then; kConflict when
  // nothing of it waits or runs.
  boost::asio::awaitable<Document> cancel(DocumentId id);
  boost::asio::awaitable<Document> retry(DocumentId id, std::string password);

  // Stops what runs for it, then Ingestor::remove. False when there was no such document.
  boost::asio::awaitable<bool> remove(DocumentId id);

  // Where the document's job is while it waits or runs; nothing otherwise.
  std::optional<JobProgress> progress(const DocumentId& id) const;

  // Hears of one document's progress: always the newest, so a slow reader misses steps but never the last.
  class Follower {
   public:
    Follower(Follower&&) noexcept;
    ~Follower();
    // The next news, the present state at first; nothing when there was none for `patience`. After is_last() came no
    // more is to be asked. Throws what `cancellation` asks for.
    boost::asio::awaitable<std::optional<JobProgress>> next(std::chrono::milliseconds patience,
                                                            Cancellation cancellation);

   private:
    friend class IngestQueue;
    struct State;
    explicit Follower(std::shared_ptr<State> state);
    std::shared_ptr<State> state_;
  };
  // Throws kNotFound.
  boost::asio::awaitable<Follower> follow(DocumentId id);

  // Lets nothing begin any more, stops what runs and puts it back in the queue.
  boost::asio::awaitable<void> shut_down();

 private:
  enum class Told { kAtOnce, kWhenReady };
  boost::asio::awaitable<Accepted> accept(NewUpload upload, std::string password, Told told);
  boost::asio::awaitable<void> leave(DocumentId id);
  boost::asio::awaitable<void> retry_unless_waiting(DocumentId id, std::string password);

  class Followers;
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace jackdaw::ingest
