#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/json.hpp>

#include <chrono>
#include <fstream>
#include <memory>
#include <optional>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "core/error.h"
#include "core/log.h"
#include "server/answer_json.h"
#include "server/answer_request.h"
#include "server/assembly.h"
#include "server/document_json.h"
#include "server/door.h"
#include "server/json.h"
#include "store/spool.h"

namespace jackdaw::server {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;

constexpr std::chrono::seconds kPatience{10};

json::object token_to_json(const AnswerToken& token) {
  return {{"token", token.text}};
}

// Reads the file into the spool, so that what is indexed is what is kept, whatever happens to the file meanwhile.
IncomingFile copy(const std::filesystem::path& path, store::Spool& spool, std::uint64_t limit) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(ErrorCode::kNotFound, path.string() + " cannot be read. Check the name and the permissions.");
  std::vector<char> buffer(1 << 17);
  while (file) {
    file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    spool.append(std::as_bytes(std::span(buffer).first(static_cast<std::size_t>(file.gcount()))));
    if (spool.bytes() > limit) {
      throw Error(ErrorCode::kTooLarge, path.string() + " is larger than " + std::to_string(limit) +
                                            " bytes. Raise JACKDAW_MAX_UPLOAD_BYTES to take it.");
    }
  }
  if (file.bad()) {
    throw Error(ErrorCode::kUnavailable, path.string() + " cannot be read to its end. Check the disk it is on.");
  }
  return spool.finish(path.filename().string());
}

// The program in this process: the same flows as behind the server, without a socket. A thread of its own runs them;
// who calls waits for what he asked for.
class LocalDoor : public Door {
 public:
  LocalDoor(const Config& config, DoorNeeds needs, Cancellation cancellation)
      : cancellation_(std::move(cancellation)),
        work_(asio::make_work_guard(context_)),
        assembly_(context_, config,
                  needs == DoorNeeds::kAnswers ? Assembly::Needs::kEverything : Assembly::Needs::kStore),
        thread_([this] { context_.run(); }) {
    try {
      run(assembly_.start());
    } catch (...) {
      end_thread();
      throw;
    }
  }

  // What runs goes back into the queue.
  ~LocalDoor() override {
    try {
      run(assembly_.shut_down(std::chrono::milliseconds(0)));
    } catch (const std::exception& error) {
      log::warning(std::string("Closing the collection: ") + error.what());
    }
    end_thread();
  }

  std::optional<Document> find_by_source(const std::string& source) override {
    DocumentQuery query{.limit = 1};
    query.source = source;
    DocumentPage page = assembly_.store().list(query);
    if (page.documents.empty()) return std::nullopt;
    return std::move(page.documents.front());
  }

  Accepted submit(const FileToSubmit& file) override {
    if (!assembly_.degraded().empty()) throw Error(ErrorCode::kUnavailable, assembly_.degraded());
    store::Spool spool(assembly_.config().data_dir);
    NewUpload upload;
    upload.file = copy(file.path, spool, assembly_.config().max_upload_bytes);
    upload.tags = file.tags;
    upload.source = file.source;
    upload.keep_partial = file.keep_partial;
    upload.replaces = file.replaces;
    return run(assembly_.flows().queue->submit(std::move(upload), file.password));
  }

  Document follow(const DocumentId& id, const OnProgress& on_progress) override {
    return run(follow(assembly_, id, on_progress, cancellation_));
  }

  Document retry(const DocumentId& id, const std::string& password) override {
    return run(assembly_.flows().queue->retry(id, password));
  }

  Document cancel(const DocumentId& id) override { return run(assembly_.flows().queue->cancel(id)); }

  bool remove(const DocumentId& id) override {
    if (!assembly_.ready()) {
      ingest::forget_index_file(index_file(assembly_.config()));
      return assembly_.store().remove(id);
    }
    return run(assembly_.flows().queue->remove(id));
  }

