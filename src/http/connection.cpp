#include "http/connection.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "core/ids.h"
#include "core/log.h"
#include "http/uri.h"

namespace jackdaw::http {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kMaxRequestIdCharacters = 64;

bool is_request_id(std::string_view text) {
  return !text.empty() && text.size() <= kMaxRequestIdCharacters && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_' ||
           c == '.';
  });
}

Error as_error(const std::exception_ptr& failure, const Request& request) {
  const auto unexpected = [&](const std::string& what) {
    log::error("request " + request.request_id + " " + request.method + " " + request.path + ": " + what);
    return Error(ErrorCode::kInternal,
                 "Something failed inside the server. Its log names the cause at request " + request.request_id + ".");
  };
  try {
    std::rethrow_exception(failure);
  } catch (const Error& error) {
    // What a person cannot mend by another request is for the log; an internal error's words may hold paths.
    if (error.code() == ErrorCode::kInternal) return unexpected(error.what());
    if (error.code() == ErrorCode::kStorageFull || error.code() == ErrorCode::kUnavailable) {
      log::warning("request " + request.request_id + ": " + error.what());
    }
    return error;
  } catch (const std::exception& error) {
    return unexpected(error.what());
  } catch (...) {
    return unexpected("an unknown exception");
  }
}

// Lets the connection reach the request's signal for as long as the request lives.
class HandledRequest {
 public:
  HandledRequest(Cancellation*& slot, Cancellation& cancellation) : slot_(slot) { slot_ = &cancellation; }
  ~HandledRequest() { slot_ = nullptr; }
  HandledRequest(const HandledRequest&) = delete;
  HandledRequest& operator=(const HandledRequest&) = delete;

 private:
  Cancellation*& slot_;
};

std::string join(const std::vector<std::string>& words) {
  std::string joined;
  for (const std::string& word : words) joined += (joined.empty() ? "" : ", ") + word;
  return joined;
}

}  // namespace

// The body of the current request, read from the connection as the handler asks for it.
class Connection::Body final : public BodySource {
 public:
  Body(SocketStream& stream, RequestParser& parser, const ServerOptions& options)
      : stream_(stream),
        parser_(parser),
        options_(options),
        client_waits_(parser.head().expects_continue && !parser.body_done()) {}

  asio::awaitable<std::size_t> read_some(std::span<char> into) override {
    if (client_waits_) co_await send_continue();
    while (!parser_.body_done() && !into.empty()) {
      const RequestParser::BodyStep step = parse(into);
      if (step.produced > 0) co_return step.produced;
      if (step.consumed > 0 || parser_.body_done()) continue;
      if (stream_.is_full()) throw failed(ErrorCode::kInvalidArgument, "The request body is malformed.");
      co_await wait();
    }
    co_return 0;
  }

  // From here on it is too late to ask the client for the body.
  void response_began() noexcept { response_began_ = true; }

  // Whether what is unread can be read and dropped cheaply, so that the connection can go on.
  bool is_drainable() const noexcept {
    const auto left = parser_.body_bytes_left();
    return !failed_ && left && *left <= options_.max_drained_bytes && (*left == 0 || !client_waits_);
  }

  asio::awaitable<void> drain() {
    if (parser_.body_done()) co_return;
    std::vector<char> dropped(16 * 1024);
    while (co_await read_some(dropped) > 0) {
    }
  }

 private:
  RequestParser::BodyStep parse(std::span<char> into) {
    try {
      const RequestParser::BodyStep step = parser_.feed_body(stream_.buffered(), into);
      stream_.consume(step.consumed);
      return step;
    } catch (...) {
      failed_ = true;
      throw;
    }
  }

  asio::awaitable<void> wait() {
    const auto input = co_await stream_.wait_for_more_input(SteadyClock::now() + options_.body_idle_timeout);
    if (input == SocketStream::Input::kEnd) {
      throw failed(ErrorCode::kInvalidArgument, "The connection ended before the request body was complete.");
    }
    if (input == SocketStream::Input::kTimeout) {
      throw failed(ErrorCode::kRequestTimeout, "The rest of the request body did not come in time. Send it again.");
    }
  }

