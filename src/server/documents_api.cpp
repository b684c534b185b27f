#include "server/documents_api.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>

#include <array>
#include <charconv>
#include <memory>
#include <utility>

#include "core/log.h"
#include "server/api.h"
#include "server/document_content.h"
#include "server/document_events.h"
#include "server/error_response.h"
#include "server/json.h"

namespace jackdaw::server {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;

http::Response located(http::Response response, const DocumentId& id) {
  response.headers.set("Location", "/v1/documents/" + id.value);
  return response;
}

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

bool wants_to_wait(const http::Request& request) {
  const auto wait = request.query_value("wait");
  return wait && parse_boolean("wait", *wait);
}

std::optional<int> whole_number(std::string_view text) {
  int number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

DocumentStatus parse_status(std::string_view word) {
  // What is being read is queued, for the store.
  static constexpr std::array<std::pair<std::string_view, DocumentStatus>, 6> kWords{
      {{"ready", DocumentStatus::kReady},
       {"failed", DocumentStatus::kFailed},
       {"queued", DocumentStatus::kQueued},
       {"extracting", DocumentStatus::kQueued},
       {"embedding", DocumentStatus::kQueued},
       {"cancelled", DocumentStatus::kCancelled}}};
  for (const auto& [name, status] : kWords) {
    if (word == name) return status;
  }
  throw Error(ErrorCode::kInvalidArgument,
              "status must be one of ready, failed, queued, extracting, embedding, cancelled.")
      .with_field("status");
}

DocumentEdit parse_edit(std::string_view body) {
  const JsonFields fields(body);
  DocumentEdit edit;
  if (const auto title = fields.text("title")) edit.title = clean_title(*title);
  if (const auto tags = fields.texts("tags")) edit.tags = clean_tags(*tags);
  return edit;
}

// The body of a retry may be left out.
std::string parse_password(std::string_view body) {
  if (body.empty()) return {};
  return JsonFields(body).text("password").value_or("");
}

Error hidden_failure(const std::string& why) {
  log::error("ingesting a file failed: " + why);
  return {ErrorCode::kInternal, "Reading this file failed inside Jackdaw. The log says more."};
}

}  // namespace

DocumentsApi::DocumentsApi(Assembly& assembly)
    : assembly_(assembly), receiver_(assembly.config(), assembly.storage()) {}

ingest::IngestQueue& DocumentsApi::queue_to_read() {
  Flows& flows = assembly_.flows();
  if (!assembly_.degraded().empty()) throw Error(ErrorCode::kUnavailable, assembly_.degraded());
  return *flows.queue;
}

ProgressOf DocumentsApi::progress_of() {
  if (!assembly_.ready()) return [](const DocumentId&) { return std::nullopt; };
  return [&queue = *assembly_.flows().queue](const DocumentId& id) { return queue.progress(id); };
}

asio::awaitable<Document> DocumentsApi::find(DocumentId id, Cancellation cancellation) {
  DocumentStore& store = assembly_.store();
  auto document = co_await assembly_.storage().run(Lane::kInteractive, cancellation, [&] { return store.find(id); });
  if (!document) throw no_such_document(id);
  co_return std::move(*document);
}

// ---- the simple door -----------------------------------------------------------------------------------------------

asio::awaitable<FileOutcome> DocumentsApi::ingest(Assembly& assembly, ReceivedFile file, UploadFields fields,
                                                  Cancellation cancellation) {
  FileOutcome outcome;
  outcome.filename = file.filename;
  outcome.error = std::move(file.error);
  if (outcome.error) co_return outcome;
  try {
    NewUpload upload = to_new_upload(file.file, fields, std::nullopt);
    Accepted accepted =
        co_await assembly.flows().queue->ingest(std::move(upload), std::move(fields.password), cancellation);
    outcome.document = std::move(accepted.document);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kShuttingDown || cancellation.requested()) throw;
    outcome.error = error.code() == ErrorCode::kInternal ? hidden_failure(error.what()) : error;
  } catch (const std::exception& error) {
    outcome.error = hidden_failure(error.what());
  }
  co_return outcome;
}

