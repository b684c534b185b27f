#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "answer/answerer.h"
#include "answer/fusion.h"
#include "answer/retriever.h"
#include "answer/running_answers.h"
#include "core/answer_store.h"
#include "core/compute.h"
#include "core/conversation_store.h"
#include "core/document_store.h"
#include "core/job_store.h"
#include "core/language_model.h"
#include "core/reranker.h"
#include "core/search_space.h"
#include "core/text_extractor.h"
#include "extract/page_recognizer.h"
#include "http/async_client.h"
#include "ingest/ingest_queue.h"
#include "ingest/ingestor.h"
#include "server/config.h"
#include "server/pending_extractor.h"
#include "store/data_lock.h"
#include "store/sqlite_store.h"

namespace jackdaw::server {

// The two stories with everything they need, once all of it is there.
struct Flows {
  std::unique_ptr<http::AsyncClient> client;
  std::unique_ptr<ingest::Ingestor> ingestor;
  std::unique_ptr<ingest::IngestQueue> queue;
  std::unique_ptr<answer::Retriever> retriever;
  std::unique_ptr<LanguageModels> writers;
  std::unique_ptr<answer::QuestionResolver> resolver;
  std::unique_ptr<answer::QuotePlaces> places;
  std::unique_ptr<answer::Answerer> answerer;
  std::unique_ptr<answer::AnswerKeeper> keeper;
  std::unique_ptr<answer::RunningAnswers> answers;
};

// Wires the program up: the one place that knows every real part, and where every thread of ours but the main one is
// started and joined. Lives on the I/O thread, which runs `context`; all functions are called there.
class Assembly {
 public:
  // What a command needs: the stored documents alone, or models and index too.
  enum class Needs { kStore, kEverything };

  // Takes the data folder and starts the threads. Throws Error kConflict naming the process that holds the folder.
  Assembly(boost::asio::io_context& context, Config config, Needs needs);
  ~Assembly();

  // Loads the models side by side, opens the store, fills the index. Throws Error: kUnavailable for a missing model or
  // sandbox, what SqliteStore throws. Afterwards ready() is true, or failure() says why not.
  boost::asio::awaitable<void> start();

  bool ready() const noexcept { return flows_ != nullptr; }
  const std::string& failure() const noexcept { return failure_; }
  // Why documents cannot be added although it is ready; empty: they can.
  const std::string& degraded() const noexcept { return degraded_; }
  // What else a person should know of how documents are read, a sentence each.
  const std::vector<std::string>& warnings() const noexcept { return warnings_; }
  // Whether pages that are pictures of text can be read; not usable until that is known, a moment after ready().
  const extract::RecognizerStatus& recognizer() const noexcept { return recognizer_; }

  // Throws Error kStarting before start() is done and kUnavailable after it failed.
  Flows& flows();
  DocumentStore& store();
  AnswerStore& answer_store();
  ConversationStore& conversations();
  // For what this keeper alone does: backups.
  store::SqliteStore& collection();
  std::shared_ptr<const IndexSnapshot> snapshot();

  const Config& config() const noexcept { return config_; }
  Compute& compute() noexcept { return compute_; }
  Compute& copying() noexcept { return copying_; }  // of backups
  Compute& storage() noexcept { return storage_; }
  // Where answers and conversations are written.
  Compute& keeping() noexcept { return keeping_; }
  // Where store and index are written, one piece of work after the other.
  Compute& writing() noexcept { return writing_; }
  // Requested once shut_down() was called.
  const Cancellation& stopping() const noexcept { return stopping_; }
  store::DataLock& lock() noexcept { return lock_; }

  // Ends running answers (see RunningAnswers::shut_down), puts what is being read back into the queue, saves the index.
  // May be called again.
  boost::asio::awaitable<void> shut_down(std::chrono::milliseconds grace);

 private:
  boost::asio::awaitable<void> load_models_and_readers();
  boost::asio::awaitable<void> load_models();
  boost::asio::awaitable<void> make_extractor();
  boost::asio::awaitable<void> find_recognizer(std::promise<PendingExtractor::Made> extractor);
  boost::asio::awaitable<void> open_store();
  boost::asio::awaitable<void> forget_old_answers();
  boost::asio::awaitable<void> save_index_now_and_then();
  boost::asio::awaitable<void> save_index(Cancellation cancellation);
  // False when the program ends first.
  boost::asio::awaitable<bool> sleep(std::chrono::seconds time);
  std::unique_ptr<Flows> make_flows();
  [[noreturn]] void refuse() const;

  boost::asio::io_context& context_;
  const Config config_;
  const Needs needs_;
  std::string failure_;
  std::string degraded_;
  std::vector<std::string> warnings_;
  extract::RecognizerStatus recognizer_;
  const Cancellation stopping_;

  // Destroyed in reverse order: the threads are joined first, the lock is given back last.
  store::DataLock lock_;
  std::unique_ptr<TextExtractor> extractor_;
  std::shared_ptr<Embedder> embedder_;  // until it is part of space_
  std::unique_ptr<Reranker> reranker_;
  std::unique_ptr<store::SqliteStore> store_;
  std::optional<SearchSpaceInUse> space_;
  std::unique_ptr<Flows> flows_;
  Compute compute_;
  Compute storage_;
  Compute keeping_;
  Compute writing_;
  Compute merging_;
  Compute copying_;
  Compute extraction_;
};

// The folder of the reranker that these settings choose, under the folder of models.
std::string reranker_model(const Config& config);

// The models that these settings choose. Take a moment, seconds the first time, and throw Error kUnavailable when a
// file of them is missing or damaged.
std::unique_ptr<Embedder> make_embedder(const Config& config);
std::unique_ptr<Reranker> make_reranker(const Config& config);

// How the two searches become one order.
answer::Fusion fusion(const Config& config);

// How documents are cut, and what is embedded of a chunk.
ingest::ChunkerOptions chunker_options(const Config& config);
ingest::EmbeddedContext embedded_context(const Config& config);

// An empty index as these settings want it, for embeddings of that length.
std::unique_ptr<SearchIndex> make_index(const Config& config, std::size_t dimensions);

// Where it is saved.
std::filesystem::path index_file(const Config& config);

}  // namespace jackdaw::server
