#include "http/transfer.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <curl/curl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cctype>
#include <system_error>
#include <utility>

#include "core/error.h"
#include "http/header_value.h"

namespace jackdaw::http {
namespace {

using Kind = ExchangeFailure::Kind;

// Small, because thousands of streams stand open; a token's frame is a few hundred bytes.
constexpr long kReceiveBufferBytes = 2 * 1024;
constexpr long kUploadBufferBytes = 16 * 1024;
// libcurl sends a body up to this size together with the head.
constexpr std::size_t kSentAtOnceBytes = 64 * 1024;
constexpr std::size_t kDecodedPieceBytes = 16 * 1024;
constexpr long kKeepAliveSeconds = 60;
// Keeps sums with the clock from overflowing.
constexpr std::chrono::milliseconds kLongest = std::chrono::hours(24 * 365);

TimePoint after(TimePoint start, std::chrono::milliseconds time) {
  return start + std::min(time, kLongest);
}

bool has_no_body(const std::string& method, int status) noexcept {
  return method == "HEAD" || status == 204 || status == 304;
}

}  // namespace

struct Transfer::Callbacks {
  static int on_request_begins(void* self, char*, char*, int, int) noexcept {
    static_cast<Transfer*>(self)->on_request_begins();
    return CURL_PREREQFUNC_OK;
  }
  static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t sent) noexcept {
    static_cast<Transfer*>(self)->on_upload(sent);
    return 0;
  }
  // An exception must not cross the C library; the only one here is std::bad_alloc, which ends the transfer.
  static std::size_t on_head_line(char* data, std::size_t, std::size_t size, void* self) noexcept {
    try {
      return static_cast<Transfer*>(self)->on_head_line({data, size}) ? size : 0;
    } catch (...) {
      return 0;
    }
  }
  static std::size_t on_body(char* data, std::size_t, std::size_t size, void* self) noexcept {
    try {
      return static_cast<Transfer*>(self)->on_body({data, size}) ? size : CURL_WRITEFUNC_PAUSE;
    } catch (...) {
      return 0;
    }
  }
  // A child program that inherited the descriptor would keep a closed connection open.
  static curl_socket_t open_socket(void*, curlsocktype, curl_sockaddr* address) noexcept {
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  }
};

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
  started_ = last_byte_ = SteadyClock::now();
  const std::optional<HostKind> host = host_kind_of(request_.url);
  if (!host) return end_with(ExchangeFailure{Kind::kInvalidUrl, "not an http or https address"});
  set_up(*host);
  phase_ = Phase::kConnecting;
  loop_->add(easy_.get());
}

template <class Value>
void Transfer::set(int option, Value value) {
  const CURLcode code = curl_easy_setopt(easy_.get(), static_cast<CURLoption>(option), value);
  if (code != CURLE_OK) {
    throw Error(ErrorCode::kInternal, std::string("A request cannot be made: ") + curl_easy_strerror(code) + ".");
  }
}

void Transfer::set_up(HostKind host) {
  easy_ = make_curl_easy();
  set_safety(host);
  set_message();
  set_tls();
  set_callbacks();
}

void Transfer::set_safety(HostKind host) {
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_HTTP09_ALLOWED, 0L);
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  // Without it the variables http_proxy, https_proxy, all_proxy and no_proxy decide.
  if (host == HostKind::kLoopback) set(CURLOPT_NOPROXY, "*");
  set(CURLOPT_NOSIGNAL, 1L);
  // Removing a transfer must not wait for a name that is being looked up: its thread ends by itself.
  set(CURLOPT_QUICK_EXIT, 1L);
  set(CURLOPT_TCP_NODELAY, 1L);
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  set(CURLOPT_TCP_KEEPIDLE, kKeepAliveSeconds);
  set(CURLOPT_TCP_KEEPINTVL, kKeepAliveSeconds);
  set(CURLOPT_MAXAGE_CONN, static_cast<long>(options_.reuse_idle_connections_for.count()));
  set(CURLOPT_BUFFERSIZE, kReceiveBufferBytes);
  set(CURLOPT_UPLOAD_BUFFERSIZE, kUploadBufferBytes);
  // The same limit as deadline() watches: with it libcurl tries a host's second address before the time is over.
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(std::min(request_.connect_timeout, kLongest).count()));
}

