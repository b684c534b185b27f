#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/document_store.h"
#include "store/sqlite.h"

namespace jackdaw::store {

// Documents as rows and back: the one place that knows both the columns (docs/storage_format.md) and the words of core.
// Plain functions on one connection; the caller holds the transaction. Throw what Database throws.

// Throws kInternal when the document breaks a promise of core: one embedding of unit length and equal dimensions for
// each chunk, each chunk's text where its span says.
void check_storable(const NewDocument& document);

// Returns the number that orders documents.
std::int64_t insert_document(Database& database, const NewDocument& document);
void insert_pages(Database& database, std::int64_t document, const std::vector<Page>& pages);
std::vector<ChunkId> insert_chunks(Database& database, std::int64_t document, const NewDocument& from);

// A document with the number that orders it.
struct NumberedDocument {
  std::int64_t number = 0;
  Document document;
};

std::optional<NumberedDocument> select_by_id(Database& database, const DocumentId& id);
std::optional<NumberedDocument> select_by_sha256(Database& database, std::string_view sha256);
// At most `limit` documents behind number `after` that match `query`'s text and status, in order.
std::vector<NumberedDocument> select_documents(Database& database, const DocumentQuery& query, std::int64_t after,
                                               std::size_t limit);

std::vector<Passage> select_passages(Database& database, std::span<const ChunkId> ids);
std::vector<Passage> select_passages_of(Database& database, const DocumentId& id, std::int64_t after_chunk,
                                        std::size_t limit);
std::optional<Page> select_page(Database& database, const DocumentId& id, int number);

// The first ready document behind number `after`, with its chunks and vectors.
struct NumberedIndexedDocument {
  std::int64_t number = 0;
  IndexedDocument document;
};
std::optional<NumberedIndexedDocument> select_next_indexed(Database& database, std::int64_t after);

}  // namespace jackdaw::store
