// How a transfer's handle of libcurl is set up.
#include <curl/curl.h>
#include <sys/socket.h>

#include <algorithm>
#include <string>

#include "core/error.h"
#include "http/transfer.h"

namespace jackdaw::http {
namespace {

// Small, because thousands of streams stand open; a token's frame is a few hundred bytes.
constexpr long kReceiveBufferBytes = 2 * 1024;
constexpr long kUploadBufferBytes = 16 * 1024;
// libcurl sends a body up to this size together with the head.
constexpr std::size_t kSentAtOnceBytes = 64 * 1024;
constexpr long kKeepAliveSeconds = 60;
// libcurl counts in a signed number, and adds.
constexpr std::chrono::milliseconds kLongest = std::chrono::hours(24 * 365);

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
  static curl_socket_t open_socket(void* self, curlsocktype, curl_sockaddr* address) noexcept {
    static_cast<Transfer*>(self)->on_connection_begins();
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  }
};

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
  set(CURLOPT_OPENSOCKETDATA, this);
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

}  // namespace jackdaw::http
