#include "server/documents_api.h"

#include <boost/json.hpp>

#include <charconv>
#include <span>
#include <utility>

#include "core/log.h"
#include "server/json.h"
#include "store/filename.h"

namespace jackdaw::server {
namespace {

namespace json = boost::json;

// What one file holds of an upload in memory.
constexpr std::size_t kUploadBuffer = 128 * 1024;

// Uploads that may come in at once; each may fill a spool file of its own.
constexpr std::size_t kMaxReceiving = 64;

http::Response json_response(const json::value& body) {
  return {.status = 200,
          .headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}},
          .body = dump(body) + "\n"};
}

json::object several_to_json(const std::vector<FileOutcome>& outcomes) {
  json::array documents;
  for (const FileOutcome& outcome : outcomes) documents.push_back(to_json(outcome));
  return {{"documents", std::move(documents)}};
}

std::string megabytes(std::uint64_t bytes) {
  constexpr std::uint64_t kMega = 1 << 20;
  return bytes % kMega == 0 ? std::to_string(bytes / kMega) + " MiB" : std::to_string(bytes) + " bytes";
}

Error file_too_large(std::uint64_t limit_bytes) {
  return {ErrorCode::kTooLarge, "The file is larger than " + megabytes(limit_bytes) +
                                    ", the most that is taken. Split it, or raise JACKDAW_MAX_UPLOAD_BYTES."};
}

// One file and the words around it, as often as there may be files.
std::uint64_t max_request_bytes(const Config& config) {
  constexpr std::uint64_t kAround = 64 * 1024;
  return (config.max_upload_bytes + kAround) * config.max_upload_files;
}

Error request_too_large(const Config& config) {
  return {ErrorCode::kTooLarge, "The upload is larger than " + std::to_string(config.max_upload_files) + " files of " +
                                    megabytes(config.max_upload_bytes) + " can be. Send it in parts."};
}

// Counts one upload for as long as it lives.
class Counted {
 public:
  explicit Counted(std::size_t& count) : count_(count) { ++count_; }
  ~Counted() { --count_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  std::size_t& count_;
};

// As it stands in the path; anything that is no id names no document.
DocumentId document_id_of(const http::Request& request) {
  const std::string_view id = request.path_value("id");
  if (!is_well_formed_id(id)) {
    throw Error(ErrorCode::kNotFound, "There is no such document. GET /v1/documents lists them.");
  }
  return {std::string(id)};
}

Error no_such_document(const DocumentId& id) {
  return {ErrorCode::kNotFound, "There is no document " + id.value + ". GET /v1/documents lists them."};
}

}  // namespace

// A file in its spool, or why it could not be received.
struct DocumentsApi::Received {
  std::string filename;
  std::optional<store::Spool> spool;
  IncomingFile file;
  std::optional<Error> error;
};

boost::asio::awaitable<DocumentsApi::Received> DocumentsApi::receive(http::MultipartReader& parts, std::string filename,
                                                                     const Cancellation& cancellation) {
  Compute& storage = assembly_.storage();
  const std::uint64_t limit = assembly_.config().max_upload_bytes;
  Received received;
  received.filename = store::clean_filename(filename);
  received.spool.emplace(co_await storage.run(Lane::kInteractive, cancellation,
                                              [this] { return store::Spool(assembly_.config().data_dir); }));
  std::vector<char> buffer(kUploadBuffer);
  for (;;) {
    std::size_t filled = 0;
    while (filled < buffer.size()) {
      const std::size_t got = co_await parts.read_some(std::span(buffer).subspan(filled));
      if (got == 0) break;
      filled += got;
    }
    if (filled == 0) break;
    if (received.error) continue;  // read on to the next file
    if (received.spool->bytes() + filled > limit) {
      received.error = file_too_large(limit);
      received.spool.reset();
      continue;
    }
    co_await storage.run(Lane::kInteractive, cancellation,
                         [&] { received.spool->append(std::as_bytes(std::span(buffer).first(filled))); });
  }
  if (!received.error) received.file = received.spool->finish(filename);
  co_return received;
}

boost::asio::awaitable<std::vector<DocumentsApi::Received>> DocumentsApi::receive_all(http::Request& request) {
  const Config& config = assembly_.config();
  std::uint64_t read = 0;
  const auto source = [&](std::span<char> into) -> boost::asio::awaitable<std::size_t> {
    const std::size_t got = co_await request.read_some(into);
    read += got;
    if (read > max_request_bytes(config)) throw request_too_large(config);
    co_return got;
  };
  http::MultipartReader parts(http::multipart_boundary(request.headers.get("Content-Type")), source);
  std::vector<Received> files;
  while (auto part = co_await parts.next_part()) {
    if (part->name != "file" || !part->filename) continue;
    if (files.size() == config.max_upload_files) {
      throw Error(ErrorCode::kTooLarge, "One upload may hold at most " + std::to_string(config.max_upload_files) +
                                            " files. Send the rest in another.");
    }
    files.push_back(co_await receive(parts, *part->filename, request.cancellation));
  }
  if (files.empty()) {
    throw Error(
        ErrorCode::kInvalidArgument,
        "The upload holds no file. Send multipart/form-data with the field \"file\", as curl -F file=@NAME does.")
        .with_field("file");
  }
  co_return files;
}

