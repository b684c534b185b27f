#include "http/socket_response_writer.h"

#include <array>
#include <charconv>
#include <chrono>
#include <ctime>

#include "core/error.h"

namespace jackdaw::http {
namespace {

// RFC 9110, section 5.6.7; made once a second.
const std::string& http_date() {
  thread_local std::time_t made_at = 0;
  thread_local std::string text;
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  if (now != made_at) {
    static constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::tm utc{};
    gmtime_r(&now, &utc);
    std::array<char, 24> rest{};
    std::strftime(rest.data(), rest.size(), " %Y %H:%M:%S GMT", &utc);
    std::array<char, 4> day{};
    std::strftime(day.data(), day.size(), "%d", &utc);
    text = std::string(kDays.at(static_cast<std::size_t>(utc.tm_wday))) + ", " + day.data() + " " +
           kMonths.at(static_cast<std::size_t>(utc.tm_mon)) + rest.data();
    made_at = now;
  }
  return text;
}

// A client reads no body after these.
bool has_no_body(int status) noexcept {
  return status == 204 || status == 304;
}

void append_field(std::string& head, std::string_view name, std::string_view value) {
  head += name;
  head += ": ";
  head += value;
  head += "\r\n";
}

}  // namespace

SocketResponseWriter::SocketResponseWriter(SocketStream& stream, ResponseTraits traits)
    : stream_(stream), traits_(std::move(traits)) {}

void SocketResponseWriter::expect(State state, const char* call) const {
  if (state_ == state) return;
  throw Error(ErrorCode::kInternal, std::string("A handler called ") + call + " out of order.");
}

std::string SocketResponseWriter::make_head(int status, Headers headers, const std::string& framing) {
  // These are ours to say.
  for (const char* name : {"Content-Length", "Transfer-Encoding", "Connection"}) headers.remove(name);
  if (traits_.request != nullptr) {
    headers.set("X-Request-Id", traits_.request->request_id);
    if (traits_.response_filter != nullptr && *traits_.response_filter) {
      (*traits_.response_filter)(*traits_.request, headers);
    }
  }
  keep_alive_ = keep_alive_ && traits_.may_keep_alive();

  std::string head;
  head.reserve(512);
  head += "HTTP/1.1 ";
  head += std::to_string(status);
  head += ' ';
  head += reason_phrase(status);
  head += "\r\n";
  if (!headers.contains("Date")) append_field(head, "Date", http_date());
  for (const Headers::Field& field : headers) append_field(head, field.name, field.value);
  head += framing;
  if (!keep_alive_) append_field(head, "Connection", "close");
  if (keep_alive_ && traits_.is_http_1_0) append_field(head, "Connection", "keep-alive");
  head += "\r\n";
  return head;
}

boost::asio::awaitable<void> SocketResponseWriter::transmit(std::span<const std::string_view> pieces) {
  const State before = std::exchange(state_, State::kFailed);
  co_await stream_.write(pieces);
  state_ = before;
}

boost::asio::awaitable<void> SocketResponseWriter::send(Response response) {
  expect(State::kNone, "send");
  keep_alive_ = true;
  std::string framing;
  if (!has_no_body(response.status)) framing = "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
  const std::string head = make_head(response.status, std::move(response.headers), framing);
  const bool with_body = !traits_.is_head && !has_no_body(response.status);
  const std::array<std::string_view, 2> pieces = {head, with_body ? std::string_view(response.body) : ""};
  co_await transmit(pieces);
  state_ = State::kComplete;
}

boost::asio::awaitable<void> SocketResponseWriter::begin_stream(int status, Headers headers) {
  expect(State::kNone, "begin_stream");
  stream_.limit_unsent();
  // HTTP/1.0 knows no chunks: there the end of the connection is the end of the body.
  chunked_ = !traits_.is_http_1_0;
  keep_alive_ = chunked_ || traits_.is_head;
  const std::string framing = chunked_ ? "Transfer-Encoding: chunked\r\n" : "";
  pending_head_ = make_head(status, std::move(headers), framing);
  state_ = State::kStreaming;
  if (traits_.is_head) co_await flush_head();
}

boost::asio::awaitable<void> SocketResponseWriter::begin_sized(int status, Headers headers, std::uint64_t body_bytes) {
  expect(State::kNone, "begin_sized");
  keep_alive_ = true;
  unwritten_bytes_ = body_bytes;
  pending_head_ = make_head(status, std::move(headers), "Content-Length: " + std::to_string(body_bytes) + "\r\n");
  state_ = State::kStreaming;
  if (traits_.is_head) co_await flush_head();
}

boost::asio::awaitable<void> SocketResponseWriter::flush_head() {
  expect(State::kStreaming, "flush_head");
  const std::string head = std::exchange(pending_head_, {});
  const std::array<std::string_view, 1> pieces = {head};
  co_await transmit(pieces);
}

boost::asio::awaitable<void> SocketResponseWriter::write(std::string_view bytes) {
  expect(State::kStreaming, "write");
  if (bytes.empty() || traits_.is_head) co_return;
  if (unwritten_bytes_) {
    if (bytes.size() > *unwritten_bytes_) throw Error(ErrorCode::kInternal, "A body is longer than its head says.");
    *unwritten_bytes_ -= bytes.size();
  }
  const std::string head = std::exchange(pending_head_, {});
  std::array<char, 20> size_line{};
  std::string_view size;
  if (chunked_) {
    char* end = std::to_chars(size_line.data(), size_line.data() + 16, bytes.size(), 16).ptr;
    *end++ = '\r';
    *end++ = '\n';
    size = std::string_view(size_line.data(), end);
  }
  const std::array<std::string_view, 4> pieces = {head, size, bytes, chunked_ ? "\r\n" : ""};
  co_await transmit(pieces);
}

boost::asio::awaitable<void> SocketResponseWriter::end_stream() {
  expect(State::kStreaming, "end_stream");
  if (unwritten_bytes_.value_or(0) > 0 && !traits_.is_head) {
    throw Error(ErrorCode::kInternal, "A body is shorter than its head says.");
  }
  const std::string head = std::exchange(pending_head_, {});
  const std::array<std::string_view, 2> pieces = {head, chunked_ && !traits_.is_head ? "0\r\n\r\n" : ""};
  co_await transmit(pieces);
  state_ = State::kComplete;
}

}  // namespace jackdaw::http
