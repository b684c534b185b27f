#include "providers/remote_model.h"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <random>
#include <utility>
#include <variant>

#include "core/log.h"
#include "core/text.h"
#include "http/retry.h"
#include "providers/sleep.h"

namespace jackdaw::providers {

namespace asio = boost::asio;

namespace {

using Milliseconds = std::chrono::milliseconds;
using FailureKind = http::ExchangeFailure::Kind;

constexpr std::size_t kMaxErrorBodyBytes = 64 * 1024;
// After so many bytes of a body others get their turn: a compressed one may unfold to any length without a wait.
constexpr std::size_t kBytesPerTurn = 256 * 1024;
// Fewer prompt tokens than this part of our estimate: the provider has cut the prompt.
constexpr double kSuspiciousShare = 0.7;

double random_unit() {
  thread_local std::minstd_rand engine{std::random_device()()};
  return std::uniform_real_distribution<double>(0, 1)(engine);
}

enum class BodyType { kEvents, kMaybeEvents, kOther };

// Servers send events under other names too, and JSON under nearly every one: the body's first characters decide.
BodyType body_type(const http::Headers& headers) {
  std::string_view type = headers.get("Content-Type");
  type = text::trim(type.substr(0, type.find(';')));
  if (http::equals_ignoring_case(type, "text/event-stream")) return BodyType::kEvents;
  constexpr std::array<std::string_view, 5> kMaybe = {"", "application/json", "text/plain", "application/octet-stream",
                                                      "text/json"};
  const bool maybe = std::any_of(kMaybe.begin(), kMaybe.end(),
                                 [type](std::string_view other) { return http::equals_ignoring_case(type, other); });
  return maybe || type.ends_with("+json") ? BodyType::kMaybeEvents : BodyType::kOther;
}

}  // namespace

class RemoteModel::Stream : public WriterStream {
 public:
  Stream(RemoteModel& model, Prompt prompt, Cancellation cancellation)
      : model_(model),
        estimated_tokens_(prompt.estimated_tokens),
        prompt_(std::move(prompt)),
        cancellation_(std::move(cancellation)) {}

  asio::awaitable<std::optional<WriterEvent>> next() override {
    if (has_ended_) co_return std::nullopt;
    if (!deadline_) deadline_ = SteadyClock::now() + options().total_timeout;
    while (true) {
      cancellation_.throw_if_requested();
      if (!decoder_) {
        co_await open();
        continue;
      }
      if (auto text = decoder_->take_text()) {
        begin_giving_out();
        grace_until_.reset();
        co_return WriterEvent(TextDelta{std::move(*text)});
      }
      if (decoder_->has_ended()) {
        co_await let_body_end();
        co_return end();
      }
      if (decoder_->has_failed()) {
        ProviderFailure failure = cut_by_ ? *cut_by_ : failure_of_decoding(model_.who_, decoder_->failure());
        co_await retry_or_throw(std::move(failure));
      } else {
        co_await read_more();
      }
    }
  }

 private:
  const RemoteModelOptions& options() const { return model_.options_; }

  Milliseconds time_left() const {
    return std::max(Milliseconds(1), std::chrono::ceil<Milliseconds>(*deadline_ - SteadyClock::now()));
  }

  http::ExchangeRequest make_request() {
    sent_shape_ = model_.shape_.shape();
    WireRequest wire = model_.dialect_->request(prompt_, sent_shape_, options().stream);
    http::ExchangeRequest request;
    request.url = std::move(wire.url);
    request.headers = std::move(wire.headers);
    request.headers.set("Content-Type", "application/json");
    request.headers.set("Accept", options().stream ? "text/event-stream" : "application/json");
    request.body = std::move(wire.body);
    request.connect_timeout = options().connect_timeout;
    request.first_byte_timeout = options().first_byte_timeout;
    request.idle_timeout = options().idle_timeout;
    request.total_timeout = time_left();
    return request;
  }

