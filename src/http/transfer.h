#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/cancellation.h"
#include "core/clock.h"
#include "http/async_client.h"
#include "http/content_decoder.h"
#include "http/curl_handles.h"
#include "http/curl_loop.h"
#include "http/response_head_reader.h"

namespace jackdaw::http {

// One exchange on a CurlLoop. libcurl's callbacks note what came and wake who waits in next(); everything else happens
// there, outside of libcurl. Lives on the loop's thread.
class Transfer final : public Exchange, private CurlTransferEnd {
 public:
  Transfer(boost::asio::any_io_executor executor, std::shared_ptr<CurlLoop> loop, const AsyncClientOptions& options,
           ExchangeRequest request, Cancellation cancellation);
  ~Transfer() override;
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  boost::asio::awaitable<ExchangeEvent> next() override;

 private:
  struct Callbacks;
  enum class Phase { kNew, kConnecting, kWaitingForResponse, kReceiving, kEnded };
  struct Deadline {
    TimePoint at;
    ExchangeFailure::Kind kind;
    const char* detail;
  };

  void begin();
  void set_up(HostKind host);
  void set_safety(HostKind host);
  void set_message();
  void set_tls();
  void set_callbacks();
  template <class Value>
  void set(int option, Value value);
  void close() noexcept;

  void on_connection_begins();
  void on_request_begins();
  void on_upload(long long bytes);
  bool on_head_line(std::string_view line);
  bool on_body(std::string_view bytes);
  void on_transfer_end(int code) override;

  bool may_try_again(int code) const noexcept;
  void try_again();
  void end_with(std::optional<ExchangeFailure> failure);
  ExchangeFailure failure_of(int code) const;
  std::string phrase_for(int code) const;

  std::optional<ExchangeEvent> take_event();
  std::string take_body();
  std::string take_received();
  ExchangeEvent take_end();
  void drop_sent_body();
  void choose_decoder();
  Deadline deadline() const;
  void wake();

  std::shared_ptr<CurlLoop> loop_;
  AsyncClientOptions options_;
  ExchangeRequest request_;
  Cancellation cancellation_;

  CurlEasy easy_;  // in the loop while there
  CurlList fields_;
  std::array<char, 256> error_text_{};
  Phase phase_ = Phase::kNew;
  bool is_reused_ = false;      // the connection in use carried a request before
  bool tried_again_ = false;    // on a fresh connection
  bool head_too_long_ = false;  // the response's
  bool head_taken_ = false;
  bool paused_ = false;
  long long uploaded_ = 0;
  TimePoint started_;
  TimePoint connecting_since_;
  TimePoint request_sent_;
  TimePoint last_byte_;

  ResponseHeadReader head_;
  std::string received_;  // as sent, not taken yet
  std::unique_ptr<ContentDecoder> decoder_;
  bool unknown_coding_ = false;
  std::optional<ExchangeFailure> failure_;  // of the ended transfer; told once received_ is taken

  boost::asio::steady_timer alarm_;  // expires at the next deadline; cancelled: something came
  bool waiting_ = false;
  std::shared_ptr<Transfer*> self_;  // ends with this: for what was posted here
  Cancellation::Subscription on_cancel_;
};

}  // namespace jackdaw::http
