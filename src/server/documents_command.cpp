#include "server/documents_command.h"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "core/error.h"
#include "server/commands.h"
#include "server/document_json.h"
#include "server/door.h"
#include "server/json.h"
#include "server/shown_json.h"

namespace jackdaw::server {
namespace {

namespace json = boost::json;

constexpr std::size_t kMostNameColumns = 48;

Error no_such_document(const std::string& id) {
  return {ErrorCode::kNotFound, "There is no document " + id + ". 'jackdaw documents' lists them."};
}

std::string tags_of(const json::object& document) {
  std::string text;
  const json::value* tags = document.if_contains("tags");
  if (tags == nullptr || !tags->is_array()) return text;
  for (const json::value& tag : tags->get_array()) {
    text += (text.empty() ? "" : ", ") + harmless_name(std::string_view(tag.as_string()));
  }
  return text;
}

std::string status_of(const json::object& document) {
  const json::value* replacement = document.if_contains("replacement");
  std::string text = shown(document, "status");
  if (replacement != nullptr && replacement->is_object()) {
    text += ", new version " + shown(replacement->get_object(), "status");
  }
  return text;
}

// Why it, or its replacement, is not there or not whole.
std::string error_of(const json::object& document) {
  const json::object* about = &document;
  const json::value* replacement = document.if_contains("replacement");
  if (replacement != nullptr && replacement->is_object()) about = &replacement->get_object();
  const json::value* error = about->if_contains("error");
  if (error == nullptr || !error->is_object()) return "";
  return harmless_name(shown(error->get_object(), "message")) + " (" + shown(error->get_object(), "code") + ")";
}

using Row = std::vector<std::string>;

std::string joined(const Row& row, const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t i = 0; i < row.size(); ++i) {
    line += row[i];
    if (i + 1 < row.size()) line.append(widths[i] - std::min(widths[i], columns_of(row[i])) + 2, ' ');
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

void print_table(const json::array& documents, Terminal& terminal) {
  std::vector<Row> rows{{"ID", "STATUS", "PAGES", "PASSAGES", "NAME", "TAGS"}};
  for (const json::value& value : documents) {
    const json::object& document = value.as_object();
    rows.push_back({shown(document, "document_id"), status_of(document), shown(document, "pages"),
                    shown(document, "chunks"), shorten(harmless_name(shown(document, "filename")), kMostNameColumns),
                    tags_of(document)});
  }
  std::vector<std::size_t> widths(rows.front().size());
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns_of(row[i]));
  }
  terminal.line(terminal.dim(joined(rows.front(), widths)));
  for (std::size_t i = 1; i < rows.size(); ++i) {
    terminal.line(joined(rows[i], widths));
    const std::string error = error_of(documents[i - 1].as_object());
    if (!error.empty()) terminal.line(terminal.red("    " + error));
  }
}

// Also those whose new version failed: it is what somebody waits for.
bool has_failed(const json::value& document) {
  return shown(document.as_object(), "status") == "failed" || !error_of(document.as_object()).empty();
}

int list(const DocumentsCommand& command, Door& door, Terminal& terminal) {
  DocumentQuery query;
  query.tag = command.tag;
  json::object found = door.documents(query);
  json::array& documents = found.at("documents").as_array();
  if (command.failed) {
    json::array failed;
    for (json::value& document : documents) {
      if (has_failed(document)) failed.push_back(std::move(document));
    }
    documents = std::move(failed);
  }
  if (command.as_json) {
    terminal.line(dump(found));
  } else if (!documents.empty()) {
    print_table(documents, terminal);
  } else if (command.failed || !command.tag.empty()) {
    terminal.line("No such documents.");
  } else {
    terminal.line("No documents yet. Add one: jackdaw ingest FILE.pdf");
  }
  return kExitOk;
}

int remove(const DocumentsCommand& command, Door& door, Terminal& terminal) {
  if (!door.remove({command.delete_id})) throw no_such_document(command.delete_id);
  terminal.line(command.as_json ? "{\"deleted\": true}" : "Deleted.");
  return kExitOk;
}

int cancel(const DocumentsCommand& command, Door& door, Terminal& terminal) {
  const Document document = door.cancel({command.cancel_id});
  terminal.line(command.as_json ? dump(to_json(document)) : "Cancelled.");
  return kExitOk;
}

int retry(const DocumentsCommand& command, Door& door, Terminal& terminal) {
  door.retry({command.retry_id}, "");
  const Document document = door.follow({command.retry_id}, [](const ingest::JobProgress&) {});
  if (command.as_json) terminal.line(dump(to_json(document)));
  if (const auto failure = failure_of(document)) {
    if (!command.as_json) terminal.complain(failure->what());
    return kExitFailed;
  }
  if (!command.as_json) terminal.line("Ready.");
  return kExitOk;
}

}  // namespace

int run_documents_command(const DocumentsCommand& command, const Config& config, Terminal& terminal,
                          const Cancellation& cancellation) {
  // Reading again takes the models, and so does cancelling: it is the queue that stops what it runs.
  const bool reads = !command.retry_id.empty() || !command.cancel_id.empty();
  const auto door = open_door(config, reads ? DoorNeeds::kAnswers : DoorNeeds::kDocuments, cancellation);
  if (!command.delete_id.empty()) return remove(command, *door, terminal);
  if (!command.cancel_id.empty()) return cancel(command, *door, terminal);
  if (!command.retry_id.empty()) return retry(command, *door, terminal);
  return list(command, *door, terminal);
}

}  // namespace jackdaw::server
