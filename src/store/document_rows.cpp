#include "store/document_rows.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <map>
#include <span>

#include "core/error.h"
#include "core/text.h"
#include "store/box_codec.h"
#include "store/wall_time_column.h"

namespace jackdaw::store {
namespace {

static_assert(std::endian::native == std::endian::little, "vectors are stored as the machine holds them");
static_assert(sizeof(float) == 4);

// Of the squared length: far more than rounding leaves, far less than a vector that was not normalised shows.
constexpr double kUnitTolerance = 1e-3;

constexpr std::int64_t kReady = 0;
constexpr std::int64_t kFailed = 1;

std::int64_t to_column(DocumentStatus status) noexcept {
  return status == DocumentStatus::kReady ? kReady : kFailed;
}

DocumentStatus to_status(std::int64_t column) noexcept {
  return column == kReady ? DocumentStatus::kReady : DocumentStatus::kFailed;
}

[[noreturn]] void not_storable(const std::string& what) {
  throw Error(ErrorCode::kInternal, "The document cannot be stored: " + what + ".");
}

void check_embeddings(const NewDocument& document) {
  if (document.embeddings.size() != document.chunks.size()) {
    not_storable(std::to_string(document.chunks.size()) + " chunks came with " +
                 std::to_string(document.embeddings.size()) + " embeddings");
  }
  for (const Embedding& embedding : document.embeddings) {
    double squares = 0;
    for (const float component : embedding) squares += static_cast<double>(component) * component;
    if (!(std::abs(squares - 1.0) <= kUnitTolerance)) not_storable("an embedding is not of unit length");
    if (embedding.size() != document.embeddings.front().size()) not_storable("embeddings differ in dimensions");
  }
}

void check_spans(const NewDocument& document) {
  std::map<int, const Page*> pages;
  for (const Page& page : document.pages) pages[page.number] = &page;
  for (const Chunk& chunk : document.chunks) {
    const auto page = pages.find(chunk.span.page);
    if (page == pages.end()) not_storable("a chunk lies on page " + std::to_string(chunk.span.page) + ", not given");
    const std::string_view text = page->second->text;
    const bool inside = chunk.span.begin <= chunk.span.end && chunk.span.end <= text.size();
    if (!inside || text.substr(chunk.span.begin, chunk.span.end - chunk.span.begin) != chunk.text) {
      not_storable("a chunk of page " + std::to_string(chunk.span.page) + " differs from the page's text");
    }
  }
}

constexpr const char* kDocumentColumns =
    "number, id, sha256, filename, title, media_type, bytes, pages, chunks, status, created_ns";

NumberedDocument read_document(const Statement& row) {
  return {.number = row.integer(0),
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
                       .tags = {}}};
}

void read_tags(Database& database, std::span<NumberedDocument> documents) {
  Statement tags = database.prepare("SELECT tag FROM tags WHERE document = ?1 ORDER BY place");
  for (NumberedDocument& each : documents) {
    tags.bind(each.number);
    while (tags.step()) each.document.tags.emplace_back(tags.text(0));
  }
}

std::optional<NumberedDocument> select_one(Database& database, const std::string& condition, std::string_view value) {
  Statement row =
      database.prepare("SELECT " + std::string(kDocumentColumns) + " FROM documents WHERE " + condition + " = ?1");
  if (!row.bind(value).step()) return std::nullopt;
  NumberedDocument found = read_document(row);
  read_tags(database, {&found, 1});
  return found;
}

const std::string kPassageQuery =
    "SELECT chunks.id, documents.id, documents.filename, coalesce(pages.label, ''), chunks.text, chunks.page, "
    "chunks.begin_byte, chunks.end_byte, chunks.boxes FROM chunks "
    "JOIN documents ON documents.number = chunks.document "
    "LEFT JOIN pages ON pages.document = chunks.document AND pages.number = chunks.page ";

Passage read_passage(const Statement& row) {
  return {.chunk = {row.integer(0)},
          .document = {std::string(row.text(1))},
          .filename = std::string(row.text(2)),
          .page_label = std::string(row.text(3)),
          .text = std::string(row.text(4)),
          .span = {.page = static_cast<int>(row.integer(5)),
                   .begin = static_cast<std::uint32_t>(row.integer(6)),
                   .end = static_cast<std::uint32_t>(row.integer(7)),
                   .boxes = decode_boxes(row.blob(8))}};
}

Embedding read_embedding(Blob components) {
  Embedding embedding(components.size() / sizeof(float));
  std::memcpy(embedding.data(), components.data(), embedding.size() * sizeof(float));
  return embedding;
}

}  // namespace

void check_storable(const NewDocument& document) {
  check_embeddings(document);
  check_spans(document);
}

std::int64_t insert_document(Database& database, const NewDocument& from) {
  const Document& document = from.document;
  database
      .prepare(
          "INSERT INTO documents(id, sha256, filename, filename_folded, title, title_folded, media_type, bytes, pages, "
          "chunks, status, created_ns) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)")
      // The spool counted and hashed the bytes that are stored, so its word counts.
      .run(document.id.value, from.original.sha256, document.filename, text::normalize_for_matching(document.filename),
           document.title, text::normalize_for_matching(document.title), document.media_type, from.original.bytes,
           document.pages, from.chunks.size(), to_column(document.status), to_column(document.created_at));
  const std::int64_t number = database.last_row();
  Statement tag = database.prepare("INSERT INTO tags(document, place, tag) VALUES(?1, ?2, ?3)");
  for (std::size_t i = 0; i < document.tags.size(); ++i) tag.run(number, i, document.tags[i]);
  return number;
}