  // One attempt, up to the response's head.
  asio::awaitable<void> open() {
    attempt_ = cancellation_.child();
    exchange_ = model_.client_.start(make_request(), attempt_);
    const http::ExchangeEvent event = co_await exchange_->next();
    if (const auto* failure = std::get_if<http::ExchangeFailure>(&event)) {
      co_await retry_or_throw(failure_of_exchange(model_.who_, *failure, limit_of(failure->kind)));
      co_return;
    }
    const auto* head = std::get_if<http::ExchangeHead>(&event);
    if (!head) throw Error(ErrorCode::kInternal, "A response began without its head.");
    if (head->status < 200 || head->status > 299) {
      co_await read_refusal(*head);
      co_return;
    }
    const BodyType type = body_type(head->headers);
    if (type == BodyType::kOther) {
      const std::string name = quotable(head->headers.get("Content-Type"), model_.who_.secrets);
      throw Error(ErrorCode::kProviderBadStream, model_.who_.title + " answered with " + name +
                                                     ", which is no stream of events. Check " +
                                                     model_.who_.url_variable + ".");
    }
    decoder_ = std::make_unique<AnswerDecoder>(model_.dialect_->frames(), type == BodyType::kEvents);
  }

  asio::awaitable<void> read_refusal(http::ExchangeHead head) {
    std::string body;
    const TimePoint until = SteadyClock::now() + options().wait_for_refusal;
    while (body.size() < kMaxErrorBodyBytes) {
      const auto event = co_await next_until(until);
      const auto* bytes = event ? std::get_if<http::ExchangeBytes>(&*event) : nullptr;
      if (!bytes) break;
      body += bytes->bytes;
    }
    const WireError error = read_error_body(std::string_view(body).substr(0, kMaxErrorBodyBytes));
    const bool is_about_request = head.status == 400 || head.status == 422;
    if (is_about_request && model_.shape_.learn(sent_shape_, error)) {
      exchange_.reset();
      co_return;
    }
    co_await retry_or_throw(failure_of_response(model_.who_, head.status, head.headers, error));
  }

  asio::awaitable<void> read_more() {
    std::optional<http::ExchangeEvent> event;
    if (decoder_->is_proven()) {
      if (!grace_until_) grace_until_ = SteadyClock::now() + options().wait_for_usage;
      event = co_await next_until(*grace_until_);
    } else {
      grace_until_.reset();
      event = co_await exchange_->next();
    }
    if (!event) {
      exchange_.reset();
      decoder_->break_off();
    } else if (const auto* bytes = std::get_if<http::ExchangeBytes>(&*event)) {
      decoder_->feed(bytes->bytes);
      co_await take_turns(bytes->bytes.size());
    } else if (std::holds_alternative<http::ExchangeEnd>(*event)) {
      exchange_.reset();
      decoder_->end();
    } else if (const auto* failure = std::get_if<http::ExchangeFailure>(&*event)) {
      exchange_.reset();
      decoder_->break_off();
      const bool is_cut = decoder_->has_failed() && decoder_->failure().kind == DecodingFailure::Kind::kTruncated;
      if (is_cut) cut_by_ = failure_of_exchange(model_.who_, *failure, limit_of(failure->kind));
    }
  }

  asio::awaitable<void> take_turns(std::size_t bytes) {
    turn_bytes_ += bytes;
    if (turn_bytes_ < kBytesPerTurn) co_return;
    turn_bytes_ = 0;
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    co_await asio::post(executor, asio::use_awaitable);
    cancellation_.throw_if_requested();
  }

