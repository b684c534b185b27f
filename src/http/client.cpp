#include "http/client.h"

#include <curl/curl.h>

#include <algorithm>
#include <exception>
#include <new>
#include <utility>

#include "core/error.h"
#include "http/curl_handles.h"
#include "http/response_head_reader.h"

namespace jackdaw::http {
namespace {

struct CurlMimeDeleter {
  void operator()(curl_mime* mime) const noexcept { curl_mime_free(mime); }
};
using CurlMime = std::unique_ptr<curl_mime, CurlMimeDeleter>;

bool is_success(int status) noexcept {
  return status >= 200 && status < 300;
}

}  // namespace

struct Client::Handle {
  CurlEasy easy = make_curl_easy();  // keeps the connection between requests
};

// One request under way.
class Client::Transfer {
 public:
  Transfer(CURL* easy, const ClientRequest& request, const OnBodyBytes& on_body_bytes, const Cancellation& cancellation)
      : easy_(easy), request_(request), on_body_bytes_(on_body_bytes), cancellation_(cancellation) {
    curl_easy_reset(easy_);
    set_safety();
    set_message();
    set_timeouts();
    set_callbacks();
  }

  ClientResponse perform() {
    const CURLcode code = curl_easy_perform(easy_);
    if (failure_) std::rethrow_exception(failure_);
    if (code != CURLE_OK) throw_error(code);
    response_.headers = head_.take_headers();
    return std::move(response_);
  }

 private:
  template <class Value>
  void set(CURLoption option, Value value) {
    if (curl_easy_setopt(easy_, option, value) != CURLE_OK) {
      throw Error(ErrorCode::kInvalidArgument, "The request to " + request_.url + " cannot be made.");
    }
  }

  void set_safety() {
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    // Without it the environment's no_proxy decides.
    if (host_kind_of(request_.url) == HostKind::kLoopback) set(CURLOPT_NOPROXY, "*");
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_TCP_NODELAY, 1L);
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(CURLOPT_ERRORBUFFER, error_text_);
  }

  void set_message() {
    set(CURLOPT_URL, request_.url.c_str());
    // No waiting for "100 Continue", no form encoding by default.
    append_line(fields_, "Expect:");
    if (!request_.headers.contains("Content-Type") && request_.files.empty()) append_line(fields_, "Content-Type:");
    for (const Headers::Field& field : request_.headers) append_field(fields_, field);
    set(CURLOPT_HTTPHEADER, fields_.get());
    if (!request_.files.empty()) {
      set_files();
    } else if (!request_.body.empty() || request_.method == "POST" || request_.method == "PUT") {
      set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
      set(CURLOPT_POSTFIELDS, request_.body.data());
    }
    if (request_.method == "HEAD") {
      set(CURLOPT_NOBODY, 1L);
    } else {
      set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
    }
  }

  void set_files() {
    form_.reset(curl_mime_init(easy_));
    for (const UploadField& field : request_.fields) {
      curl_mimepart* part = curl_mime_addpart(form_.get());
      if (part == nullptr || curl_mime_name(part, field.name.c_str()) != CURLE_OK ||
          curl_mime_data(part, field.value.data(), field.value.size()) != CURLE_OK) {
        throw std::bad_alloc();
      }
    }
    for (const UploadFile& file : request_.files) {
      curl_mimepart* part = curl_mime_addpart(form_.get());
      const std::string filename = file.filename.empty() ? file.path.filename().string() : file.filename;
      if (part == nullptr || curl_mime_name(part, file.field.c_str()) != CURLE_OK ||
          curl_mime_filedata(part, file.path.c_str()) != CURLE_OK ||
          curl_mime_filename(part, filename.c_str()) != CURLE_OK) {
        throw Error(ErrorCode::kNotFound, "Cannot read " + file.path.string() + ". Check its name and its rights.");
      }
    }
    set(CURLOPT_MIMEPOST, form_.get());
  }

