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
  std::string standalone_question;
  Retrieved retrieved;
  AnswerTimings timings;
  std::string answer;
  WriterEnd end;
  std::optional<CitationReader> marks;
  std::vector<Citation> citations;

  double elapsed_ms() const { return queued_ms + watch.elapsed_ms(); }

  AnswerFinal final() {
    AnswerFinal out;
    out.answer = std::move(answer);
    out.passages = std::move(retrieved.passages);
    out.rerank_skipped = retrieved.rerank_skipped;
    out.usage = end.usage;
    out.finish_reason = end.reason;
    out.index_version = retrieved.index_version;
    out.citations = std::move(citations);
    out.dropped_marks = marks ? marks->dropped_marks() : 0;
    return out;
  }

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

Answerer::Answerer(QuestionResolver& resolver, Retriever& retriever, LanguageModels& writers, QuotePlaces& places,
                   PromptOptions options)
    : resolver_(resolver), retriever_(retriever), writers_(writers), places_(places), options_(options) {}

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
    ending = run.final();
  } catch (const Error& error) {
    ending = describe(error);
  } catch (const std::exception& failure) {
    log::error("Answer " + run.id.value + " failed: " + failure.what());
    ending = AnswerError{
        ErrorCode::kInternal, "Something went wrong inside Jackdaw. Ask again; its log says more.", {}, false};
  }
  const bool completed = std::holds_alternative<AnswerFinal>(ending);
  if (!completed) co_await show_rest(run);
  if (!completed && cancellation.requested()) {
    ending = AnswerCancelled{cancellation.reason(), std::move(run.answer)};
  }
  co_await run.sink(std::move(ending));
}

asio::awaitable<void> Answerer::tell(Run& run) {
  run.writer = &writers_.find(run.request.writer);
  AnswerMeta meta{run.id, run.writer->provider(), run.writer->model()};
  if (run.request.turn) meta.place = run.request.turn->place;
  AnswerEvent beginning = std::move(meta);
  co_await run.emit(std::move(beginning));
  if (run.request.turn) co_await resolve(run);
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

// In a conversation: what is searched for is a question that can be understood by itself.
asio::awaitable<void> Answerer::resolve(Run& run) {
  co_await run.emit_stage(AnswerStage::kResolving);
  const Stopwatch watch;
  const std::string& asked = run.request.retrieval.question;
  ResolvedQuestion resolved =
      co_await resolver_.resolve(asked, run.request.turn->history, run.request.writer, run.cancellation);
  run.timings.resolve_ms = watch.elapsed_ms();
  run.standalone_question = resolved.question.text;
  AnswerEvent query =
      AnswerQuery{std::move(resolved.question.text), std::move(resolved.question.used_turns), resolved.origin};
  co_await run.emit(std::move(query));
}

asio::awaitable<void> Answerer::retrieve(Run& run) {
  const auto on_stage = [&run](AnswerStage stage) { return run.emit_stage(stage); };
  RetrievalRequest wanted = run.request.retrieval;
  if (!run.standalone_question.empty()) wanted.question = run.standalone_question;
  const std::optional<double> resolve_ms = run.timings.resolve_ms;
  run.retrieved = co_await retriever_.retrieve(std::move(wanted), run.cancellation, on_stage);
  run.timings = run.retrieved.timings;
  run.timings.resolve_ms = resolve_ms;
  if (run.queued_ms > 0) run.timings.queue_ms = run.queued_ms;
}

asio::awaitable<void> Answerer::write(Run& run) {
  co_await run.emit_stage(AnswerStage::kPrompting);
  const Stopwatch watch;
  PromptOptions options = options_;
  options.temperature = run.request.temperature.value_or(options.temperature);
  options.max_tokens = run.request.max_tokens.value_or(options.max_tokens);
  SaidBefore said{.history = {}, .standalone_question = run.standalone_question};
  if (run.request.turn) said.history = run.request.turn->history;
  BuiltPrompt built = build_prompt(run.request.retrieval.question, run.retrieved.passages, options, random_id(), said);
  run.marks.emplace(run.retrieved.passages, std::move(built.shown));
  run.timings.prompt_ms = watch.elapsed_ms();

  co_await run.emit_stage(AnswerStage::kWaiting);
  const auto stream = run.writer->write(std::move(built.prompt), run.cancellation);
  while (true) {
    auto event = co_await stream->next();
    if (!event) throw Error(ErrorCode::kProviderBadStream, "The writer stopped without ending its answer. Ask again.");
    if (const auto* end = std::get_if<WriterEnd>(&*event)) {
      run.end = *end;
      CitationReader::Step rest = run.marks->finish();
      co_await show(run, std::move(rest));
      co_return;
    }
    if (auto* switched = std::get_if<WriterSwitched>(&*event)) {
      AnswerEvent provider = AnswerProvider{std::move(switched->from), std::move(switched->to),
                                            std::move(switched->model), std::move(switched->reason)};
      co_await run.emit(std::move(provider));
      continue;
    }
    CitationReader::Step step = run.marks->read(std::get<TextDelta>(*event).text);
    co_await show(run, std::move(step));
  }
}

asio::awaitable<void> Answerer::show(Run& run, CitationReader::Step step) {
  if (!step.text.empty()) co_await write_token(run, std::move(step.text));
  for (Citation& citation : step.citations) co_await cite(run, std::move(citation));
}

// Of an answer that breaks off: what was held back because it might have become a mark is the writer's word, too.
asio::awaitable<void> Answerer::show_rest(Run& run) {
  if (!run.marks) co_return;
  CitationReader::Step rest = run.marks->finish();
  try {
    if (!rest.text.empty()) {
      run.answer += rest.text;
      AnswerEvent token = AnswerToken{std::move(rest.text)};
      co_await run.sink(std::move(token));
    }
    for (Citation& citation : rest.citations) {
      AnswerEvent event = AnswerCitation{std::move(citation)};
      co_await run.sink(std::move(event));
    }
  } catch (const std::exception& full) {
    log::info("Answer " + run.id.value + " has no room for its last characters: " + full.what());
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

asio::awaitable<void> Answerer::cite(Run& run, Citation citation) {
  const Passage& source = run.retrieved.passages.at(static_cast<std::size_t>(citation.source) - 1).passage;
  citation.boxes = co_await places_.find(source, citation.quote_begin, citation.quote_end, run.cancellation);
  run.citations.push_back(citation);
  AnswerEvent event = AnswerCitation{std::move(citation)};
  co_await run.emit(std::move(event));
}

}  // namespace jackdaw::answer
