#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/embedding.h"
#include "core/ids.h"
#include "core/ranking.h"

namespace jackdaw {

// Which documents a search may return passages of.
struct SearchFilter {
  std::vector<DocumentId> documents;  // empty: all
};

// Finds chunks by their words. Immutable: any number of threads may search at once, without locks.
class KeywordIndex {
 public:
  virtual ~KeywordIndex() = default;
  // The at most `limit` best chunks that share a term with the query, by BM25. Chunks of score 0 are left out.
  virtual Ranking search(std::string_view query, std::size_t limit, const SearchFilter& filter) const = 0;
};

// Finds chunks by the cosine of their embedding with the query's. Immutable, as above.
class VectorIndex {
 public:
  virtual ~VectorIndex() = default;
  // The `limit` nearest chunks (all, when there are fewer); score is the inner product.
  virtual Ranking search(std::span<const float> query, std::size_t limit, const SearchFilter& filter) const = 0;
  // The inner product with one chunk's embedding; 0 for a chunk that is not in the index.
  virtual float similarity(std::span<const float> query, ChunkId chunk) const = 0;
};

// Both indexes at one version: whoever holds it sees one state of the collection, whatever is added or deleted
// meanwhile.
struct IndexSnapshot {
  std::uint64_t version = 0;  // grows with each publication
  std::size_t documents = 0;
  std::size_t chunks = 0;  // live ones
  std::shared_ptr<const KeywordIndex> keyword;
  std::shared_ptr<const VectorIndex> vector;
};

// A chunk as the index takes it in. Keyword search sees its words in three fields: the body, the headings that it
// stands under, and the title of its document.
struct IndexedChunk {
  ChunkId chunk;
  std::string text;  // the body alone
  Embedding embedding;
  std::string heading{};  // empty: none
};

struct IndexedDocument {
  DocumentId document;
  std::vector<IndexedChunk> chunks;
  std::string title{};  // empty: none
};

// Behind the name of a saved index while it is being written.
inline constexpr std::string_view kUnfinishedIndexSuffix = ".part";

// The searchable form of the collection: a cache that is rebuilt from the DocumentStore. All functions are safe from
// any thread; readers never wait for writers.
class SearchIndex {
 public:
  virtual ~SearchIndex() = default;

  // Adds whole documents and publishes one new snapshot. Costs the size of what is added, not of the collection.
  virtual void add(std::span<const IndexedDocument> documents) = 0;

  // Puts `document` in the place of whatever was there under its id, in one publication: every snapshot has the old one
  // whole or the new one whole. Unknown documents are added; one without chunks is only removed.
  virtual void replace(const IndexedDocument& document) = 0;

  // No snapshot taken after this returns finds a chunk of the document. Unknown documents are fine.
  virtual void remove(const DocumentId& document) = 0;

  // The newest snapshot; never null.
  virtual std::shared_ptr<const IndexSnapshot> snapshot() const = 0;

  // Merges small segments, if that is due. Burns CPU; called in the background, off the read path.
  virtual void merge_if_due(const Cancellation& cancellation) = 0;

  // The index as a file, so that the next start need not build it. What save() writes is the newest snapshot at the
  // moment of the call, under `stamp` (DocumentStore::index_stamp() of the same moment); the file is complete and on
  // the disk under its name, or what stood there before stays. Until then it stands under the name with
  // kUnfinishedIndexSuffix, where a crash may leave it. It takes seconds, while others read and write. Throws
  // Error kStorageFull, kInternal, what `cancellation` says.
  virtual void save(const std::filesystem::path& file, std::string_view stamp,
                    const Cancellation& cancellation) const = 0;
  // Publishes what the file holds. False, and nothing changed, when there is no file, or it is of another stamp,
  // version of the form, or configuration of the index, or damaged anywhere: then the caller builds the index. Only for
  // an index that is still empty.
  virtual bool load(const std::filesystem::path& file, std::string_view stamp) = 0;
};

}  // namespace jackdaw