void Transfer::set_message() {
  set(CURLOPT_URL, request_.url.c_str());
  set(CURLOPT_HTTP_VERSION, static_cast<long>(options_.http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
  append_line(fields_, "Expect:");
  // A compressor of theirs would hold tokens back.
  if (!request_.headers.contains("Accept-Encoding")) append_line(fields_, "Accept-Encoding: identity");
  if (!request_.headers.contains("Content-Type")) append_line(fields_, "Content-Type:");
  for (const Headers::Field& field : request_.headers) append_field(fields_, field);
  set(CURLOPT_HTTPHEADER, fields_.get());
  if (!request_.body.empty() || request_.method == "POST" || request_.method == "PUT") {
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    set(CURLOPT_POSTFIELDS, request_.body.data());
  }
  if (request_.method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else {
    set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  }
}

void Transfer::set_tls() {
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!options_.ca_file.empty()) set(CURLOPT_CAINFO, options_.ca_file.c_str());
  // With a folder of certificates beside the file libcurl would read all of them again for each connection.
  set(CURLOPT_CAPATH, static_cast<char*>(nullptr));
}

void Transfer::set_callbacks() {
  set(CURLOPT_PRIVATE, static_cast<CurlTransferEnd*>(this));
  set(CURLOPT_ERRORBUFFER, error_text_.data());
  set(CURLOPT_OPENSOCKETFUNCTION, &Callbacks::open_socket);
  set(CURLOPT_PREREQFUNCTION, &Callbacks::on_request_begins);
  set(CURLOPT_PREREQDATA, this);
  set(CURLOPT_HEADERFUNCTION, &Callbacks::on_head_line);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_WRITEFUNCTION, &Callbacks::on_body);
  set(CURLOPT_WRITEDATA, this);
  if (request_.body.size() > kSentAtOnceBytes) {
    set(CURLOPT_XFERINFOFUNCTION, &Callbacks::on_progress);
    set(CURLOPT_XFERINFODATA, this);
    set(CURLOPT_NOPROGRESS, 0L);
  }
}

void Transfer::close() noexcept {
  phase_ = Phase::kEnded;
  received_ = {};
  decoder_.reset();
  if (!easy_) return;
  loop_->remove(easy_.get());
  easy_.reset();
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
  if (may_try_again(code)) {
    tried_again_ = true;
    loop_->remove(easy_.get());
    phase_ = Phase::kConnecting;
    set(CURLOPT_FRESH_CONNECT, 1L);
    return loop_->add(easy_.get());
  }
  if (code == CURLE_OK && head_.is_complete()) {
    end_with(std::nullopt);
  } else {
    end_with(failure_of(code));
  }
}

// libcurl does so itself where the end came while it was reading, not where it came while a long body was sent.
bool Transfer::may_try_again(int code) const noexcept {
  const bool connection_ended = code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING;
  return connection_ended && phase_ == Phase::kWaitingForResponse && is_reused_ && !tried_again_;
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
  const bool ended = code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING;
  switch (phase_) {
    case Phase::kNew:
    case Phase::kConnecting:
      if (code == CURLE_OPERATION_TIMEDOUT) return {Kind::kConnectTimeout, "no connection in time"};
      return {code == CURLE_URL_MALFORMAT ? Kind::kInvalidUrl : Kind::kConnect, phrase_for(code)};
    case Phase::kWaitingForResponse: return {ended ? Kind::kNoResponse : Kind::kBroken, phrase_for(code)};
    case Phase::kReceiving:
    case Phase::kEnded: break;
  }
  if (head_too_long_) return {Kind::kBroken, "the response's header fields are too long"};
  if (code == CURLE_OK) return {Kind::kBroken, "the connection ended inside the response's header fields"};
  return {Kind::kBroken, phrase_for(code)};
}

std::string Transfer::phrase_for(int code) const {
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
      default: return {after(started_, request_.connect_timeout), Kind::kConnectTimeout, "no connection in time"};
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
