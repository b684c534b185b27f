#include "http/async_client.h"

#include <utility>

#include "core/error.h"
#include "http/curl_loop.h"
#include "http/header_value.h"
#include "http/transfer.h"

namespace jackdaw::http {

class AsyncClient::State {
 public:
  State(boost::asio::any_io_executor io, AsyncClientOptions chosen)
      : executor(std::move(io)),
        options(std::move(chosen)),
        loop(std::make_shared<CurlLoop>(executor, options.max_idle_connections, options.http2)) {}

  boost::asio::any_io_executor executor;
  AsyncClientOptions options;
  std::shared_ptr<CurlLoop> loop;
};

AsyncClient::AsyncClient(boost::asio::any_io_executor executor, AsyncClientOptions options)
    : state_(std::make_shared<State>(std::move(executor), std::move(options))) {}

AsyncClient::~AsyncClient() = default;

std::unique_ptr<Exchange> AsyncClient::start(ExchangeRequest request, Cancellation cancellation) {
  if (!is_token(request.method)) {
    throw Error(ErrorCode::kInvalidArgument, "'" + request.method + "' is not a method of HTTP.");
  }
  return std::make_unique<Transfer>(state_->executor, state_->loop, state_->options, std::move(request),
                                    std::move(cancellation));
}

std::size_t AsyncClient::running() const noexcept {
  return state_->loop->size();
}

}  // namespace jackdaw::http
