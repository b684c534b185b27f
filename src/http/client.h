#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/cancellation.h"
#include "http/headers.h"

namespace jackdaw::http {

// A text to be sent as one part of multipart/form-data, before the files.
struct UploadField {
  std::string name;
  std::string value;
};

// A file to be sent as one part of multipart/form-data, streamed from disk.
struct UploadFile {
  std::string field = "file";
  std::filesystem::path path;
  std::string filename;  // empty: the path's last part
};

struct ClientRequest {
  std::string method = "GET";
  std::string url;  // http or https
  Headers headers;
  std::string body;                 // sent when there are no files
  std::vector<UploadFile> files;    // not empty: the body is multipart/form-data
  std::vector<UploadField> fields;  // sent with the files
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds idle_timeout{0};      // without a byte in either direction; 0: none
  std::chrono::milliseconds total_timeout{0};     // 0: none
  std::size_t max_body_bytes = 64 * 1024 * 1024;  // of ClientResponse::body
};

struct ClientResponse {
  int status = 0;
  Headers headers;
  std::string body;  // empty where the body went to on_body_bytes
};

// A blocking HTTP client, for the command line. Keeps its connection between requests. One thread at a time. Follows no
// redirect; uses no proxy for a loopback host.
class Client {
 public:
  using OnBodyBytes = std::function<void(std::string_view)>;

  Client();
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Any status is a response. With a callback the body of a 2xx response goes there piece by piece as it arrives; what
  // the callback throws ends the request and comes out here. Throws Error: kUnavailable when the server cannot be
  // reached or hangs up, kDeadlineExceeded for a timeout, kTooLarge for a body beyond the limit, kNotFound for a file
  // that cannot be read, kInvalidArgument for a URL that is none, and what `cancellation` asks for.
  ClientResponse request(const ClientRequest& request, const OnBodyBytes& on_body_bytes = {},
                         const Cancellation& cancellation = {});

 private:
  class Transfer;
  struct Handle;
  std::unique_ptr<Handle> handle_;
};

}  // namespace jackdaw::http
