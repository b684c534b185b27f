#include "http/transfer.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <system_error>
#include <utility>

#include "core/error.h"
#include "http/header_value.h"

namespace jackdaw::http {
namespace {

using Kind = ExchangeFailure::Kind;

constexpr std::size_t kDecodedPieceBytes = 16 * 1024;
// Keeps sums with the clock from overflowing.
constexpr std::chrono::milliseconds kLongest = std::chrono::hours(24 * 365);

TimePoint after(TimePoint start, std::chrono::milliseconds time) {
  return start + std::min(time, kLongest);
}

bool has_no_body(const std::string& method, int status) noexcept {
  return method == "HEAD" || status == 204 || status == 304;
}

bool is_end_of_connection(int code) noexcept {
  return code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING;
}

bool is_failure_to_connect(int code) noexcept {
  static constexpr std::array kCodes = {CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_RESOLVE_HOST,
                                        CURLE_COULDNT_CONNECT,       CURLE_PROXY,
                                        CURLE_SSL_CONNECT_ERROR,     CURLE_PEER_FAILED_VERIFICATION,
                                        CURLE_SSL_CACERT_BADFILE,    CURLE_SSL_CIPHER,
                                        CURLE_SSL_CERTPROBLEM,       CURLE_SSL_ENGINE_INITFAILED,
                                        CURLE_SSL_ISSUER_ERROR,      CURLE_SSL_INVALIDCERTSTATUS};
  return std::ranges::find(kCodes, code) != kCodes.end();
}

}  // namespace

Transfer::Transfer(boost::asio::any_io_executor executor, std::shared_ptr<CurlLoop> loop,
                   const AsyncClientOptions& options, ExchangeRequest request, Cancellation cancellation)
    : loop_(std::move(loop)),
      options_(options),
      request_(std::move(request)),
      cancellation_(std::move(cancellation)),
      alarm_(executor),
      self_(std::make_shared<Transfer*>(this)) {
  on_cancel_ = cancellation_.on_cancel([executor, self = std::weak_ptr(self_)] {
    boost::asio::post(executor, [self] {
      if (const auto transfer = self.lock()) (*transfer)->wake();
    });
  });
}

Transfer::~Transfer() {
  close();
}

boost::asio::awaitable<ExchangeEvent> Transfer::next() {
  while (true) {
    if (cancellation_.requested()) {
      close();
      cancellation_.throw_if_requested();
    }
    if (phase_ == Phase::kNew) begin();
    if (std::optional<ExchangeEvent> event = take_event()) co_return std::move(*event);
    const Deadline next = deadline();
    if (SteadyClock::now() >= next.at) {
      close();
      co_return ExchangeFailure{next.kind, next.detail};
    }
    alarm_.expires_at(std::min(next.at, cancellation_.deadline().value_or(next.at)));
    waiting_ = true;
    co_await alarm_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    waiting_ = false;
  }
}

void Transfer::begin() {
  started_ = connecting_since_ = last_byte_ = SteadyClock::now();
  const std::optional<HostKind> host = host_kind_of(request_.url);
  if (!host) return end_with(ExchangeFailure{Kind::kInvalidUrl, "not an http or https address"});
  set_up(*host);
  phase_ = Phase::kConnecting;
  loop_->add(easy_.get());
}

void Transfer::close() noexcept {
  phase_ = Phase::kEnded;
  received_ = {};
  decoder_.reset();
  if (!easy_) return;
  loop_->remove(easy_.get());
  easy_.reset();
}

// While a response is awaited: the connection that was reused is dead, and libcurl replaces it.
void Transfer::on_connection_begins() {
  if (phase_ != Phase::kWaitingForResponse) return;
  phase_ = Phase::kConnecting;
  connecting_since_ = SteadyClock::now();
  wake();
}

void Transfer::on_request_begins() {
  phase_ = Phase::kWaitingForResponse;
  request_sent_ = SteadyClock::now();
  long new_connections = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_NUM_CONNECTS, &new_connections);
  is_reused_ = new_connections == 0;
  // Should it turn out to be dead, libcurl tries again by itself; then on no other old one.
  if (is_reused_) curl_easy_setopt(easy_.get(), CURLOPT_FRESH_CONNECT, 1L);
  wake();
}

