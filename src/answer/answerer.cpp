#include "answer/answerer.h"

#include <utility>
#include <variant>

#include "core/error.h"
#include "core/log.h"

namespace jackdaw::answer {

namespace asio = boost::asio;

namespace {

constexpr std::string_view kNoEvidence = "Nothing in the documents answers this.";
constexpr int kMaxTokens = 8192;

AnswerError describe(const Error& error) {
  AnswerError out{error.code(), error.what(), std::nullopt, error.retryable()};
  if (error.retry_after()) out.retry_after_s = error.retry_after()->count();
  return out;
}

}  // namespace

// One answer on its way.
struct Answerer::Run {
  AnswerId id;
  AnswerRequest request;
  double queued_ms = 0;
  Cancellation cancellation;
  AnswerSink sink;
  Stopwatch watch;
  LanguageModel* writer = nullptr;
  Retrieved retrieved;
  AnswerTimings timings;
  std::string answer;
  WriterEnd end;

  double elapsed_ms() const { return queued_ms + watch.elapsed_ms(); }

  // Events are named before they are awaited: g++ 12 copies a temporary aggregate of an awaited expression bit by bit.
  asio::awaitable<void> emit(AnswerEvent event) const {
    co_await sink(std::move(event));
    cancellation.throw_if_requested();
  }
  asio::awaitable<void> emit_stage(AnswerStage stage) const {
    AnswerEvent status = AnswerStatus{stage};
    co_await emit(std::move(status));
  }
};

Answerer::Answerer(Retriever& retriever, LanguageModels& writers, PromptOptions options)
    : retriever_(retriever), writers_(writers), options_(options) {}

void Answerer::check(const AnswerRequest& request) const {
  check_request(request.retrieval);
  if (request.temperature && !(*request.temperature >= 0 && *request.temperature <= 2)) {
    throw Error(ErrorCode::kInvalidArgument, "temperature is " + std::to_string(*request.temperature) + ". Use 0 to 2.")
        .with_field("temperature");
  }
  if (request.max_tokens && (*request.max_tokens < 1 || *request.max_tokens > kMaxTokens)) {
    throw Error(ErrorCode::kInvalidArgument, "max_tokens is " + std::to_string(*request.max_tokens) + ". Use 1 to " +
                                                 std::to_string(kMaxTokens) + ".")
        .with_field("max_tokens");
  }
  writers_.find(request.writer);
  retriever_.require_documents();
}

asio::awaitable<void> Answerer::answer(AnswerId id, AnswerRequest request, double queued_ms, Cancellation cancellation,
                                       AnswerSink sink) {
  Run run{.id = std::move(id),
          .request = std::move(request),
          .queued_ms = queued_ms,
          .cancellation = cancellation,
          .sink = std::move(sink)};
  AnswerEvent ending;
  try {
    co_await tell(run);
    ending = AnswerFinal{
        std::move(run.answer), std::move(run.retrieved.passages), run.retrieved.rerank_skipped, run.end.usage,
        run.end.reason,        run.retrieved.index_version};
  } catch (const Error& error) {
    ending = describe(error);
  } catch (const std::exception& failure) {
    log::error("Answer " + run.id.value + " failed: " + failure.what());
    ending = AnswerError{
        ErrorCode::kInternal, "Something went wrong inside Jackdaw. Ask again; its log says more.", {}, false};
  }
  const bool completed = std::holds_alternative<AnswerFinal>(ending);
  if (!completed && cancellation.requested()) {
    ending = AnswerCancelled{cancellation.reason(), std::move(run.answer)};
  }
  co_await run.sink(std::move(ending));
}

asio::awaitable<void> Answerer::tell(Run& run) {
  run.writer = &writers_.find(run.request.writer);
  AnswerEvent meta = AnswerMeta{run.id, run.writer->provider(), run.writer->model()};
  co_await run.emit(std::move(meta));
  co_await retrieve(run);
  AnswerEvent sources = AnswerSources{run.retrieved.passages, run.retrieved.rerank_skipped};
  co_await run.emit(std::move(sources));
  if (run.retrieved.passages.empty()) {
    run.answer = kNoEvidence;
    run.end.reason = FinishReason::kNoEvidence;
    AnswerEvent token = AnswerToken{run.answer};
    co_await run.emit(std::move(token));
  } else {
    co_await write(run);
  }
  run.timings.total_ms = run.elapsed_ms();
  AnswerEvent timing = AnswerTiming{run.timings};
  co_await run.emit(std::move(timing));
}

asio::awaitable<void> Answerer::retrieve(Run& run) {
  const auto on_stage = [&run](AnswerStage stage) { return run.emit_stage(stage); };
  run.retrieved = co_await retriever_.retrieve(run.request.retrieval, run.cancellation, on_stage);
  run.timings = run.retrieved.timings;
  if (run.queued_ms > 0) run.timings.queue_ms = run.queued_ms;
}

asio::awaitable<void> Answerer::write(Run& run) {
  co_await run.emit_stage(AnswerStage::kPrompting);
  const Stopwatch watch;
  PromptOptions options = options_;
  options.temperature = run.request.temperature.value_or(options.temperature);
  options.max_tokens = run.request.max_tokens.value_or(options.max_tokens);
  Prompt prompt = build_prompt(run.request.retrieval.question, run.retrieved.passages, options, random_id());
  run.timings.prompt_ms = watch.elapsed_ms();

  co_await run.emit_stage(AnswerStage::kWaiting);
  const auto stream = run.writer->write(std::move(prompt), run.cancellation);
  while (true) {
    auto event = co_await stream->next();
    if (!event) throw Error(ErrorCode::kProviderBadStream, "The writer stopped without ending its answer. Ask again.");
    if (const auto* end = std::get_if<WriterEnd>(&*event)) {
      run.end = *end;
      co_return;
    }
    if (auto* switched = std::get_if<WriterSwitched>(&*event)) {
      AnswerEvent provider = AnswerProvider{std::move(switched->from), std::move(switched->to),
                                            std::move(switched->model), std::move(switched->reason)};
      co_await run.emit(std::move(provider));
      continue;
    }
    co_await write_token(run, std::move(std::get<TextDelta>(*event).text));
  }
}

asio::awaitable<void> Answerer::write_token(Run& run, std::string text) {
  if (!run.timings.first_token_ms) {
    run.timings.first_token_ms = run.elapsed_ms();
    co_await run.emit_stage(AnswerStage::kAnswering);
  }
  run.answer += text;
  AnswerEvent token = AnswerToken{std::move(text)};
  co_await run.emit(std::move(token));
}

}  // namespace jackdaw::answer
