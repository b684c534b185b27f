#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/json.hpp>

#include <csignal>
#include <fstream>
#include <optional>
#include <span>
#include <vector>

#include "core/clock.h"
#include "core/error.h"
#include "server/answer_json.h"
#include "server/answer_request.h"
#include "server/assembly.h"
#include "server/documents_api.h"
#include "server/door.h"
#include "server/json.h"
#include "store/spool.h"

namespace jackdaw::server {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;

std::string progress_text(const ingest::IngestProgress& progress) {
  using Stage = ingest::IngestProgress::Stage;
  switch (progress.stage) {
    case Stage::kWaiting: return "waiting";
    case Stage::kExtracting: return "reading page " + std::to_string(progress.page);
    case Stage::kEmbedding:
      return "embedding passage " + std::to_string(progress.chunk) + " of " + std::to_string(progress.chunks);
    case Stage::kStoring: return "storing";
  }
  return "";
}

json::object token_to_json(const AnswerToken& token) {
  return {{"token", token.text}};
}

// The program in this process: the same flows as behind the server, without a socket.
class LocalDoor : public Door {
 public:
  LocalDoor(const Config& config, DoorNeeds needs)
      : signals_(context_, SIGINT, SIGTERM),
        assembly_(context_, config,
                  needs == DoorNeeds::kAnswers ? Assembly::Needs::kEverything : Assembly::Needs::kStore) {
    signals_.async_wait([this](const boost::system::error_code& failure, int) {
      if (!failure) interrupted_.cancel(CancelReason::kClient);
    });
    run(assembly_.start());
  }

  json::object ingest(const std::filesystem::path& path, const OnProgress& on_progress) override {
    FileOutcome outcome{.filename = path.filename().string(), .document = {}, .error = {}};
    try {
      store::Spool spool(assembly_.config().data_dir);
      const IncomingFile file = copy(path, spool);
      outcome.filename = file.filename;
      const auto progress = [&](const ingest::IngestProgress& p) { on_progress(progress_text(p)); };
      run([&]() -> asio::awaitable<void> {
        auto result = co_await assembly_.flows().ingestor->ingest(file, progress, interrupted_);
        outcome.document = std::move(result.document);
      }());
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kCancelled) throw;
      outcome.error = error;
    }
    return to_json(outcome);
  }

  void ask(const AskOptions& options, const OnEvent& on_event) override {
    answer::AnswerRequest request;
    request.retrieval = retrieval(options, assembly_.config().top_k);
    run(ask(std::move(request), on_event));
  }

  json::object search(const AskOptions& options) override {
    constexpr int kSearchTopK = 10;
    const answer::RetrievalRequest request = retrieval(options, kSearchTopK);
    answer::check_request(request);
    assembly_.flows().retriever->require_documents();
    const Stopwatch since_start;
    std::optional<answer::Retrieved> found;
    run([&]() -> asio::awaitable<void> {
      found = co_await assembly_.flows().retriever->retrieve(request, interrupted_);
    }());
    found->timings.total_ms = since_start.elapsed_ms();
    return to_json(*found);
  }

  json::object documents() override {
    DocumentPage all;
    DocumentQuery query{.limit = 200, .after = {}, .text = {}, .status = {}};
    do {
      DocumentPage page = assembly_.store().list(query);
      std::move(page.documents.begin(), page.documents.end(), std::back_inserter(all.documents));
      query.after = page.next;
    } while (!query.after.empty());
    return to_json(all);
  }

  bool remove(const std::string& document_id) override { return assembly_.store().remove({document_id}); }

 private:
  answer::RetrievalRequest retrieval(const AskOptions& options, int default_top_k) const {
    answer::RetrievalRequest request;
    request.question = options.question;
    request.top_k = static_cast<std::size_t>(options.top_k.value_or(default_top_k));
    request.rerank = options.rerank.value_or(assembly_.config().rerank);
    return request;
  }

  // Reads the file into the spool, so that what is indexed is what is kept, whatever happens to the file meanwhile.
  IncomingFile copy(const std::filesystem::path& path, store::Spool& spool) const {
    std::ifstream file(path, std::ios::binary);
    std::error_code failure;
    if (std::filesystem::is_directory(path, failure) || !file) {
      throw Error(ErrorCode::kNotFound, path.string() + " cannot be read. Check the name and the permissions.");
    }
    const std::uint64_t limit = assembly_.config().max_upload_bytes;
    std::vector<char> buffer(1 << 17);
    while (file) {
      file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
      spool.append(std::as_bytes(std::span(buffer).first(static_cast<std::size_t>(file.gcount()))));
      if (spool.bytes() > limit) {
        throw Error(ErrorCode::kTooLarge, path.string() + " is larger than " + std::to_string(limit) +
                                              " bytes. Raise JACKDAW_MAX_UPLOAD_BYTES to take it.");
      }
    }
    return spool.finish(path.filename().string());
  }

  asio::awaitable<void> ask(answer::AnswerRequest request, const OnEvent& on_event) {
    auto subscription = assembly_.flows().answers->start(std::move(request));
    const auto stop = interrupted_.on_cancel([&] { subscription.close(); });
    while (auto event = co_await subscription.next()) {
      if (const auto* token = std::get_if<AnswerToken>(&event->event)) on_event(token_to_json(*token));
      if (const auto* final = std::get_if<AnswerFinal>(&event->event)) on_event(simple_end_to_json(*final));
      if (const auto* error = std::get_if<AnswerError>(&event->event)) throw to_error(*error);
      if (const auto* cancelled = std::get_if<AnswerCancelled>(&event->event)) throw to_error(*cancelled);
    }
    interrupted_.throw_if_requested();
  }

  // Runs one coroutine to its end on this thread.
  void run(asio::awaitable<void> coroutine) {
    std::exception_ptr failure;
    bool done = false;
    asio::co_spawn(context_, std::move(coroutine), [&](std::exception_ptr e) {
      failure = std::move(e);
      done = true;
    });
    context_.restart();
    while (!done && context_.run_one() > 0) {
    }
    if (failure) std::rethrow_exception(failure);
  }

  asio::io_context context_{1};
  asio::signal_set signals_;
  const Cancellation interrupted_;
  Assembly assembly_;
};

}  // namespace

std::unique_ptr<Door> make_local_door(const Config& config, DoorNeeds needs) {
  return std::make_unique<LocalDoor>(config, needs);
}

}  // namespace jackdaw::server