  asio::awaitable<void> send_continue() {
    client_waits_ = false;
    if (response_began_ || !stream_.buffered().empty()) co_return;
    const std::array<std::string_view, 1> pieces = {"HTTP/1.1 100 Continue\r\n\r\n"};
    co_await stream_.write(pieces);
  }

  Error failed(ErrorCode code, const char* message) {
    failed_ = true;
    return Error(code, message);
  }

  SocketStream& stream_;
  RequestParser& parser_;
  const ServerOptions& options_;
  bool client_waits_;
  bool response_began_ = false;
  bool failed_ = false;
};

Connection::Connection(asio::ip::tcp::socket socket, asio::ip::tcp::endpoint remote,
                       std::shared_ptr<const ServerContext> context, bool refuse)
    : stream_(std::make_shared<SocketStream>(std::move(socket), context->options.write_timeout)),
      remote_(std::move(remote)),
      context_(std::move(context)),
      refuse_(refuse) {}

Connection::~Connection() {
  stream_->close();
}

void Connection::close_if_idle() {
  if (idle_) stream_->close();
}

void Connection::cancel_request(CancelReason reason) {
  if (cancellation_ == nullptr) return stream_->close();
  cancellation_->cancel(reason);
}

void Connection::close() {
  stream_->close();
}

asio::awaitable<void> Connection::run() {
  const auto self = shared_from_this();
  stream_->start([this] {
    if (cancellation_ != nullptr) cancellation_->cancel(CancelReason::kDisconnect);
  });
  bool answered = false;
  try {
    while (co_await wait_for_request()) {
      answered = true;
      if (!co_await serve_request()) break;
    }
    if (answered) co_await linger();
  } catch (const Error&) {
    // The client is gone: nobody is left to tell.
  } catch (const std::exception& error) {
    log::error(std::string("a connection failed: ") + error.what());
  }
  stream_->close();
}

asio::awaitable<bool> Connection::wait_for_request() {
  idle_ = true;
  while (!context_->stopping) {
    const TimePoint deadline = SteadyClock::now() + context_->options.keep_alive_timeout;
    if (co_await stream_->wait_for_input(deadline) != SocketStream::Input::kReady) {
      stream_->close();
      co_return false;
    }
    // RFC 9112, section 2.2: line ends before a request are to be ignored.
    const std::size_t blank = std::min(stream_->buffered().find_first_not_of("\r\n"), stream_->buffered().size());
    if (blank == 0) {
      idle_ = false;
      co_return true;
    }
    stream_->consume(blank);
  }
  co_return false;
}

asio::awaitable<void> Connection::read_head(RequestParser& parser) {
  const TimePoint deadline = SteadyClock::now() + context_->options.header_timeout;
  while (true) {
    stream_->consume(parser.feed_head(stream_->buffered()));
    if (parser.head_done()) co_return;
    const auto input = co_await stream_->wait_for_more_input(deadline);
    if (input == SocketStream::Input::kEnd) {
      throw Error(ErrorCode::kInvalidArgument, "The connection ended before the request header was complete.");
    }
    if (input == SocketStream::Input::kTimeout) {
      throw Error(ErrorCode::kRequestTimeout, "The request header was not complete in time. Send it again.");
    }
  }
}

Request Connection::make_request(RequestHead& head) const {
  std::optional<Target> target = parse_target(head.target);
  if (!target || (target->path == "*" && head.method != "OPTIONS")) {
    throw Error(ErrorCode::kInvalidArgument, "The request target is malformed. Send a path such as /health.");
  }
  Request request;
  request.method = std::move(head.method);
  request.target = std::move(head.target);
  request.path = std::move(target->path);
  request.segments = std::move(target->segments);
  request.query = std::move(target->query);
  request.headers = std::move(head.headers);
  if (!target->authority.empty()) request.headers.set("Host", target->authority);
  const std::string_view id = request.headers.get("X-Request-Id");
  request.request_id = is_request_id(id) ? std::string(id) : random_id();
  request.remote_address = remote_.address().to_string();
  request.remote_port = remote_.port();
  request.content_length = head.content_length;
  return request;
}