void Transfer::on_upload(long long bytes) {
  if (bytes == uploaded_) return;
  uploaded_ = bytes;
  request_sent_ = SteadyClock::now();
}

bool Transfer::on_head_line(std::string_view line) {
  last_byte_ = SteadyClock::now();
  if (phase_ != Phase::kReceiving) wake();
  phase_ = Phase::kReceiving;
  if (!head_.take_line(line)) {
    head_too_long_ = true;
    return false;
  }
  if (head_.is_complete() && !head_taken_) wake();
  return true;
}

// False: no room, come again.
bool Transfer::on_body(std::string_view bytes) {
  last_byte_ = SteadyClock::now();
  if (!received_.empty() && received_.size() + bytes.size() > request_.max_buffered_bytes) {
    paused_ = true;
    return false;
  }
  received_ += bytes;
  wake();
  return true;
}

void Transfer::on_transfer_end(int code) {
  if (may_try_again(code)) return try_again();
  if (code == CURLE_OK && head_.is_complete()) {
    end_with(std::nullopt);
  } else {
    end_with(failure_of(code));
  }
}

// libcurl does so itself where the end came while it was reading, not where it came while a long body was sent.
bool Transfer::may_try_again(int code) const noexcept {
  return is_end_of_connection(code) && phase_ == Phase::kWaitingForResponse && is_reused_ && !tried_again_;
}

void Transfer::try_again() {
  tried_again_ = true;
  loop_->remove(easy_.get());
  phase_ = Phase::kConnecting;
  connecting_since_ = SteadyClock::now();
  try {
    curl_easy_setopt(easy_.get(), CURLOPT_FRESH_CONNECT, 1L);
    loop_->add(easy_.get());
  } catch (const std::exception& error) {
    return end_with(ExchangeFailure{Kind::kConnect, error.what()});
  }
  wake();
}

void Transfer::end_with(std::optional<ExchangeFailure> failure) {
  failure_ = std::move(failure);
  phase_ = Phase::kEnded;
  if (easy_) {
    loop_->remove(easy_.get());
    easy_.reset();
  }
  wake();
}

ExchangeFailure Transfer::failure_of(int code) const {
  if (phase_ == Phase::kReceiving || phase_ == Phase::kEnded) {
    if (head_too_long_) return {Kind::kBroken, "the response's header fields are too long"};
    if (code == CURLE_OK) return {Kind::kBroken, "the connection ended inside the response's header fields"};
    return {Kind::kBroken, phrase_for(code)};
  }
  // The only time limit that libcurl has.
  if (code == CURLE_OPERATION_TIMEDOUT) return {Kind::kConnectTimeout, "no connection in time"};
  if (code == CURLE_URL_MALFORMAT) return {Kind::kInvalidUrl, phrase_for(code)};
  // A name may be looked up again, for a fresh connection, without a word to us.
  if (phase_ != Phase::kWaitingForResponse || is_failure_to_connect(code)) return {Kind::kConnect, phrase_for(code)};
  return {is_end_of_connection(code) ? Kind::kNoResponse : Kind::kBroken, phrase_for(code)};
}

std::string Transfer::phrase_for(int code) const {
  if (code == CURLE_ABORTED_BY_CALLBACK) return "this system refused to watch the connection";
  long error_number = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &error_number);
  if (code == CURLE_COULDNT_CONNECT && error_number != 0) {
    return std::generic_category().message(static_cast<int>(error_number));
  }
  std::string phrase = error_text_[0] != '\0' ? error_text_.data() : curl_easy_strerror(static_cast<CURLcode>(code));
  std::erase_if(phrase, [](unsigned char c) { return std::isprint(c) == 0; });
  return phrase;
}

