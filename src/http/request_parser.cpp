#include "http/request_parser.h"

#include <boost/beast/core/error.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <cstring>
#include <limits>

#include "core/error.h"
#include "http/header_value.h"

namespace jackdaw::http {
namespace {

namespace beast_http = boost::beast::http;
using boost::beast::error_code;
using Text = boost::beast::string_view;

Error bad_request(const std::string& what) {
  return Error(ErrorCode::kInvalidArgument, "The request is malformed: " + what);
}

Error target_too_long(std::size_t limit) {
  return Error(ErrorCode::kUriTooLong,
               "The request target is longer than " + std::to_string(limit) + " bytes. Send a shorter one.");
}

// Folded lines are obsolete, and what stands in them is read differently by different servers.
bool has_folded_line(std::string_view head) {
  return head.find("\r\n ") != std::string_view::npos || head.find("\r\n\t") != std::string_view::npos;
}

std::string_view view(Text text) {
  return {text.data(), text.size()};
}

}  // namespace

struct RequestParser::State final : beast_http::basic_parser<true> {
  explicit State(Limits wanted) : limits(wanted) {
    // The total is counted here, since this limit holds for each call alone.
    header_limit(static_cast<std::uint32_t>(
        std::min<std::size_t>(limits.max_header_bytes, std::numeric_limits<std::uint32_t>::max())));
    body_limit(boost::none);
  }

  void refuse_with(int wanted_status, const std::string& what) {
    status = wanted_status;
    throw Error(ErrorCode::kInvalidArgument, what);
  }

  void on_request_impl(beast_http::verb, Text method, Text target, int version, error_code&) override {
    if (target.size() > limits.max_target_bytes) throw target_too_long(limits.max_target_bytes);
    head.method = view(method);
    head.target = view(target);
    head.is_http_1_0 = version == 10;
  }

  void on_field_impl(beast_http::field, Text name, Text value, error_code&) override {
    if (!in_trailer) head.headers.add(view(name), view(value));
  }

  void on_header_impl(error_code&) override {
    check_host();
    check_length();
    head.keep_alive = keep_alive();
    head.expects_continue = !head.is_http_1_0 && equals_ignoring_case(head.headers.get("Expect"), "100-continue");
    if (!chunked()) head.content_length = content_length().value_or(0);
    in_trailer = true;
  }

  void check_host() const {
    const auto hosts = head.headers.all("Host");
    if (hosts.size() > 1) throw bad_request("it has more than one Host.");
    if (hosts.empty() && !head.is_http_1_0) throw bad_request("it has no Host.");
  }

  // Where the body ends must have one reading only (RFC 9112, section 6.3).
  void check_length() {
    const auto lengths = head.headers.all("Content-Length");
    const auto codings = head.headers.all("Transfer-Encoding");
    if (lengths.size() > 1) throw bad_request("it has more than one Content-Length.");
    if (!lengths.empty() && lengths.front().find_first_not_of("0123456789") != std::string_view::npos) {
      throw bad_request("its Content-Length is not a number.");
    }
    if (codings.empty()) return;
    if (!lengths.empty()) throw bad_request("it has both Content-Length and Transfer-Encoding.");
    if (codings.size() > 1) throw bad_request("it has more than one Transfer-Encoding.");
    if (head.is_http_1_0) throw bad_request("HTTP/1.0 has no Transfer-Encoding.");
    if (!equals_ignoring_case(codings.front(), "chunked")) {
      refuse_with(501, "The Transfer-Encoding is not known to this server. Send the body as it is, or chunked.");
    }
  }

  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}

  std::size_t on_body_impl(Text body, error_code&) override {
    const std::size_t count = std::min(body.size(), out.size() - produced);
    std::memcpy(out.data() + produced, body.data(), count);
    produced += count;
    return count;
  }

  void on_chunk_header_impl(std::uint64_t, Text, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, Text body, error_code& failure) override {
    return on_body_impl(body, failure);
  }
  void on_finish_impl(error_code&) override {}
  void on_response_impl(int, Text, int, error_code&) override {}