boost::asio::awaitable<FileOutcome> DocumentsApi::ingest(Received received, const Cancellation& cancellation) {
  FileOutcome outcome;
  outcome.filename = received.filename;
  outcome.error = std::move(received.error);
  if (outcome.error) co_return outcome;
  try {
    auto result = co_await assembly_.flows().ingestor->ingest(received.file, {}, cancellation);
    outcome.document = std::move(result.document);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled || error.code() == ErrorCode::kShuttingDown) throw;
    if (error.code() == ErrorCode::kInternal) {
      log::error("ingesting a file failed: " + std::string(error.what()));
      outcome.error = Error(ErrorCode::kInternal, "Reading this file failed inside Jackdaw. The log says more.");
    } else {
      outcome.error = error;
    }
  } catch (const std::exception& error) {
    log::error("ingesting a file failed: " + std::string(error.what()));
    outcome.error = Error(ErrorCode::kInternal, "Reading this file failed inside Jackdaw. The log says more.");
  }
  co_return outcome;
}

boost::asio::awaitable<void> DocumentsApi::upload(http::Request& request, http::ResponseWriter& writer) {
  assembly_.flows();  // refuses before the body is read
  const Config& config = assembly_.config();
  if (request.content_length.value_or(0) > max_request_bytes(config)) throw request_too_large(config);
  if (!assembly_.degraded().empty()) throw Error(ErrorCode::kUnavailable, assembly_.degraded());
  if (receiving_ >= kMaxReceiving) {
    throw Error(ErrorCode::kOverloaded, "Too many uploads are coming in already. Try again in a moment.")
        .with_retry_after(std::chrono::seconds(5));
  }
  const Counted counted(receiving_);
  std::vector<Received> files = co_await receive_all(request);
  std::vector<FileOutcome> outcomes;
  for (Received& file : files) outcomes.push_back(co_await ingest(std::move(file), request.cancellation));
  if (outcomes.size() == 1) {
    if (outcomes.front().error) throw *outcomes.front().error;
    co_await writer.send(json_response(to_json(outcomes.front())));
    co_return;
  }
  co_await writer.send(json_response(several_to_json(outcomes)));
}

boost::asio::awaitable<void> DocumentsApi::list(http::Request& request, http::ResponseWriter& writer) {
  DocumentStore& store = assembly_.store();
  const DocumentQuery query = parse_document_query(request);
  DocumentPage page;
  // No document has a tag yet.
  if (request.query_value("tag").value_or("").empty()) {
    page =
        co_await assembly_.storage().run(Lane::kInteractive, request.cancellation, [&] { return store.list(query); });
  }
  co_await writer.send(json_response(to_json(page)));
}

boost::asio::awaitable<void> DocumentsApi::get(http::Request& request, http::ResponseWriter& writer) {
  DocumentStore& store = assembly_.store();
  const DocumentId id = document_id_of(request);
  const auto document =
      co_await assembly_.storage().run(Lane::kInteractive, request.cancellation, [&] { return store.find(id); });
  if (!document) throw no_such_document(id);
  co_await writer.send(json_response(to_json(*document)));
}

boost::asio::awaitable<void> DocumentsApi::remove(http::Request& request, http::ResponseWriter& writer) {
  Flows& flows = assembly_.flows();
  const DocumentId id = document_id_of(request);
  if (!co_await flows.ingestor->remove(id)) throw no_such_document(id);
  http::Response gone;
  gone.status = 204;
  co_await writer.send(std::move(gone));
}

json::object to_json(const FileOutcome& outcome) {
  if (outcome.error) {
    return {{"filename", outcome.filename}, {"status", "failed"}, {"error", error_to_json(*outcome.error)}};
  }
  const Document& document = *outcome.document;
  return {{"document_id", document.id.value},
          {"filename", document.filename},
          {"pages", document.pages},
          {"chunks", document.chunks},
          {"status", "ready"}};
}

DocumentQuery parse_document_query(const http::Request& request) {
  constexpr int kMostDocuments = 200;
  DocumentQuery query;
  if (const auto limit = request.query_value("limit")) {
    int number = 0;
    const auto [end, failure] = std::from_chars(limit->data(), limit->data() + limit->size(), number);
    if (failure != std::errc{} || end != limit->data() + limit->size() || number < 1 || number > kMostDocuments) {
      throw Error(ErrorCode::kInvalidArgument, "limit must be a whole number from 1 to 200.").with_field("limit");
    }
    query.limit = static_cast<std::size_t>(number);
  }
  query.after = request.query_value("after").value_or("");
  query.text = request.query_value("q").value_or("");
  if (const auto status = request.query_value("status")) {
    if (*status != "ready" && *status != "failed") {
      throw Error(ErrorCode::kInvalidArgument, "status must be ready or failed.").with_field("status");
    }
    query.status = *status == "ready" ? DocumentStatus::kReady : DocumentStatus::kFailed;
  }
  return query;
}

}  // namespace jackdaw::server