  void ask(const AskOptions& options, const OnEvent& on_event) override {
    const JsonFields fields(dump(to_body(options)));
    run(ask(assembly_, parse_answer_request(fields, assembly_.config()).answer, on_event, cancellation_));
  }

  json::object search(const AskOptions& options) override {
    const JsonFields fields(dump(to_body(options)));
    answer::RetrievalRequest request = parse_search_request(fields, assembly_.config());
    answer::check_request(request);
    assembly_.flows().retriever->require_documents();
    const Stopwatch since_start;
    answer::Retrieved found = run(assembly_.flows().retriever->retrieve(std::move(request), cancellation_));
    found.timings.total_ms = since_start.elapsed_ms();
    return to_json(found);
  }

  json::object documents(const DocumentQuery& asked) override {
    DocumentQuery query = asked;
    query.limit = 200;
    DocumentPage all;
    do {
      DocumentPage page = assembly_.store().list(query);
      std::move(page.documents.begin(), page.documents.end(), std::back_inserter(all.documents));
      query.after = page.next;
    } while (!query.after.empty());
    return to_json(all);
  }

  MadeBackup make_backup() override {
    return server::make_backup(assembly_.collection(), assembly_.config().data_dir, cancellation_);
  }

  ReindexStatus reindex(const std::string& embedder, const OnReindexProgress& on_progress) override {
    Reindexing reindexing(assembly_);
    run(reindexing.run(embedder, on_progress, cancellation_));
    ReindexStatus status = run(reindexing.status());
    status.state = ReindexStatus::State::kDone;
    return status;
  }

  void drop_backup(const std::string& id) override { server::drop_backup(assembly_.config().data_dir, id); }

 private:
  static asio::awaitable<Document> follow(Assembly& assembly, DocumentId id, const OnProgress& on_progress,
                                          Cancellation cancellation) {
    ingest::IngestQueue::Follower follower = co_await assembly.flows().queue->follow(id);
    bool ended = false;
    while (!ended) {
      const std::optional<ingest::JobProgress> news = co_await follower.next(kPatience, cancellation);
      if (news) on_progress(*news);
      ended = news && news->is_last();
    }
    std::optional<Document> document =
        co_await assembly.storage().run(Lane::kInteractive, cancellation, [&] { return assembly.store().find(id); });
    if (!document) throw Error(ErrorCode::kNotFound, "The document was deleted while it was being read.");
    co_return std::move(*document);
  }

  static asio::awaitable<void> ask(Assembly& assembly, answer::AnswerRequest request, const OnEvent& on_event,
                                   Cancellation cancellation) {
    auto started = assembly.flows().answers->start(std::move(request));
    const auto subscription = std::make_shared<answer::RunningAnswers::Subscription>(std::move(started));
    // The signal comes on a thread of its own.
    const auto executor = co_await asio::this_coro::executor;
    const auto stop = cancellation.on_cancel(
        [executor, subscription] { asio::post(executor, [subscription] { subscription->close(); }); });
    while (auto event = co_await subscription->next()) {
      if (const auto* token = std::get_if<AnswerToken>(&event->event)) on_event(token_to_json(*token));
      if (const auto* final = std::get_if<AnswerFinal>(&event->event)) on_event(simple_end_to_json(*final));
      if (const auto* error = std::get_if<AnswerError>(&event->event)) throw to_error(*error);
      if (const auto* cancelled = std::get_if<AnswerCancelled>(&event->event)) throw to_error(*cancelled);
    }
    cancellation.throw_if_requested();
  }

  // Runs one coroutine to its end on the other thread.
  template <class Result>
  Result run(asio::awaitable<Result> coroutine) {
    return asio::co_spawn(context_, std::move(coroutine), asio::use_future).get();
  }

  void end_thread() {
    context_.stop();
    thread_.join();
  }

  asio::io_context context_{1};
  const Cancellation cancellation_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  Assembly assembly_;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Door> make_local_door(const Config& config, DoorNeeds needs, const Cancellation& cancellation) {
  return std::make_unique<LocalDoor>(config, needs, cancellation);
}

}  // namespace jackdaw::server