// Files of one request that are taken in side by side.
struct DocumentsApi::Batch {
  Batch(const asio::any_io_executor& executor, std::size_t files) : outcomes(files), left(files), done(executor) {
    done.expires_at(TimePoint::max());
  }
  std::vector<FileOutcome> outcomes;
  std::size_t left;
  std::exception_ptr failure;
  asio::steady_timer done;
};

asio::awaitable<std::vector<FileOutcome>> DocumentsApi::ingest_all(ReceivedUpload upload, Cancellation cancellation) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const auto batch = std::make_shared<Batch>(executor, upload.files.size());
  for (std::size_t i = 0; i < upload.files.size(); ++i) {
    asio::co_spawn(executor, ingest(assembly_, std::move(upload.files[i]), upload.fields, cancellation),
                   [batch, i](std::exception_ptr failure, FileOutcome outcome) {
                     if (failure && !batch->failure) batch->failure = std::move(failure);
                     batch->outcomes[i] = std::move(outcome);
                     if (--batch->left == 0) batch->done.cancel();
                   });
  }
  while (batch->left > 0) {
    boost::system::error_code ignored;
    co_await batch->done.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  if (batch->failure) std::rethrow_exception(batch->failure);
  co_return std::move(batch->outcomes);
}

asio::awaitable<void> DocumentsApi::upload(http::Request& request, http::ResponseWriter& writer) {
  queue_to_read();
  ReceivedUpload upload = co_await receiver_.receive_form(request);
  const std::vector<FileOutcome> outcomes = co_await ingest_all(std::move(upload), request.cancellation);
  if (outcomes.size() == 1) {
    if (outcomes.front().error) throw *outcomes.front().error;
    http::Response response = json_response(200, to_json(outcomes.front()));
    co_return co_await writer.send(std::move(response));
  }
  json::array documents;
  for (const FileOutcome& outcome : outcomes) documents.push_back(to_json(outcome));
  json::object body;
  body["documents"] = std::move(documents);
  http::Response response = json_response(200, body);
  co_await writer.send(std::move(response));
}

// ---- the full door: what changes the collection --------------------------------------------------------------------

asio::awaitable<void> DocumentsApi::create_one(http::Request& request, http::ResponseWriter& writer,
                                               ReceivedUpload upload, std::optional<DocumentId> replaces) {
  ingest::IngestQueue& queue = queue_to_read();
  const bool wait = wants_to_wait(request);
  ReceivedFile& file = upload.files.front();
  if (file.error) throw *file.error;
  const bool is_replacement = replaces.has_value();
  NewUpload wanted = to_new_upload(file.file, upload.fields, std::move(replaces));
  Accepted accepted = co_await queue.submit(std::move(wanted), std::move(upload.fields.password));
  const DocumentId id = accepted.document.id;
  const bool is_stored = accepted.already_known && accepted.document.status == DocumentStatus::kReady;
  const bool is_there = is_stored && !queue.progress(id);  // else the index does not have it yet
  if (wait && !is_there) {
    accepted.document = co_await queue.wait(id, request.cancellation);
    const bool other_replaces = accepted.document.status == DocumentStatus::kReady && !is_replacement;
    const auto failure = other_replaces ? std::nullopt : failure_of(accepted.document);
    if (failure) {
      http::Response response = located(render_error(*failure, &request), id);
      co_return co_await writer.send(std::move(response));
    }
  }
  const int status = wait || accepted.already_known ? 200 : 202;
  http::Response response = located(json_response(status, to_json(accepted.document, queue.progress(id))), id);
  co_await writer.send(std::move(response));
}

