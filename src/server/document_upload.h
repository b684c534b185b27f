#pragma once

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/compute.h"
#include "core/document.h"
#include "core/error.h"
#include "core/job_store.h"
#include "http/request.h"
#include "server/config.h"
#include "store/spool.h"

namespace jackdaw::server {

// What is said of the files of an upload; all checked.
struct UploadFields {
  std::string title;
  std::vector<std::string> tags;
  std::string password;
  std::string source;  // an absolute path
  bool partial = false;
};

// A file in its spool, or why it could not be received.
struct ReceivedFile {
  std::string filename;
  std::optional<store::Spool> spool;
  IncomingFile file;
  std::optional<Error> error;
};

struct ReceivedUpload {
  std::vector<ReceivedFile> files;  // at least one
  UploadFields fields;
};

// Takes the files of a request in: each goes to a spool file as it comes, so that memory does not grow with it. Lives
// on the I/O thread and longer than its coroutines. Throws Error: kTooLarge, kInvalidArgument, kOverloaded while too
// many uploads come in, kUnsupportedMediaType for what is no form where one must be.
class UploadReceiver {
 public:
  UploadReceiver(const Config& config, Compute& storage) : config_(config), storage_(storage) {}

  // multipart/form-data: any number of `file` and the fields title, tags, password, source and partial, in any order.
  boost::asio::awaitable<ReceivedUpload> receive_form(http::Request& request);

  // A form, or the bytes of one file with its name in Content-Disposition or `?filename=` and the fields in the query.
  boost::asio::awaitable<ReceivedUpload> receive(http::Request& request);

 private:
  using Source = std::function<boost::asio::awaitable<std::size_t>(std::span<char>)>;
  boost::asio::awaitable<ReceivedUpload> receive_bytes(http::Request& request);
  boost::asio::awaitable<ReceivedFile> receive_file(Source source, std::string filename, Cancellation cancellation);

  const Config& config_;
  Compute& storage_;
  std::size_t receiving_ = 0;
};

// "true" or "false", "1" or "0". Throws Error kInvalidArgument naming the field.
bool parse_boolean(std::string_view field, std::string_view value);

// Trimmed. Throws Error kInvalidArgument for text that is not UTF-8, holds control characters or is too long.
std::string clean_title(std::string_view title);

// The file's way into the queue.
NewUpload to_new_upload(const IncomingFile& file, const UploadFields& fields, std::optional<DocumentId> replaces);

}  // namespace jackdaw::server
