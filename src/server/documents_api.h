#pragma once

#include <boost/asio/awaitable.hpp>

#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "http/multipart.h"
#include "http/request.h"
#include "http/response.h"
#include "server/assembly.h"
#include "store/spool.h"

namespace boost::json {
class object;
}  // namespace boost::json

namespace jackdaw::server {

// What became of one file that was handed in.
struct FileOutcome {
  std::string filename;
  std::optional<Document> document;  // ready
  std::optional<Error> error;        // failed
};

// The routes of documents: POST /upload, GET /v1/documents, GET and DELETE /v1/documents/{id}. Lives on the I/O thread
// and longer than the server.
class DocumentsApi {
 public:
  explicit DocumentsApi(Assembly& assembly) : assembly_(assembly) {}

  boost::asio::awaitable<void> upload(http::Request& request, http::ResponseWriter& writer);
  boost::asio::awaitable<void> list(http::Request& request, http::ResponseWriter& writer);
  boost::asio::awaitable<void> get(http::Request& request, http::ResponseWriter& writer);
  boost::asio::awaitable<void> remove(http::Request& request, http::ResponseWriter& writer);

 private:
  struct Received;
  boost::asio::awaitable<std::vector<Received>> receive_all(http::Request& request);
  boost::asio::awaitable<Received> receive(http::MultipartReader& parts, std::string filename,
                                           const Cancellation& cancellation);
  boost::asio::awaitable<FileOutcome> ingest(Received received, const Cancellation& cancellation);

  Assembly& assembly_;
  std::size_t receiving_ = 0;  // uploads being received or read
};

// `{"document_id", "filename", "pages", "chunks", "status": "ready"}`, or `status: "failed"` with `error`.
boost::json::object to_json(const FileOutcome& outcome);

// The list's query parameters. Throws Error kInvalidArgument.
DocumentQuery parse_document_query(const http::Request& request);

}  // namespace jackdaw::server