  // Nothing when the time passes first; the exchange has ended then.
  asio::awaitable<std::optional<http::ExchangeEvent>> next_until(TimePoint until) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor, until);
    timer.async_wait([attempt = attempt_](const boost::system::error_code& error) {
      if (!error) attempt.cancel(CancelReason::kClient);
    });
    std::optional<http::ExchangeEvent> event;
    try {
      event = co_await exchange_->next();
    } catch (const Error&) {
      cancellation_.throw_if_requested();
    }
    co_return event;
  }

  asio::awaitable<void> let_body_end() {
    const TimePoint until = SteadyClock::now() + options().wait_for_body_end;
    while (exchange_) {
      const auto event = co_await next_until(until);
      const auto* bytes = event ? std::get_if<http::ExchangeBytes>(&*event) : nullptr;
      if (!bytes) {
        exchange_.reset();
      } else {
        co_await take_turns(bytes->bytes.size());
      }
    }
  }

  // Returns where another attempt may begin.
  asio::awaitable<void> retry_or_throw(ProviderFailure failure) {
    exchange_.reset();
    decoder_.reset();
    grace_until_.reset();
    cut_by_.reset();
    if (gives_out_ || !failure.may_retry || retries_ >= options().max_retries) throw failure.error();
    Milliseconds wait = failure.retry_after.value_or(Milliseconds(0));
    if (wait > options().longest_retry_wait) throw failure.error();
    if (wait <= Milliseconds(0)) wait = http::backoff(retries_, random_unit());
    const TimePoint at = SteadyClock::now() + wait;
    if (at >= *deadline_) throw failure.error();
    ++retries_;
    co_await sleep_until(at, cancellation_);
  }

  // From here on nothing is asked for again.
  void begin_giving_out() {
    if (gives_out_) return;
    gives_out_ = true;
    prompt_ = Prompt();
  }

  WriterEvent end() {
    has_ended_ = true;
    const WriterEnd last = decoder_->result();
    decoder_.reset();
    warn_about_cut_prompt(last.usage);
    return last;
  }

  void warn_about_cut_prompt(const Usage& usage) const {
    if (!usage.input_tokens || estimated_tokens_ == 0) return;
    if (static_cast<double>(*usage.input_tokens) >= kSuspiciousShare * static_cast<double>(estimated_tokens_)) return;
    const std::string advice = model_.who_.provider == "ollama"
                                   ? "Set OLLAMA_CONTEXT_LENGTH for the Ollama server to more than that"
                                   : "Give the model a longer context there";
    log::warning(model_.who_.title + " read " + std::to_string(*usage.input_tokens) + " tokens of a prompt of about " +
                 std::to_string(estimated_tokens_) + " with the model \"" + model_.who_.model +
                 "\": it may have cut off its beginning without a word. " + advice + ", or ask with a smaller top_k.");
  }

  Milliseconds limit_of(FailureKind kind) const {
    switch (kind) {
      case FailureKind::kConnectTimeout: return options().connect_timeout;
      case FailureKind::kFirstByteTimeout: return options().first_byte_timeout;
      case FailureKind::kIdleTimeout: return options().idle_timeout;
      case FailureKind::kTotalTimeout: return options().total_timeout;
      default: return Milliseconds(0);
    }
  }

  RemoteModel& model_;
  const std::size_t estimated_tokens_;
  Prompt prompt_;  // until the first piece of the answer: an attempt may have to be repeated
  const Cancellation cancellation_;
  Cancellation attempt_;  // its child: also ends what is waited for only so long
  std::unique_ptr<http::Exchange> exchange_;
  std::unique_ptr<AnswerDecoder> decoder_;
  std::optional<ProviderFailure> cut_by_;  // says more than that the answer is not whole
  std::optional<TimePoint> deadline_;
  std::optional<TimePoint> grace_until_;
  std::size_t turn_bytes_ = 0;  // of the body, since others had their turn
  RequestShape sent_shape_;     // of this attempt
  int retries_ = 0;
  bool gives_out_ = false;
  bool has_ended_ = false;
};

RemoteModel::RemoteModel(ProviderIdentity who, std::unique_ptr<const Dialect> dialect, http::AsyncClient& client,
                         RemoteModelOptions options)
    : who_(std::move(who)),
      dialect_(std::move(dialect)),
      client_(client),
      options_(options),
      shape_(dialect_->usual_shape()) {}

std::unique_ptr<WriterStream> RemoteModel::write(Prompt prompt, Cancellation cancellation) {
  return std::make_unique<Stream>(*this, std::move(prompt), std::move(cancellation));
}

}  // namespace jackdaw::providers
