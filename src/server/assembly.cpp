#include "server/assembly.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/multiple_exceptions.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>

#include "core/clock.h"
#include "core/error.h"
#include "core/log.h"
#include "extract/confined_extractor.h"
#include "index/segmented_index.h"
#include "inference/cross_encoder.h"
#include "inference/hash_embedder.h"
#include "inference/local_embedder.h"
#include "inference/overlap_reranker.h"
#include "providers/make_model.h"
#include "server/crash_at.h"
#include "store/open_collection.h"
#include "store/schema.h"
#include "store/sqlite_store.h"

namespace jackdaw::server {
namespace {

constexpr std::size_t kStorageThreads = 2;
constexpr std::chrono::minutes kIndexSavedEvery{10};
constexpr std::size_t kForgottenAtOnce = 200;  // answers; those that end meanwhile are stored in between

std::size_t extraction_threads(const Config& config) {
  return std::max<std::size_t>(1, config.threads - 1);
}

extract::RecognizerOptions recognizer_options(const Config& config) {
  extract::RecognizerOptions options;
  options.parser = program_dir() / "jackdaw-parse";
  options.recognizer = program_dir() / "jackdaw-ocr";
  options.languages = config.ocr_languages;
  options.page_time = 6 * config.page_timeout;
  options.without_filter = config.sandbox == "off";
  return options;
}

extract::ConfinedExtractorOptions extractor_options(const Config& config, bool recognizes) {
  extract::ConfinedExtractorOptions options;
  options.parser = program_dir() / "jackdaw-parse";
  options.text_parser = program_dir() / "jackdaw-parse-text";
  options.page_time = config.page_timeout;
  options.document_time = config.document_timeout;
  options.max_pages = config.max_pages;
  options.max_characters = config.max_characters;
  options.recognition_time = 12 * config.document_timeout;
  options.without_filter = config.sandbox == "off";
  if (recognizes) options.recognizer = recognizer_options(config);
  return options;
}

}  // namespace

std::string reranker_model(const Config& config) {
  const std::string layers = config.reranker.substr(0, config.reranker.find('-'));
  return layers == "l12" ? "ms-marco-MiniLM-L-12-v2" : "jackdaw-rerank-" + layers;
}

std::unique_ptr<Embedder> make_embedder(const Config& config) {
  if (config.embedder == "hash") return std::make_unique<inference::HashEmbedder>();
  inference::LocalEmbedderOptions options{.model_dir = config.models_dir, .cache_dir = config.data_dir / "cache"};
  const bool as_the_collection =
      config.embedder == "minilm" && store::embedder_of_vectors(config.data_dir).ends_with("/fp32");
  if (as_the_collection || config.embedder == "minilm-fp32") options.precision = inference::Precision::kFp32;
  return std::make_unique<inference::LocalEmbedder>(std::move(options));
}

std::unique_ptr<Reranker> make_reranker(const Config& config) {
  if (config.embedder == "hash") return std::make_unique<inference::OverlapReranker>();
  inference::CrossEncoderOptions options{.model_dir = config.models_dir, .cache_dir = config.data_dir / "cache"};
  options.model = reranker_model(config);
  if (config.reranker.ends_with("-fp32")) options.precision = inference::Precision::kFp32;
  return std::make_unique<inference::CrossEncoder>(std::move(options));
}

answer::Fusion fusion(const Config& config) {
  return config.fusion == "scores" ? answer::Fusion::kScores : answer::Fusion::kRanks;
}

ingest::ChunkerOptions chunker_options(const Config& config) {
  const bool by_sections = config.chunks == "sections" && !config.chunk_strict;
  return {.max_characters = config.chunk_characters,
          .overlap_characters = config.chunk_overlap,
          .strict = config.chunk_strict,
          .style = by_sections ? ingest::ChunkStyle::kSections : ingest::ChunkStyle::kCharacters};
}

ingest::EmbeddedContext embedded_context(const Config& config) {
  if (config.embedded_context == "title") return ingest::EmbeddedContext::kTitle;
  return config.embedded_context == "none" ? ingest::EmbeddedContext::kNone : ingest::EmbeddedContext::kHeading;
}

std::unique_ptr<SearchIndex> make_index(const Config& config, std::size_t dimensions) {
  index::SegmentedIndexOptions options;
  options.dimensions = dimensions;
  options.analyzer.language =
      config.analyzer == "unicode" ? index::AnalyzerLanguage::kUnicode : index::AnalyzerLanguage::kEnglish;
  options.analyzer.stem = config.stem;
  options.analyzer.drop_stop_words = config.stop_words;
  options.fields = {.title = config.title_weight, .heading = config.heading_weight};
  options.vectors = index::vector_engine_named(config.vector_engine).value();
  options.approximate_from = config.approximate_from;
  return std::make_unique<index::SegmentedIndex>(options);
}

std::filesystem::path index_file(const Config& config) {
  return config.data_dir / "index.snapshot";
}

Assembly::Assembly(boost::asio::io_context& context, Config config, Needs needs)
    : context_(context),
      config_(std::move(config)),
      needs_(needs),
      lock_(config_.data_dir),
      compute_({.name = "compute", .threads = config_.threads}),
      storage_({.name = "storage", .threads = kStorageThreads}),
      keeping_({.name = "keeping", .threads = 1}),
      writing_({.name = "writing", .threads = 1}),
      merging_({.name = "merging", .threads = 1}),
      copying_({.name = "copying", .threads = 1}),
      extraction_({.name = "extraction", .threads = extraction_threads(config_)}) {}

Assembly::~Assembly() {
  // Nobody runs the coroutines any more; what the threads still hold ends before the parts that it uses go.
  stopping_.cancel(CancelReason::kShutdown);
  if (flows_) flows_->ingestor->stop();
  for (Compute* threads : {&extraction_, &copying_, &compute_, &storage_, &writing_, &merging_, &keeping_})
    threads->stop();
}

boost::asio::awaitable<void> Assembly::start() {
  const Stopwatch since_start;
  try {
    store::refuse_unknown_format(config_.data_dir / "jackdaw.db");
    if (needs_ == Needs::kEverything) co_await load_models_and_readers();
    co_await open_store();
    if (needs_ == Needs::kEverything) {
      auto flows = make_flows();
      const std::size_t documents = co_await flows->ingestor->load_index(stopping_);
      flows_ = std::move(flows);
      if (degraded_.empty()) flows_->queue->start();
      boost::asio::co_spawn(context_, forget_old_answers(), boost::asio::detached);
      boost::asio::co_spawn(context_, save_index_now_and_then(), boost::asio::detached);
      log::info("ready: " + std::to_string(documents) + " documents, writer " + flows_->writers->find({}).provider() +
                ", after " + std::to_string(static_cast<int>(since_start.elapsed_ms())) + " ms");
    }
  } catch (const std::exception& error) {
    failure_ = std::string(error.what()) + " Then start the server again.";
    throw;
  }
}

boost::asio::awaitable<void> Assembly::load_models() {
  using namespace boost::asio::experimental::awaitable_operators;
  auto embedder = compute_.run(Lane::kInteractive, Cancellation(), [this] { return make_embedder(config_); });
  auto reranker = compute_.run(Lane::kInteractive, Cancellation(), [this] { return make_reranker(config_); });
  std::tie(embedder_, reranker_) = co_await (std::move(embedder) && std::move(reranker));
}

// Side by side: each takes about a second.
boost::asio::awaitable<void> Assembly::load_models_and_readers() {
  using namespace boost::asio::experimental::awaitable_operators;
  try {
    co_await (load_models() && make_extractor());
  } catch (const boost::asio::multiple_exceptions& all) {
    std::rethrow_exception(all.first_exception());
  }
}

boost::asio::awaitable<void> Assembly::open_store() {
  store_ = co_await storage_.run(Lane::kInteractive, Cancellation(), [this] {
    store::SqliteStoreOptions options;
    options.data_dir = config_.data_dir;
    options.embedder_name = embedder_ ? embedder_->name() : std::string();
    options.on_step = crash_from_environment();
    return std::make_unique<store::SqliteStore>(std::move(options));
  });
}

// Whether pages that are pictures can be read takes longer to find out than all else; nobody waits for it but the first
// document.
boost::asio::awaitable<void> Assembly::make_extractor() {
  co_await extraction_.run(Lane::kInteractive, stopping_, [&] {
    const extract::ConfinedExtractor without_recognizer(extractor_options(config_, false));
    try {
      if (std::string weaker = without_recognizer.check_sandbox(); !weaker.empty()) warnings_.push_back(weaker);
    } catch (const Error& error) {
      degraded_ = std::string("Documents cannot be added. ") + error.what();
      log::error(degraded_);
    }
  });
  for (const std::string& warning : warnings_) log::warning(warning);
  std::promise<PendingExtractor::Made> made;
  extractor_ = std::make_unique<PendingExtractor>(made.get_future().share());
  boost::asio::co_spawn(context_, find_recognizer(std::move(made)), boost::asio::detached);
}

boost::asio::awaitable<void> Assembly::find_recognizer(std::promise<PendingExtractor::Made> extractor) {
  bool said = false;
  try {
    // The thread that found it out says so itself: those that wait are of the same pool, also while it is stopped.
    recognizer_ = co_await extraction_.run(Lane::kInteractive, stopping_, [&] {
      extract::RecognizerStatus found;
      if (config_.ocr == "auto") found = extract::find_recognizer(recognizer_options(config_));
      extractor.set_value(std::make_unique<extract::ConfinedExtractor>(extractor_options(config_, found.usable)));
      said = true;
      return found;
    });
  } catch (...) {
    if (!said) extractor.set_exception(std::current_exception());
    co_return;
  }
  if (recognizer_.problem.empty()) co_return;
  log::info(recognizer_.problem);
  warnings_.push_back(recognizer_.problem);
}

std::unique_ptr<Flows> Assembly::make_flows() {
  std::shared_ptr<SearchIndex> index = make_index(config_, embedder_->dimensions());
  space_.emplace(SearchSpace{.embedder = std::move(embedder_), .index = std::move(index)});

  auto flows = std::make_unique<Flows>();
  flows->client = std::make_unique<http::AsyncClient>(context_.get_executor(), config_.client);
  ingest::IngestorOptions ingest_options;
  ingest_options.chunker = chunker_options(config_);
  ingest_options.embedded_context = embedded_context(config_);
  ingest_options.index_file = index_file(config_);
  flows->ingestor = std::make_unique<ingest::Ingestor>(*extractor_, *space_, *store_, *store_, compute_, writing_,
                                                       merging_, extraction_, ingest_options);
  // One more than are extracted at once: while it is embedded the next ones are read.
  flows->queue = std::make_unique<ingest::IngestQueue>(
      context_.get_executor(), *store_, *store_, *flows->ingestor, writing_,
      ingest::IngestQueueOptions{.max_concurrent = extraction_threads(config_) + 1,
                                 .max_waiting = config_.max_queued_documents});
  flows->retriever =
      std::make_unique<answer::Retriever>(*space_, *reranker_, *store_, compute_, storage_,
                                          answer::RetrieverOptions{.candidates = config_.candidates,
                                                                   .fusion = fusion(config_),
                                                                   .rerank_candidates = config_.candidates,
                                                                   .rerank_budget = config_.rerank_budget,
                                                                   .rerank_deadline = config_.rerank_deadline});
  flows->writers = providers::make_models(config_.models, *flows->client, *reranker_, compute_);
  flows->resolver = std::make_unique<answer::QuestionResolver>(
      *flows->writers,
      answer::QuestionResolverOptions{.use_model = config_.follow_up == "model" && config_.history_tokens > 0,
                                      .deadline = config_.follow_up_deadline,
                                      .max_history_tokens = std::min<std::size_t>(config_.history_tokens, 1'000)});
  flows->places = std::make_unique<answer::QuotePlaces>(*store_, storage_);
  flows->answerer =
      std::make_unique<answer::Answerer>(*flows->resolver, *flows->retriever, *flows->writers, *flows->places,
                                         answer::PromptOptions{.max_prompt_tokens = config_.prompt_tokens,
                                                               .max_history_tokens = config_.history_tokens,
                                                               .temperature = config_.temperature,
                                                               .max_tokens = config_.max_tokens,
                                                               .merge_neighbours = config_.merge_neighbours});
  flows->keeper = std::make_unique<answer::AnswerKeeper>(context_.get_executor(), *store_, keeping_);
  flows->answers = std::make_unique<answer::RunningAnswers>(
      context_.get_executor(), *flows->answerer, flows->keeper.get(),
      answer::RunningAnswersOptions{.max_running = config_.max_running_answers,
                                    .max_queued = config_.max_queued_answers,
                                    .max_log_bytes = config_.max_event_log_bytes,
                                    .max_unread_bytes = config_.max_unread_bytes,
                                    .abandoned_after = config_.abandoned_after,
                                    .max_duration = config_.answer_timeout,
                                    .store = config_.answer_retention_days > 0});
  return flows;
}

void Assembly::refuse() const {
  if (failure_.empty()) {
    throw Error(ErrorCode::kStarting,
                "The server is starting: models and index are being loaded. Try again in a moment.")
        .with_retry_after(std::chrono::seconds(1));
  }
  throw Error(ErrorCode::kUnavailable, failure_);
}

Flows& Assembly::flows() {
  if (!flows_) refuse();
  return *flows_;
}

DocumentStore& Assembly::store() {
  if (!store_) refuse();
  return *store_;
}

store::SqliteStore& Assembly::collection() {
  if (!store_) refuse();
  return *store_;
}

AnswerStore& Assembly::answer_store() {
  if (!store_) refuse();
  return *store_;
}

ConversationStore& Assembly::conversations() {
  if (!store_) refuse();
  return *store_;
}

std::shared_ptr<const IndexSnapshot> Assembly::snapshot() {
  if (!flows_) refuse();
  return space_->get().index->snapshot();
}

boost::asio::awaitable<bool> Assembly::sleep(std::chrono::seconds time) {
  const auto timer = std::make_shared<boost::asio::steady_timer>(context_);
  const auto stop =
      stopping_.on_cancel([&context = context_, timer] { boost::asio::post(context, [timer] { timer->cancel(); }); });
  if (stopping_.requested()) co_return false;
  timer->expires_after(time);
  boost::system::error_code ignored;
  co_await timer->async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
  co_return !stopping_.requested();
}

// Now and every hour; with a retention of nothing also what an earlier setting left.
boost::asio::awaitable<void> Assembly::forget_old_answers() {
  const auto keep_for = std::chrono::days(config_.answer_retention_days);
  bool goes_on = true;
  while (goes_on) {
    try {
      const WallTime before = std::chrono::system_clock::now() - keep_for;
      const auto forget = [&] { return store_->forget_answers_before(before, kForgottenAtOnce); };
      std::size_t count = 0;
      for (std::size_t some = kForgottenAtOnce; some == kForgottenAtOnce; count += some) {
        some = co_await keeping_.run(Lane::kBackground, stopping_, forget);
      }
      if (count > 0)
        log::info(std::to_string(count) + " answers are forgotten: they ended before " + to_rfc3339(before));
    } catch (const std::exception& failure) {
      if (!stopping_.requested()) log::warning(std::string("Old answers were not forgotten: ") + failure.what());
    }
    goes_on = co_await sleep(std::chrono::hours(1));
  }
}

// A start after a crash then builds little. Nothing is written where nothing changed.
boost::asio::awaitable<void> Assembly::save_index_now_and_then() {
  bool goes_on = true;
  while (goes_on) {
    co_await save_index(stopping_);
    goes_on = co_await sleep(kIndexSavedEvery);
  }
}

// The next start only takes longer without the file.
boost::asio::awaitable<void> Assembly::save_index(Cancellation cancellation) {
  try {
    co_await flows_->ingestor->save_index(cancellation);
  } catch (const std::exception& failure) {
    if (!cancellation.requested()) log::warning(std::string("The index was not saved: ") + failure.what());
  }
}

boost::asio::awaitable<void> Assembly::shut_down(std::chrono::milliseconds grace) {
  stopping_.cancel(CancelReason::kShutdown);
  if (!flows_) co_return;
  using namespace boost::asio::experimental::awaitable_operators;
  flows_->ingestor->stop();
  co_await (flows_->queue->shut_down() && flows_->answers->shut_down(grace));
  co_await save_index(Cancellation());
}

}  // namespace jackdaw::server
