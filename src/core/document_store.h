#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/chunk.h"
#include "core/document.h"
#include "core/embedding.h"
#include "core/ids.h"
#include "core/search_index.h"

namespace jackdaw {

// A document with everything that must survive, about to be stored.
struct NewDocument {
  Document document;  // `chunks` is ignored: counted from below
  IncomingFile original;
  std::vector<Page> pages;
  std::vector<Chunk> chunks;
  std::vector<Embedding> embeddings;  // one per chunk
};

struct DocumentQuery {
  std::size_t limit = 50;  // 1..200
  std::string after;       // cursor of the page before; empty: from the start
  std::string text;        // part of a file name or title, any case; empty: all
  std::optional<DocumentStatus> status;
};

struct DocumentPage {
  std::vector<Document> documents;  // oldest first
  std::string next;                 // cursor; empty: no more
};

struct ChunkPage {
  std::vector<Passage> passages;  // in document order
  std::string next;               // cursor; empty: no more
};

// The truth: documents, their text, chunks, vectors and originals. Durable: what a function acknowledges by returning
// survives a crash and a power cut. Safe from any thread; blocks on the disk. Throws Error kStorageFull when there is
// no room, kInvalidArgument for a bad cursor.
class DocumentStore {
 public:
  virtual ~DocumentStore() = default;

  // Stores all of it or nothing: takes over the spool file as the original, then one transaction. Returns the chunk
  // ids, in order. Throws kConflict when a document of the same sha256 is there already.
  virtual std::vector<ChunkId> add(const NewDocument& document) = 0;

  virtual std::optional<Document> find(const DocumentId& id) = 0;
  virtual std::optional<Document> find_by_sha256(const std::string& sha256) = 0;
  virtual DocumentPage list(const DocumentQuery& query) = 0;
  virtual std::int64_t count() = 0;

  // After this returns nothing of the document is left: not in the tables, not in the file's free pages, not as an
  // original. False when there was no such document.
  virtual bool remove(const DocumentId& id) = 0;

  // The passages that still exist, in the order of the ids.
  virtual std::vector<Passage> passages(std::span<const ChunkId> ids) = 0;
  virtual ChunkPage chunks_of(const DocumentId& id, std::size_t limit, const std::string& after) = 0;
  virtual std::optional<Page> page(const DocumentId& id, int number) = 0;

  // Every document with its chunks and vectors, one at a time, to rebuild the index.
  virtual void for_each_indexed(const std::function<void(IndexedDocument&&)>& visit) = 0;
};

}  // namespace jackdaw