asio::awaitable<void> DocumentsApi::create_several(http::Request& request, http::ResponseWriter& writer,
                                                   ReceivedUpload upload) {
  ingest::IngestQueue& queue = queue_to_read();
  const bool wait = wants_to_wait(request);
  std::vector<FileOutcome> outcomes;
  for (ReceivedFile& file : upload.files) {
    FileOutcome outcome{.filename = file.filename, .document = {}, .error = std::move(file.error)};
    try {
      if (!outcome.error) {
        NewUpload wanted = to_new_upload(file.file, upload.fields, std::nullopt);
        Accepted accepted = co_await queue.submit(std::move(wanted), upload.fields.password);
        outcome.document = std::move(accepted.document);
      }
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kShuttingDown) throw;
      outcome.error = error.code() == ErrorCode::kInternal ? hidden_failure(error.what()) : error;
    }
    outcomes.push_back(std::move(outcome));
  }
  json::array documents;
  const ProgressOf progress = progress_of();
  for (FileOutcome& outcome : outcomes) {
    try {
      if (wait && outcome.document) {
        outcome.document = co_await queue.wait(outcome.document->id, request.cancellation);
      }
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kNotFound) throw;  // deleted while others were waited for
      outcome.document.reset();
      outcome.error = error;
    }
    documents.push_back(accepted_to_json(outcome, progress));
  }
  json::object body;
  body["documents"] = std::move(documents);
  http::Response response = json_response(wait ? 200 : 202, body);
  co_await writer.send(std::move(response));
}

asio::awaitable<void> DocumentsApi::create(http::Request& request, http::ResponseWriter& writer) {
  queue_to_read();
  wants_to_wait(request);
  ReceivedUpload upload = co_await receiver_.receive(request);
  if (upload.files.size() == 1) {
    co_await create_one(request, writer, std::move(upload), std::nullopt);
  } else {
    co_await create_several(request, writer, std::move(upload));
  }
}

asio::awaitable<void> DocumentsApi::replace(http::Request& request, http::ResponseWriter& writer) {
  queue_to_read();
  wants_to_wait(request);
  const DocumentId id = document_id_of(request);
  co_await find(id, request.cancellation);  // an unknown one is refused before its body is read
  ReceivedUpload upload = co_await receiver_.receive(request);
  if (upload.files.size() != 1) {
    throw Error(ErrorCode::kInvalidArgument, "A document is replaced by one file, not by several.").with_field("file");
  }
  co_await create_one(request, writer, std::move(upload), id);
}

asio::awaitable<void> DocumentsApi::edit(http::Request& request, http::ResponseWriter& writer) {
  assembly_.flows();
  const DocumentId id = document_id_of(request);
  const std::string body = co_await request.read_body(assembly_.config().max_json_bytes);
  const DocumentEdit wanted = parse_edit(body);
  DocumentStore& store = assembly_.store();
  const auto document =
      co_await assembly_.writing().run(Lane::kInteractive, Cancellation(), [&] { return store.edit(id, wanted); });
  if (!document) throw no_such_document(id);
  http::Response response = json_response(200, to_json(*document, progress_of()(id)));
  co_await writer.send(std::move(response));
}

asio::awaitable<void> DocumentsApi::remove(http::Request& request, http::ResponseWriter& writer) {
  Flows& flows = assembly_.flows();
  const DocumentId id = document_id_of(request);
  const bool removed = co_await flows.queue->remove(id);
  if (!removed) throw no_such_document(id);
  http::Response gone;
  gone.status = 204;
  co_await writer.send(std::move(gone));
}

asio::awaitable<void> DocumentsApi::cancel(http::Request& request, http::ResponseWriter& writer) {
  Flows& flows = assembly_.flows();
  const DocumentId id = document_id_of(request);
  const Document document = co_await flows.queue->cancel(id);
  http::Response response = json_response(200, to_json(document));
  co_await writer.send(std::move(response));
}

asio::awaitable<void> DocumentsApi::retry(http::Request& request, http::ResponseWriter& writer) {
  ingest::IngestQueue& queue = queue_to_read();
  const DocumentId id = document_id_of(request);
  const std::string body = co_await request.read_body(assembly_.config().max_json_bytes);
  std::string password = parse_password(body);
  const Document document = co_await queue.retry(id, std::move(password));
  http::Response response = located(json_response(202, to_json(document, queue.progress(id))), id);
  co_await writer.send(std::move(response));
}

