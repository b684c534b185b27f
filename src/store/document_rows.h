#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/document_store.h"
#include "core/job_store.h"
#include "store/sqlite.h"

namespace jackdaw::store {

// Documents as rows and back: the one place that knows both their columns (docs/storage_format.md) and the words of
// core. Plain functions on one connection; the caller holds the transaction. Throw what Database throws.

// How a status stands in the columns `documents.status` and `jobs.state`.
std::int64_t to_column(DocumentStatus status) noexcept;
DocumentStatus to_status(std::int64_t column);

// Three columns from `first` on: code, message, page. An empty code: no failure.
std::optional<DocumentFailure> read_failure(const Statement& row, int first);

// A document with the number that orders it.
struct NumberedDocument {
  std::int64_t number = 0;
  Document document;
};

// A queued document of the upload, whose job is inserted next. Returns its number.
std::int64_t insert_document(Database& database, const DocumentId& id, const NewUpload& upload, WallTime now);
// A document that was never read becomes that of other bytes; what the upload does not say stays.
void describe_unread(Database& database, std::int64_t document, const NewUpload& upload);
void set_status(Database& database, std::int64_t document, DocumentStatus status);

// What a document of version `job` is called and where it is from, once it was read.
struct NewVersion {
  std::string sha256;
  std::string filename;
  std::uint64_t bytes = 0;
  std::string title;              // of the person; empty: what the document has of the person, else what was read
  std::vector<std::string> tags;  // empty: as before, like the next
  std::string source;
};
void make_ready(Database& database, std::int64_t document, const NewVersion& version, const ReadDocument& read);

// Throws kInvalidArgument (field "title").
void check_title(const std::string& title, std::size_t max_characters);
void apply_edit(Database& database, std::int64_t document, const DocumentEdit& edit);

std::optional<NumberedDocument> select_by_id(Database& database, const DocumentId& id);
std::optional<NumberedDocument> select_by_number(Database& database, std::int64_t number);
// The document of these bytes, or whose job is about them.
std::optional<NumberedDocument> select_by_sha256(Database& database, std::string_view sha256);
// At most `limit` documents behind number `after` that match `query`, in order.
std::vector<NumberedDocument> select_documents(Database& database, const DocumentQuery& query, std::int64_t after,
                                               std::size_t limit);
std::vector<DocumentId> select_matching(Database& database, const DocumentFilter& filter);

}  // namespace jackdaw::store