std::optional<ExchangeEvent> Transfer::take_event() {
  if (head_.is_complete() && !head_taken_) {
    head_taken_ = true;
    drop_sent_body();
    choose_decoder();
    return ExchangeHead{head_.status(), head_.take_headers()};
  }
  std::string bytes = take_body();
  if (!bytes.empty()) return ExchangeBytes{std::move(bytes)};
  if (phase_ == Phase::kEnded) return take_end();
  return std::nullopt;
}

// The response may take minutes, and nothing is sent again once it has begun.
void Transfer::drop_sent_body() {
  curl_off_t sent = 0;
  if (easy_) curl_easy_getinfo(easy_.get(), CURLINFO_SIZE_UPLOAD_T, &sent);
  if (easy_ && sent < static_cast<curl_off_t>(request_.body.size())) return;
  request_.body = std::string();
}

void Transfer::choose_decoder() {
  if (has_no_body(request_.method, head_.status())) return;
  const std::string coding = to_lower_ascii(trim_blanks(head_.headers().get("Content-Encoding")));
  if (coding == "gzip" || coding == "x-gzip") {
    decoder_ = std::make_unique<ContentDecoder>(ContentDecoder::Coding::kGzip);
  } else if (coding == "deflate") {
    decoder_ = std::make_unique<ContentDecoder>(ContentDecoder::Coding::kDeflate);
  } else {
    unknown_coding_ = !coding.empty() && coding != "identity";
  }
}

std::string Transfer::take_body() {
  if (!decoder_ && !unknown_coding_) return take_received();
  while (true) {
    if (decoder_) {
      std::string bytes = decoder_->read(kDecodedPieceBytes);
      if (!bytes.empty()) return bytes;
      if (decoder_->is_broken()) {
        end_with(ExchangeFailure{Kind::kBroken, "the compressed body makes no sense"});
        received_.clear();
        return {};
      }
    }
    std::string bytes = take_received();
    if (bytes.empty()) return {};
    if (unknown_coding_) {
      end_with(ExchangeFailure{Kind::kBroken, "the body is in a coding that was not asked for"});
      received_.clear();
      return {};
    }
    decoder_->feed(std::move(bytes));
  }
}

std::string Transfer::take_received() {
  std::string bytes = std::move(received_);
  received_.clear();
  if (paused_ && easy_) {
    paused_ = false;
    last_byte_ = SteadyClock::now();
    const int code = loop_->resume(easy_.get());
    if (code != CURLE_OK) end_with(failure_of(code));
  }
  return bytes;
}

ExchangeEvent Transfer::take_end() {
  if (failure_) return std::move(*failure_);
  if (decoder_ && !decoder_->is_complete()) {
    return ExchangeFailure{Kind::kBroken, "the body ended before its compressed data did"};
  }
  return ExchangeEnd{};
}

Transfer::Deadline Transfer::deadline() const {
  const auto of_phase = [this]() -> Deadline {
    switch (phase_) {
      case Phase::kWaitingForResponse:
        return {after(request_sent_, request_.first_byte_timeout), Kind::kFirstByteTimeout, "no response in time"};
      case Phase::kReceiving:
        return {after(last_byte_, request_.idle_timeout), Kind::kIdleTimeout, "the response stopped coming"};
      default:
        return {after(connecting_since_, request_.connect_timeout), Kind::kConnectTimeout, "no connection in time"};
    }
  };
  const Deadline total{after(started_, request_.total_timeout), Kind::kTotalTimeout, "the response took too long"};
  const Deadline phase = of_phase();
  return phase.at <= total.at ? phase : total;
}

void Transfer::wake() {
  if (!waiting_) return;
  waiting_ = false;
  alarm_.cancel();
}

}  // namespace jackdaw::http
