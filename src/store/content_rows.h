#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/document_store.h"
#include "core/job_store.h"
#include "store/sqlite.h"

namespace jackdaw::store {

// What documents say as rows and back: pages, chunks, vectors (docs/storage_format.md). Plain functions on one
// connection; the caller holds the transaction. Throw what Database throws.

// Throws kInternal when what was read breaks a promise of core: one embedding of unit length and equal dimensions for
// each chunk, each chunk's text where its span says.
void check_storable(const ReadDocument& read);
bool is_unit_vector(std::span<const float> embedding) noexcept;

void insert_pages(Database& database, std::int64_t document, const std::vector<Page>& pages);
std::vector<ChunkId> insert_chunks(Database& database, std::int64_t document, const ReadDocument& read);
// Pages, chunks and vectors; true when there were any.
bool delete_contents(Database& database, std::int64_t document);

// Passages of one document, or by id in the order of the ids.
std::vector<Passage> select_passages(Database& database, std::span<const ChunkId> ids);
std::vector<Passage> select_passages_of(Database& database, const DocumentId& id, std::int64_t after_chunk,
                                        std::size_t limit);
std::optional<Page> select_page(Database& database, const DocumentId& id, int number);

// A row's label, width, height, text and words, in five columns from the first on.
Page read_page(const Statement& row, int number);

// The first ready document behind number `after`, with its chunks and vectors.
struct NumberedIndexedDocument {
  std::int64_t number = 0;
  IndexedDocument document;
};
// The vectors in use, or those of VectorStore.
enum class VectorsOf { kInUse, kNew };
std::optional<NumberedIndexedDocument> select_next_indexed(Database& database, std::int64_t after, VectorsOf vectors);

}  // namespace jackdaw::store