asio::awaitable<bool> Connection::serve_request() {
  RequestParser parser({context_->options.max_header_bytes, context_->options.max_target_bytes});
  std::optional<Error> refused;
  Request request;
  try {
    co_await read_head(parser);
    request = make_request(parser.head());
  } catch (const Error& error) {
    refused = error;
  }
  if (refused) {
    co_await refuse_head(*refused, parser.status());
    co_return false;
  }
  const HandledRequest handled(cancellation_, request.cancellation);
  if (stream_->has_ended()) request.cancellation.cancel(CancelReason::kDisconnect);
  co_return co_await handle(request, parser, parser.head().is_http_1_0);
}

asio::awaitable<void> Connection::refuse_head(const Error& error, int status) {
  Response response = context_->render_error(error, nullptr);
  if (status != 0) response.status = status;
  ResponseTraits traits;
  traits.may_keep_alive = [] { return false; };
  SocketResponseWriter writer(*stream_, std::move(traits));
  co_await writer.send(std::move(response));
}

const Handler& Connection::find_handler(Request& request, std::vector<std::string>& allowed) const {
  if (refuse_) {
    throw Error(ErrorCode::kOverloaded, "The server has as many connections as it can hold. Try again in a moment.")
        .with_retry_after(std::chrono::seconds(1));
  }
  Router::Match match = context_->router.match(request);
  if (context_->router.request_filter()) context_->router.request_filter()(request);
  if (match.handler != nullptr) return *match.handler;
  if (match.allowed.empty()) {
    throw Error(ErrorCode::kNotFound, "There is nothing at " + request.path + ". /docs lists what there is.");
  }
  allowed = std::move(match.allowed);
  throw Error(ErrorCode::kMethodNotAllowed,
              request.path + " does not know " + request.method + ". It knows " + join(allowed) + ".");
}

asio::awaitable<bool> Connection::handle(Request& request, RequestParser& parser, bool is_http_1_0) {
  Body body(*stream_, parser, context_->options);
  request.body = &body;
  ResponseTraits traits;
  traits.request = &request;
  traits.response_filter = &context_->router.response_filter();
  traits.is_head = request.method == "HEAD";
  traits.is_http_1_0 = is_http_1_0;
  traits.may_keep_alive = [&] {
    body.response_began();
    return parser.head().keep_alive && !refuse_ && !context_->stopping && body.is_drainable();
  };
  SocketResponseWriter writer(*stream_, std::move(traits));

  std::vector<std::string> allowed;
  std::exception_ptr failure;
  try {
    const Handler& handler = find_handler(request, allowed);
    co_await handler(request, writer);
    if (!writer.started()) throw std::logic_error("the handler sent no response");
  } catch (...) {
    failure = std::current_exception();
  }
  if (failure) co_await answer_failure(failure, request, parser.status(), allowed, writer);
  if (!writer.is_complete() || !writer.keeps_alive()) co_return false;
  co_await body.drain();
  co_return true;
}

asio::awaitable<void> Connection::answer_failure(std::exception_ptr failure, const Request& request, int status,
                                                 const std::vector<std::string>& allowed,
                                                 SocketResponseWriter& writer) {
  const Error error = as_error(failure, request);
  if (writer.started()) co_return;
  // Nobody is left to read it.
  if (error.code() == ErrorCode::kCancelled && stream_->has_ended()) co_return;
  Response response = context_->render_error(error, &request);
  if (status != 0) response.status = status;
  if (!allowed.empty()) response.headers.set("Allow", join(allowed));
  co_await writer.send(std::move(response));
}

// A socket closed while the client still sends is reset, and the client may lose the response it did not read yet.
asio::awaitable<void> Connection::linger() {
  const ServerOptions& options = context_->options;
  stream_->shutdown_send();
  const TimePoint begin = SteadyClock::now();
  TimePoint last_input = begin;
  while (true) {
    const TimePoint end = std::min(last_input + options.linger_idle_timeout,
                                   begin + (context_->stopping ? options.farewell_timeout : options.linger_timeout));
    const TimePoint now = SteadyClock::now();
    if (now >= end) co_return;
    const auto input = co_await stream_->wait_for_input(std::min(end, now + options.farewell_timeout));
    if (input == SocketStream::Input::kEnd) co_return;
    if (input == SocketStream::Input::kTimeout) continue;
    stream_->consume(stream_->buffered().size());
    last_input = SteadyClock::now();
  }
}

}  // namespace jackdaw::http
