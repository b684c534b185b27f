#pragma once

#include <boost/asio/awaitable.hpp>

#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "http/request.h"
#include "http/response.h"
#include "server/assembly.h"
#include "server/document_json.h"
#include "server/document_upload.h"

namespace jackdaw::server {

// The routes of documents: POST /upload and all of /v1/documents. Lives on the I/O thread and longer than the server.
class DocumentsApi {
 public:
  explicit DocumentsApi(Assembly& assembly);

  // The simple door: answers when the files are searchable.
  boost::asio::awaitable<void> upload(http::Request& request, http::ResponseWriter& writer);

  boost::asio::awaitable<void> create(http::Request& request, http::ResponseWriter& writer);
  boost::asio::awaitable<void> replace(http::Request& request, http::ResponseWriter& writer);
  boost::asio::awaitable<void> edit(http::Request& request, http::ResponseWriter& writer);
  boost::asio::awaitable<void> remove(http::Request& request, http::ResponseWriter& writer);
  boost::asio::awaitable<void> cancel(http::Request& request, http::ResponseWriter& writer);
  boost::asio::awaitable<void> retry(http::Request& request, http::ResponseWriter& writer);

  boost::asio::awaitable<void> list(http::Request& request, http::ResponseWriter& writer);
  boost::asio::awaitable<void> get(http::Request& request, http::ResponseWriter& writer);
  boost::asio::awaitable<void> events(http::Request& request, http::ResponseWriter& writer);
  boost::asio::awaitable<void> content(http::Request& request, http::ResponseWriter& writer);
  boost::asio::awaitable<void> chunks(http::Request& request, http::ResponseWriter& writer);
  boost::asio::awaitable<void> page(http::Request& request, http::ResponseWriter& writer);

 private:
  struct Batch;
  // One file of the simple door, beside others.
  static boost::asio::awaitable<FileOutcome> ingest(Assembly& assembly, ReceivedFile file, UploadFields fields,
                                                    Cancellation cancellation);
  boost::asio::awaitable<std::vector<FileOutcome>> ingest_all(ReceivedUpload upload, Cancellation cancellation);

  boost::asio::awaitable<void> create_one(http::Request& request, http::ResponseWriter& writer, ReceivedUpload upload,
                                          std::optional<DocumentId> replaces);
  boost::asio::awaitable<void> create_several(http::Request& request, http::ResponseWriter& writer,
                                              ReceivedUpload upload);
  boost::asio::awaitable<Document> find(DocumentId id, Cancellation cancellation);
  ProgressOf progress_of();
  // Refuses before the body is read.
  ingest::IngestQueue& queue_to_read();

  Assembly& assembly_;
  UploadReceiver receiver_;
};

// The list's query parameters. Throws Error kInvalidArgument.
DocumentQuery parse_document_query(const http::Request& request);

}  // namespace jackdaw::server