  [[noreturn]] void fail(const error_code& failure, std::string_view bytes) {
    if (failure == beast_http::error::header_limit) throw_too_large(bytes);
    if (failure == beast_http::error::bad_version && has_http_version(bytes)) {
      status = 505;
      throw Error(ErrorCode::kInvalidArgument, "This server speaks HTTP/1.1 and HTTP/1.0 only.");
    }
    throw bad_request(failure.message() + ".");
  }

  // Which of the two was too large: the request line that never ended, or the fields after it.
  [[noreturn]] void throw_too_large(std::string_view bytes) const {
    if (!got_request_line() && bytes.substr(0, limits.max_target_bytes).find('\n') == std::string_view::npos) {
      throw target_too_long(limits.max_target_bytes);
    }
    throw Error(ErrorCode::kHeaderTooLarge, "The header of the request is larger than " +
                                                std::to_string(limits.max_header_bytes) +
                                                " bytes. Send a smaller one.");
  }

  // A version of the right form, but not one of ours.
  static bool has_http_version(std::string_view bytes) {
    const std::string_view line = bytes.substr(0, bytes.find('\r'));
    const std::string_view version = line.substr(line.rfind(' ') + 1);
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    return version.size() == 8 && version.starts_with("HTTP/") && is_digit(version[5]) && version[6] == '.' &&
           is_digit(version[7]);
  }

  bool got_request_line() const noexcept { return !head.method.empty(); }

  Limits limits;
  RequestHead head;
  bool in_trailer = false;
  std::size_t head_bytes = 0;
  int status = 0;
  std::span<char> out;
  std::size_t produced = 0;
};

RequestParser::RequestParser(Limits limits) : state_(std::make_unique<State>(limits)) {}
RequestParser::~RequestParser() = default;
RequestParser::RequestParser(RequestParser&&) noexcept = default;

std::size_t RequestParser::feed_head(std::string_view bytes) {
  // What cannot begin a request, a TLS handshake for one, is told at once.
  if (!state_->got_request_line() && !bytes.empty() && !is_token(bytes.substr(0, 1))) {
    throw bad_request("it does not begin with a method. If you meant https, use http.");
  }
  std::size_t consumed = 0;
  while (consumed < bytes.size() && !head_done()) {
    const std::string_view rest = bytes.substr(consumed);
    error_code failure;
    const std::size_t step = state_->put(boost::asio::const_buffer(rest.data(), rest.size()), failure);
    consumed += step;
    state_->head_bytes += step;
    const bool more = failure == beast_http::error::need_more;
    if (failure && !more) state_->fail(failure, rest);
    if (has_folded_line(rest.substr(0, step))) throw bad_request("a header field goes on in a second line.");
    const std::size_t waiting = head_done() ? 0 : bytes.size() - consumed;
    if (state_->head_bytes + waiting > state_->limits.max_header_bytes) state_->throw_too_large(rest);
    if (more) break;
  }
  return consumed;
}

bool RequestParser::head_done() const noexcept {
  return state_->is_header_done();
}

RequestHead& RequestParser::head() noexcept {
  return state_->head;
}

RequestParser::BodyStep RequestParser::feed_body(std::string_view bytes, std::span<char> into) {
  state_->out = into;
  state_->produced = 0;
  BodyStep step;
  while (step.consumed < bytes.size() && state_->produced < into.size() && !body_done()) {
    const std::string_view rest = bytes.substr(step.consumed);
    error_code failure;
    step.consumed += state_->put(boost::asio::const_buffer(rest.data(), rest.size()), failure);
    if (failure == beast_http::error::need_more) break;
    if (failure) throw bad_request("its body: " + failure.message() + ".");
  }
  step.produced = state_->produced;
  return step;
}

bool RequestParser::body_done() const noexcept {
  return state_->is_done();
}

std::optional<std::uint64_t> RequestParser::body_bytes_left() const noexcept {
  if (body_done()) return 0;
  if (state_->chunked()) return std::nullopt;
  const auto left = state_->content_length_remaining();
  return left ? std::optional<std::uint64_t>(*left) : std::nullopt;
}

int RequestParser::status() const noexcept {
  return state_->status;
}

}  // namespace jackdaw::http
