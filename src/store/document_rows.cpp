#include "store/document_rows.h"

#include <algorithm>
#include <set>

#include "core/error.h"
#include "core/text.h"
#include "store/list_codec.h"
#include "store/wall_time_column.h"

namespace jackdaw::store {
namespace {

constexpr std::int64_t kReady = 0;
constexpr std::int64_t kFailed = 1;
constexpr std::int64_t kQueued = 2;
constexpr std::int64_t kCancelled = 3;

const std::string kDocumentQuery =
    "SELECT documents.number, documents.id, documents.sha256, documents.filename, documents.title, "
    "documents.media_type, documents.bytes, documents.pages, documents.chunks, documents.status, "
    "documents.created_ns, documents.source, documents.pages_without_text, documents.failure_code, "
    "documents.failure_message, documents.failure_page, jobs.state, jobs.filename, jobs.sha256, jobs.bytes, "
    "jobs.failure_code, jobs.failure_message, jobs.failure_page, jobs.number "
    "FROM documents LEFT JOIN jobs ON jobs.document = documents.number ";

// The columns behind the document's own are those of its job, if it has one.
void read_job(const Statement& row, Document& document) {
  if (row.integer(23) == 0) return;
  std::optional<DocumentFailure> failure = read_failure(row, 20);
  if (document.status != DocumentStatus::kReady) {
    document.failure = std::move(failure);
    return;
  }
  document.replacement = Replacement{.status = to_status(row.integer(16)),
                                     .filename = std::string(row.text(17)),
                                     .sha256 = std::string(row.text(18)),
                                     .bytes = static_cast<std::uint64_t>(row.integer(19)),
                                     .failure = std::move(failure)};
}

NumberedDocument read_document(const Statement& row) {
  NumberedDocument read{.number = row.integer(0),
                        .document = {.id = {std::string(row.text(1))},
                                     .filename = std::string(row.text(3)),
                                     .title = std::string(row.text(4)),
                                     .media_type = std::string(row.text(5)),
                                     .sha256 = std::string(row.text(2)),
                                     .bytes = static_cast<std::uint64_t>(row.integer(6)),
                                     .pages = static_cast<int>(row.integer(7)),
                                     .chunks = row.integer(8),
                                     .status = to_status(row.integer(9)),
                                     .created_at = to_wall_time(row.integer(10)),
                                     .source = std::string(row.text(11)),
                                     .pages_without_text = decode_numbers(row.blob(12)),
                                     .failure = read_failure(row, 13)}};
  read_job(row, read.document);
  return read;
}

void read_tags(Database& database, std::span<NumberedDocument> documents) {
  Statement tags = database.prepare("SELECT tag FROM tags WHERE document = ?1 ORDER BY place");
  for (NumberedDocument& each : documents) {
    tags.bind(each.number);
    while (tags.step()) each.document.tags.emplace_back(tags.text(0));
  }
}

template <class Value>
std::optional<NumberedDocument> select_one(Database& database, const std::string& condition, const Value& value) {
  Statement row = database.prepare(kDocumentQuery + "WHERE " + condition);
  if (!row.bind(value).step()) return std::nullopt;
  NumberedDocument found = read_document(row);
  read_tags(database, {&found, 1});
  return found;
}

void write_tags(Database& database, std::int64_t document, const std::vector<std::string>& tags) {
  database.prepare("DELETE FROM tags WHERE document = ?1").run(document);
  Statement insert = database.prepare("INSERT INTO tags(document, place, tag) VALUES(?1, ?2, ?3)");
  for (std::size_t place = 0; place < tags.size(); ++place) insert.run(document, place, tags[place]);
}

void write_title(Database& database, std::int64_t document, const std::string& title, bool given) {
  database.prepare("UPDATE documents SET title = ?2, title_folded = ?3, title_given = ?4 WHERE number = ?1")
      .run(document, title, text::normalize_for_matching(title), given);
}

// What the person says beside the bytes; empty means that nothing was said.
void write_given(Database& database, std::int64_t document, const std::string& title,
                 const std::vector<std::string>& tags, const std::string& source) {
  if (!title.empty()) write_title(database, document, title, true);
  if (!tags.empty()) write_tags(database, document, tags);
  if (!source.empty()) {
    database.prepare("UPDATE documents SET source = ?2 WHERE number = ?1").run(document, source);
  }
}

}  // namespace

std::int64_t to_column(DocumentStatus status) noexcept {
  switch (status) {
    case DocumentStatus::kReady: return kReady;
    case DocumentStatus::kFailed: return kFailed;
    case DocumentStatus::kQueued: return kQueued;
    case DocumentStatus::kCancelled: return kCancelled;
  }
  return kFailed;
}

DocumentStatus to_status(std::int64_t column) {
  switch (column) {
    case kReady: return DocumentStatus::kReady;
    case kFailed: return DocumentStatus::kFailed;
    case kQueued: return DocumentStatus::kQueued;
    case kCancelled: return DocumentStatus::kCancelled;
    default:
      throw Error(ErrorCode::kInternal, "The database is damaged: a document has the unknown status " +
                                            std::to_string(column) +
                                            ". Stop the server and run 'jackdaw verify', or restore a backup.");
  }
}

std::optional<DocumentFailure> read_failure(const Statement& row, int first) {
  if (row.text(first).empty()) return std::nullopt;
  return DocumentFailure{.code = error_code_from(row.text(first)).value_or(ErrorCode::kInternal),
                         .message = std::string(row.text(first + 1)),
                         .page = static_cast<int>(row.integer(first + 2))};
}

std::int64_t insert_document(Database& database, const DocumentId& id, const NewUpload& upload, WallTime now) {
  database
      .prepare(
          "INSERT INTO documents(id, sha256, filename, filename_folded, title, title_folded, media_type, bytes, pages, "
          "chunks, status, created_ns) VALUES(?1, ?2, ?3, ?4, '', '', '', ?5, 0, 0, ?6, ?7)")
      .run(id.value, upload.file.sha256, upload.file.filename, text::normalize_for_matching(upload.file.filename),
           upload.file.bytes, kQueued, to_column(now));
  const std::int64_t number = database.last_row();
  write_given(database, number, upload.title, upload.tags, upload.source);
  return number;
}

void describe_unread(Database& database, std::int64_t document, const NewUpload& upload) {
  database
      .prepare(
          "UPDATE documents SET sha256 = ?2, filename = ?3, filename_folded = ?4, bytes = ?5, status = ?6 "
          "WHERE number = ?1")
      .run(document, upload.file.sha256, upload.file.filename, text::normalize_for_matching(upload.file.filename),
           upload.file.bytes, kQueued);
  write_given(database, document, upload.title, upload.tags, upload.source);
}

void set_status(Database& database, std::int64_t document, DocumentStatus status) {
  database.prepare("UPDATE documents SET status = ?2 WHERE number = ?1").run(document, to_column(status));
}

void make_ready(Database& database, std::int64_t document, const NewVersion& version, const ReadDocument& read) {
  const DocumentFailure failure = read.failure.value_or(DocumentFailure{});
  database
      .prepare(
          "UPDATE documents SET sha256 = ?2, filename = ?3, filename_folded = ?4, bytes = ?5, media_type = ?6, "
          "pages = ?7, chunks = ?8, status = ?9, pages_without_text = ?10, failure_code = ?11, failure_message = ?12, "
          "failure_page = ?13 WHERE number = ?1")
      .run(document, version.sha256, version.filename, text::normalize_for_matching(version.filename), version.bytes,
           read.media_type, read.pages, read.chunks.size(), kReady, Blob(encode_numbers(read.pages_without_text)),
           read.failure ? to_string(failure.code) : std::string_view(), failure.message, failure.page);
  Statement title = database.prepare("SELECT title_given FROM documents WHERE number = ?1");
  if (title.bind(document).step() && title.integer(0) == 0) write_title(database, document, read.title, false);
  write_given(database, document, version.title, version.tags, version.source);
}

void check_title(const std::string& title, std::size_t max_characters) {
  const auto refuse = [](const std::string& why) { throw Error(ErrorCode::kInvalidArgument, why).with_field("title"); };
  if (!text::is_valid_utf8(title)) refuse("The title is not valid UTF-8.");
  if (text::count_code_points(title) > max_characters) {
    refuse("The title is longer than " + std::to_string(max_characters) + " characters. Choose a shorter one.");
  }
  const auto decoded = text::decode(title);
  if (std::any_of(decoded.begin(), decoded.end(),
                  [](const auto& c) { return c.value < 0x20 || text::is_control(c.value); })) {
    refuse("The title holds a control character. Leave that out.");
  }
}

void apply_edit(Database& database, std::int64_t document, const DocumentEdit& edit) {
  if (edit.title) write_title(database, document, *edit.title, !edit.title->empty());
  if (edit.tags) write_tags(database, document, *edit.tags);
}

std::optional<NumberedDocument> select_by_id(Database& database, const DocumentId& id) {
  return select_one(database, "documents.id = ?1", id.value);
}

std::optional<NumberedDocument> select_by_number(Database& database, std::int64_t number) {
  return select_one(database, "documents.number = ?1", number);
}

std::optional<NumberedDocument> select_by_sha256(Database& database, std::string_view sha256) {
  return select_one(database,
                    "documents.sha256 = ?1 OR documents.number = (SELECT document FROM jobs WHERE jobs.sha256 = ?1)",
                    sha256);
}

std::vector<NumberedDocument> select_documents(Database& database, const DocumentQuery& query, std::int64_t after,
                                               std::size_t limit) {
  // A condition that is not asked for must not keep the index of another from being used.
  const std::string conditions =
      "WHERE documents.number > ?1 AND (?2 < 0 OR documents.status = ?2) AND "
      "(?3 = '' OR instr(documents.filename_folded, ?3) > 0 OR instr(documents.title_folded, ?3) > 0) AND " +
      std::string(query.source.empty() ? "?5 = ''" : "documents.source = ?5") + " AND " +
      std::string(query.tag.empty() ? "?6 = ''" : "documents.number IN (SELECT document FROM tags WHERE tag = ?6)") +
      " ORDER BY documents.number LIMIT ?4";
  Statement rows = database.prepare(kDocumentQuery + conditions);
  constexpr std::int64_t kAnyStatus = -1;
  rows.bind(after, query.status ? to_column(*query.status) : kAnyStatus, text::normalize_for_matching(query.text),
            limit, query.source, query.tag);
  std::vector<NumberedDocument> documents;
  while (rows.step()) documents.push_back(read_document(rows));
  read_tags(database, documents);
  return documents;
}

namespace {

// The ready documents that one condition of the filter names: the others are looked at for these alone.
struct Candidate {
  std::int64_t number = 0;
  DocumentId id;
  std::string media_type;
  WallTime created_at;
};

std::vector<Candidate> select_candidates(Database& database, const DocumentFilter& filter) {
  std::vector<Candidate> candidates;
  Statement rows =
      database.prepare("SELECT number, id, media_type, created_ns FROM documents WHERE status = 0 AND " +
                       std::string(!filter.documents.empty() ? "id = ?1"
                                   : !filter.tags.empty()    ? "number IN (SELECT document FROM tags WHERE tag = ?1)"
                                                             : "?1 = ''"));
  const auto take_all_of = [&](const std::string& value) {
    rows.bind(value);
    while (rows.step()) {
      candidates.push_back({.number = rows.integer(0),
                            .id = {std::string(rows.text(1))},
                            .media_type = std::string(rows.text(2)),
                            .created_at = to_wall_time(rows.integer(3))});
    }
  };
  for (const DocumentId& id : filter.documents) take_all_of(id.value);
  if (filter.documents.empty()) {
    for (const std::string& tag : filter.tags) take_all_of(tag);
    if (filter.tags.empty()) take_all_of("");
  }
  return candidates;
}

}  // namespace

std::vector<DocumentId> select_matching(Database& database, const DocumentFilter& filter) {
  Statement tag = database.prepare("SELECT 1 FROM tags WHERE document = ?1 AND tag = ?2");
  const auto lets_through = [&](const Candidate& each) {
    const bool type = filter.media_types.empty() || std::find(filter.media_types.begin(), filter.media_types.end(),
                                                              each.media_type) != filter.media_types.end();
    const bool time = (!filter.created_from || each.created_at >= *filter.created_from) &&
                      (!filter.created_before || each.created_at < *filter.created_before);
    const auto has = [&](const std::string& wanted) { return tag.bind(each.number, wanted).step(); };
    return type && time && (filter.tags.empty() || std::any_of(filter.tags.begin(), filter.tags.end(), has));
  };
  std::vector<DocumentId> ids;
  std::set<std::int64_t> seen;  // one document may come by several tags
  for (const Candidate& each : select_candidates(database, filter)) {
    if (seen.insert(each.number).second && lets_through(each)) ids.push_back(each.id);
  }
  return ids;
}

}  // namespace jackdaw::store