// ---- the full door: what looks at it -------------------------------------------------------------------------------

asio::awaitable<void> DocumentsApi::list(http::Request& request, http::ResponseWriter& writer) {
  DocumentStore& store = assembly_.store();
  const DocumentQuery query = parse_document_query(request);
  const DocumentPage page =
      co_await assembly_.storage().run(Lane::kInteractive, request.cancellation, [&] { return store.list(query); });
  http::Response response = json_response(200, to_json(page, progress_of()));
  co_await writer.send(std::move(response));
}

asio::awaitable<void> DocumentsApi::get(http::Request& request, http::ResponseWriter& writer) {
  const DocumentId id = document_id_of(request);
  const Document document = co_await find(id, request.cancellation);
  http::Response response = json_response(200, to_json(document, progress_of()(id)));
  co_await writer.send(std::move(response));
}

asio::awaitable<void> DocumentsApi::events(http::Request& request, http::ResponseWriter& writer) {
  const DocumentId id = document_id_of(request);
  ingest::IngestQueue::Follower follower = co_await assembly_.flows().queue->follow(id);
  DocumentStore& store = assembly_.store();
  const FindDocument look = [&]() {
    return assembly_.storage().run(Lane::kInteractive, request.cancellation, [&] { return store.find(id); });
  };
  co_await stream_progress(writer, follower, look, request.cancellation, assembly_.stopping());
}

asio::awaitable<void> DocumentsApi::content(http::Request& request, http::ResponseWriter& writer) {
  DocumentStore& store = assembly_.store();
  DocumentId id = document_id_of(request);
  co_await send_content(request, writer, std::move(id), store, assembly_.storage());
}

asio::awaitable<void> DocumentsApi::chunks(http::Request& request, http::ResponseWriter& writer) {
  const DocumentId id = document_id_of(request);
  const std::size_t limit = parse_limit(request);
  const std::string after(request.query_value("after").value_or(""));
  co_await find(id, request.cancellation);
  DocumentStore& store = assembly_.store();
  const ChunkPage page = co_await assembly_.storage().run(Lane::kInteractive, request.cancellation,
                                                          [&] { return store.chunks_of(id, limit, after); });
  http::Response response = json_response(200, to_json(page));
  co_await writer.send(std::move(response));
}

asio::awaitable<void> DocumentsApi::page(http::Request& request, http::ResponseWriter& writer) {
  const DocumentId id = document_id_of(request);
  const int number = whole_number(request.path_value("n")).value_or(0);
  const Document document = co_await find(id, request.cancellation);
  DocumentStore& store = assembly_.store();
  // A page may be large: its words become text on a thread that may take its time.
  const auto body =
      co_await assembly_.storage().run(Lane::kInteractive, request.cancellation, [&]() -> std::optional<std::string> {
        const auto page = number > 0 ? store.page(id, number) : std::nullopt;
        if (!page) return std::nullopt;
        return dump(page_to_json(id, *page, document.pages > 0));
      });
  if (!body) {
    throw Error(ErrorCode::kNotFound, "\"" + document.filename + "\" has no page " +
                                          std::string(request.path_value("n")) + " that was read.");
  }
  http::Response response = json_response(200, {});
  response.body = *body + "\n";
  co_await writer.send(std::move(response));
}

DocumentQuery parse_document_query(const http::Request& request) {
  DocumentQuery query;
  query.limit = parse_limit(request);
  query.after = request.query_value("after").value_or("");
  query.text = request.query_value("q").value_or("");
  query.tag = request.query_value("tag").value_or("");
  query.source = request.query_value("source").value_or("");
  const auto status = request.query_value("status");
  if (status) query.status = parse_status(*status);
  return query;
}

}  // namespace jackdaw::server
