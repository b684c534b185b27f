#include "store/content_rows.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <map>
#include <string>
#include <string_view>

#include "core/error.h"
#include "store/box_codec.h"
#include "store/document_rows.h"

namespace jackdaw::store {
namespace {

static_assert(std::endian::native == std::endian::little, "vectors are stored as the machine holds them");
static_assert(sizeof(float) == 4);

// Of the squared length: far more than rounding leaves, far less than a vector that was not normalised shows.
constexpr double kUnitTolerance = 1e-3;

[[noreturn]] void not_storable(const std::string& what) {
  throw Error(ErrorCode::kInternal, "The document cannot be stored: " + what + ".");
}

void check_embeddings(const ReadDocument& read) {
  if (read.embeddings.size() != read.chunks.size()) {
    not_storable(std::to_string(read.chunks.size()) + " chunks came with " + std::to_string(read.embeddings.size()) +
                 " embeddings");
  }
  for (const Embedding& embedding : read.embeddings) {
    if (!is_unit_vector(embedding)) not_storable("an embedding is not of unit length");
    if (embedding.size() != read.embeddings.front().size()) not_storable("embeddings differ in dimensions");
  }
}

void check_spans(const ReadDocument& read) {
  std::map<int, const Page*> pages;
  for (const Page& page : read.contents) pages[page.number] = &page;
  for (const Chunk& chunk : read.chunks) {
    const auto page = pages.find(chunk.span.page);
    if (page == pages.end()) not_storable("a chunk lies on page " + std::to_string(chunk.span.page) + ", not given");
    const std::string_view text = page->second->text;
    const bool inside = chunk.span.begin <= chunk.span.end && chunk.span.end <= text.size();
    if (!inside || text.substr(chunk.span.begin, chunk.span.end - chunk.span.begin) != chunk.text) {
      not_storable("a chunk of page " + std::to_string(chunk.span.page) + " differs from the page's text");
    }
  }
}

const std::string kPassageQuery =
    "SELECT chunks.id, documents.id, documents.filename, coalesce(pages.label, ''), chunks.text, chunks.page, "
    "chunks.begin_byte, chunks.end_byte, chunks.boxes, documents.pages, chunks.heading FROM chunks "
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
                   .boxes = decode_boxes(row.blob(8))},
          .paged = row.integer(9) > 0,
          .heading = std::string(row.text(10))};
}

Embedding read_embedding(Blob components) {
  Embedding embedding(components.size() / sizeof(float));
  std::memcpy(embedding.data(), components.data(), embedding.size() * sizeof(float));
  return embedding;
}

}  // namespace

bool is_unit_vector(std::span<const float> embedding) noexcept {
  double squares = 0;
  for (const float component : embedding) squares += static_cast<double>(component) * component;
  return std::abs(squares - 1.0) <= kUnitTolerance;
}

void check_storable(const ReadDocument& read) {
  check_embeddings(read);
  check_spans(read);
}

void insert_pages(Database& database, std::int64_t document, const std::vector<Page>& pages) {
  Statement insert = database.prepare(
      "INSERT INTO pages(document, number, label, width, height, text, words) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)");
  for (const Page& page : pages) {
    insert.run(document, page.number, page.label, page.width, page.height, page.text, Blob(encode_words(page.words)));
  }
}

std::vector<ChunkId> insert_chunks(Database& database, std::int64_t document, const ReadDocument& read) {
  Statement insert = database.prepare(
      "INSERT INTO chunks(document, page, begin_byte, end_byte, boxes, text, heading) "
      "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)");
  Statement vector = database.prepare("INSERT INTO vectors(chunk, components) VALUES(?1, ?2)");
  std::vector<ChunkId> ids;
  ids.reserve(read.chunks.size());
  for (const Chunk& chunk : read.chunks) {
    insert.run(document, chunk.span.page, chunk.span.begin, chunk.span.end, Blob(encode_boxes(chunk.span.boxes)),
               chunk.text, chunk.heading);
    ids.push_back({database.last_row()});
  }
  for (std::size_t i = 0; i < ids.size(); ++i) {
    vector.run(ids[i].value, std::as_bytes(std::span(read.embeddings[i])));
  }
  return ids;
}

bool delete_contents(Database& database, std::int64_t document) {
  Statement any = database.prepare(
      "SELECT EXISTS(SELECT 1 FROM pages WHERE document = ?1) OR EXISTS(SELECT 1 FROM chunks WHERE document = ?1)");
  any.bind(document).step();
  if (any.integer(0) == 0) return false;
  database.prepare("DELETE FROM chunks WHERE document = ?1").run(document);  // their vectors go with them
  database.prepare("DELETE FROM pages WHERE document = ?1").run(document);
  return true;
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
  return read_page(row, number);
}

Page read_page(const Statement& row, int number) {
  return {.number = number,
          .label = std::string(row.text(0)),
          .width = static_cast<float>(row.real(1)),
          .height = static_cast<float>(row.real(2)),
          .text = std::string(row.text(3)),
          .words = decode_words(row.blob(4)),
          .sections = {}};
}

std::optional<NumberedIndexedDocument> select_next_indexed(Database& database, std::int64_t after, VectorsOf vectors) {
  Statement document = database.prepare(
      "SELECT number, id, chunks, title FROM documents WHERE number > ?1 AND status = ?2 ORDER BY number LIMIT 1");
  if (!document.bind(after, to_column(DocumentStatus::kReady)).step()) return std::nullopt;
  NumberedIndexedDocument found{
      .number = document.integer(0),
      .document = {.document = {std::string(document.text(1))}, .chunks = {}, .title = std::string(document.text(3))}};
  found.document.chunks.reserve(static_cast<std::size_t>(document.integer(2)));
  const std::string table = vectors == VectorsOf::kInUse ? "vectors" : "new_vectors";
  Statement rows =
      database.prepare("SELECT chunks.id, chunks.heading, chunks.text, v.components FROM chunks JOIN " + table +
                       " AS v ON v.chunk = chunks.id WHERE chunks.document = ?1 ORDER BY chunks.id");
  rows.bind(found.number);
  while (rows.step()) {
    found.document.chunks.push_back({.chunk = {rows.integer(0)},
                                     .text = std::string(rows.text(2)),
                                     .embedding = read_embedding(rows.blob(3)),
                                     .heading = std::string(rows.text(1))});
  }
  return found;
}

}  // namespace jackdaw::store