void insert_pages(Database& database, std::int64_t document, const std::vector<Page>& pages) {
  Statement insert = database.prepare(
      "INSERT INTO pages(document, number, label, width, height, text, words) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)");
  for (const Page& page : pages) {
    insert.run(document, page.number, page.label, page.width, page.height, page.text, Blob(encode_words(page.words)));
  }
}

std::vector<ChunkId> insert_chunks(Database& database, std::int64_t document, const NewDocument& from) {
  Statement insert = database.prepare(
      "INSERT INTO chunks(document, page, begin_byte, end_byte, boxes, text) VALUES(?1, ?2, ?3, ?4, ?5, ?6)");
  Statement vector = database.prepare("INSERT INTO vectors(chunk, components) VALUES(?1, ?2)");
  std::vector<ChunkId> ids;
  ids.reserve(from.chunks.size());
  for (const Chunk& chunk : from.chunks) {
    insert.run(document, chunk.span.page, chunk.span.begin, chunk.span.end, Blob(encode_boxes(chunk.span.boxes)),
               chunk.text);
    ids.push_back({database.last_row()});
  }
  for (std::size_t i = 0; i < ids.size(); ++i) {
    vector.run(ids[i].value, std::as_bytes(std::span(from.embeddings[i])));
  }
  return ids;
}

std::optional<NumberedDocument> select_by_id(Database& database, const DocumentId& id) {
  return select_one(database, "id", id.value);
}

std::optional<NumberedDocument> select_by_sha256(Database& database, std::string_view sha256) {
  return select_one(database, "sha256", sha256);
}

std::vector<NumberedDocument> select_documents(Database& database, const DocumentQuery& query, std::int64_t after,
                                               std::size_t limit) {
  Statement rows = database.prepare("SELECT " + std::string(kDocumentColumns) +
                                    " FROM documents WHERE number > ?1 AND (?2 < 0 OR status = ?2) AND "
                                    "(?3 = '' OR instr(filename_folded, ?3) > 0 OR instr(title_folded, ?3) > 0) "
                                    "ORDER BY number LIMIT ?4");
  constexpr std::int64_t kAnyStatus = -1;
  rows.bind(after, query.status ? to_column(*query.status) : kAnyStatus, text::normalize_for_matching(query.text),
            limit);
  std::vector<NumberedDocument> documents;
  while (rows.step()) documents.push_back(read_document(rows));
  read_tags(database, documents);
  return documents;
}

std::vector<Passage> select_passages(Database& database, std::span<const ChunkId> ids) {
  Statement row = database.prepare(kPassageQuery + "WHERE chunks.id = ?1");
  std::vector<Passage> passages;
  passages.reserve(ids.size());
  for (const ChunkId id : ids) {
    if (row.bind(id.value).step()) passages.push_back(read_passage(row));
  }
  return passages;
}

std::vector<Passage> select_passages_of(Database& database, const DocumentId& id, std::int64_t after_chunk,
                                        std::size_t limit) {
  Statement rows = database.prepare(kPassageQuery +
                                    "WHERE chunks.document = (SELECT number FROM documents WHERE id = ?1) "
                                    "AND chunks.id > ?2 ORDER BY chunks.id LIMIT ?3");
  rows.bind(id.value, after_chunk, limit);
  std::vector<Passage> passages;
  while (rows.step()) passages.push_back(read_passage(rows));
  return passages;
}

std::optional<Page> select_page(Database& database, const DocumentId& id, int number) {
  Statement row = database.prepare(
      "SELECT label, width, height, text, words FROM pages "
      "WHERE document = (SELECT number FROM documents WHERE id = ?1) AND number = ?2");
  if (!row.bind(id.value, number).step()) return std::nullopt;
  return Page{.number = number,
              .label = std::string(row.text(0)),
              .width = static_cast<float>(row.real(1)),
              .height = static_cast<float>(row.real(2)),
              .text = std::string(row.text(3)),
              .words = decode_words(row.blob(4))};
}

std::optional<NumberedIndexedDocument> select_next_indexed(Database& database, std::int64_t after) {
  Statement document = database.prepare(
      "SELECT number, id, chunks FROM documents WHERE number > ?1 AND status = ?2 ORDER BY number LIMIT 1");
  if (!document.bind(after, kReady).step()) return std::nullopt;
  NumberedIndexedDocument found{.number = document.integer(0),
                                .document = {.document = {std::string(document.text(1))}, .chunks = {}}};
  found.document.chunks.reserve(static_cast<std::size_t>(document.integer(2)));
  Statement rows = database.prepare(
      "SELECT chunks.id, chunks.text, vectors.components FROM chunks JOIN vectors ON vectors.chunk = chunks.id "
      "WHERE chunks.document = ?1 ORDER BY chunks.id");
  rows.bind(found.number);
  while (rows.step()) {
    found.document.chunks.push_back(
        {.chunk = {rows.integer(0)}, .text = std::string(rows.text(1)), .embedding = read_embedding(rows.blob(2))});
  }
  return found;
}

}  // namespace jackdaw::store