  void set_timeouts() {
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request_.connect_timeout.count()));
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(request_.total_timeout.count()));
  }

  void set_callbacks() {
    set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
    set(CURLOPT_HEADERDATA, this);
    set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
    set(CURLOPT_WRITEDATA, this);
    set(CURLOPT_XFERINFOFUNCTION, &Transfer::on_progress);
    set(CURLOPT_XFERINFODATA, this);
    set(CURLOPT_NOPROGRESS, 0L);
  }

  // An exception must not cross the C library: it is kept and thrown by perform().
  template <class Action>
  bool guarded(Action action) noexcept {
    try {
      action();
      return true;
    } catch (...) {
      failure_ = std::current_exception();
      return false;
    }
  }

  static std::size_t on_header(char* data, std::size_t, std::size_t size, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    return transfer.guarded([&] { transfer.take_header_line({data, size}); }) ? size : 0;
  }

  static std::size_t on_body(char* data, std::size_t, std::size_t size, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    return transfer.guarded([&] { transfer.take_body({data, size}); }) ? size : 0;
  }

  static int on_progress(void* self, curl_off_t, curl_off_t received, curl_off_t, curl_off_t sent) {
    auto& transfer = *static_cast<Transfer*>(self);
    return transfer.guarded([&] { transfer.check_progress(received + sent); }) ? 0 : 1;
  }

  void take_header_line(std::string_view line) {
    if (!head_.take_line(line)) {
      throw Error(ErrorCode::kUnavailable, "The header fields of the response of " + request_.url + " are too long.");
    }
    response_.status = head_.status();
  }

  void take_body(std::string_view bytes) {
    if (on_body_bytes_ && is_success(response_.status)) return on_body_bytes_(bytes);
    if (response_.body.size() + bytes.size() > request_.max_body_bytes) {
      throw Error(ErrorCode::kTooLarge, "The response of " + request_.url + " is larger than " +
                                            std::to_string(request_.max_body_bytes) + " bytes.");
    }
    response_.body += bytes;
  }

  void check_progress(curl_off_t bytes) {
    cancellation_.throw_if_requested();
    const TimePoint now = SteadyClock::now();
    if (bytes != bytes_seen_) {
      bytes_seen_ = bytes;
      last_progress_ = now;
    }
    if (request_.idle_timeout.count() > 0 && now - last_progress_ >= request_.idle_timeout) {
      throw Error(ErrorCode::kDeadlineExceeded, "The server at " + request_.url + " was silent for too long.");
    }
  }

  [[noreturn]] void throw_error(CURLcode code) const {
    const std::string why = error_text_[0] != '\0' ? error_text_ : curl_easy_strerror(code);
    switch (code) {
      case CURLE_URL_MALFORMAT:
      case CURLE_UNSUPPORTED_PROTOCOL:
        throw Error(ErrorCode::kInvalidArgument, "'" + request_.url + "' is not an http or https address.");
      case CURLE_OPERATION_TIMEDOUT:
        throw Error(ErrorCode::kDeadlineExceeded, "The request to " + request_.url + " took too long: " + why + ".");
      case CURLE_READ_ERROR: throw Error(ErrorCode::kNotFound, "A file to be sent cannot be read: " + why + ".");
      default: throw Error(ErrorCode::kUnavailable, "The request to " + request_.url + " failed: " + why + ".");
    }
  }

  CURL* easy_;
  const ClientRequest& request_;
  const OnBodyBytes& on_body_bytes_;
  const Cancellation& cancellation_;
  CurlList fields_;
  CurlMime form_;
  char error_text_[CURL_ERROR_SIZE] = {};
  ResponseHeadReader head_;
  ClientResponse response_;
  std::exception_ptr failure_;
  curl_off_t bytes_seen_ = 0;
  TimePoint last_progress_ = SteadyClock::now();
};

Client::Client() : handle_(std::make_unique<Handle>()) {}
Client::~Client() = default;

ClientResponse Client::request(const ClientRequest& request, const OnBodyBytes& on_body_bytes,
                               const Cancellation& cancellation) {
  cancellation.throw_if_requested();
  Transfer transfer(handle_->easy.get(), request, on_body_bytes, cancellation);
  return transfer.perform();
}

}  // namespace jackdaw::http
