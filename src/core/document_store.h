#pragma once

#include <cstdint>
#include <filesystem>
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

struct DocumentQuery {
  std::size_t limit = 50;  // 1..200
  std::string after;       // cursor of the page before; empty: from the start
  std::string text;        // part of a file name or title, any case; empty: all
  std::optional<DocumentStatus> status;
  std::string tag{};     // exactly; empty: all
  std::string source{};  // Document::source, exactly; empty: all
};

// Which documents a question is about. Everything that is set must hold; within a list one match is enough.
struct DocumentFilter {
  std::vector<DocumentId> documents{};
  std::vector<std::string> tags{};
  std::vector<std::string> media_types{};    // "application/pdf"
  std::optional<WallTime> created_from{};    // inclusive
  std::optional<WallTime> created_before{};  // exclusive
  bool is_empty() const noexcept {
    return documents.empty() && tags.empty() && media_types.empty() && !created_from && !created_before;
  }
};

// What a person may change about a document; what is not set stays.
struct DocumentEdit {
  std::optional<std::string> title;
  std::optional<std::vector<std::string>> tags;
};

inline constexpr std::size_t kMaxTags = 32;
inline constexpr std::size_t kMaxTagCharacters = 64;     // code points
inline constexpr std::size_t kMaxTitleCharacters = 500;  // code points
// Trimmed, each once, in the order given. Throws Error kInvalidArgument (field "tags") for an empty or too long tag, a
// control character, text that is not UTF-8, or too many.
std::vector<std::string> clean_tags(const std::vector<std::string>& tags);

struct DocumentPage {
  std::vector<Document> documents;  // oldest first
  std::string next;                 // cursor; empty: no more
};

struct ChunkPage {
  std::vector<Passage> passages;  // in document order
  std::string next;               // cursor; empty: no more
};

// The truth: documents, their text, chunks, vectors and originals; JobStore brings them in. Durable: what a function
// acknowledges by returning survives a crash and a power cut. Safe from any thread; blocks on the disk. Throws Error
// kStorageFull when there is no room, kInvalidArgument for a bad cursor.
class DocumentStore {
 public:
  virtual ~DocumentStore() = default;

  virtual std::optional<Document> find(const DocumentId& id) = 0;
  virtual std::optional<Document> find_by_sha256(const std::string& sha256) = 0;
  virtual DocumentPage list(const DocumentQuery& query) = 0;
  virtual std::int64_t count() = 0;
  // The ready ones that `filter` lets through, in no order.
  virtual std::vector<DocumentId> matching(const DocumentFilter& filter) = 0;

  // As it is afterwards; nothing when there is no such document. Throws kInvalidArgument.
  virtual std::optional<Document> edit(const DocumentId& id, const DocumentEdit& edit) = 0;

  // After this returns nothing of the document is left, its job included: not in the tables, not in the file's free
  // pages, not as an original. False when there was no such document.
  virtual bool remove(const DocumentId& id) = 0;

  // Where the original bytes stand, of the version that answers (of the first one while it is not ready); nothing when
  // there is no such document. Open it at once: it goes when the document is replaced or removed.
  virtual std::optional<std::filesystem::path> original_of(const DocumentId& id) = 0;

  // The passages that still exist, in the order of the ids.
  virtual std::vector<Passage> passages(std::span<const ChunkId> ids) = 0;
  virtual ChunkPage chunks_of(const DocumentId& id, std::size_t limit, const std::string& after) = 0;
  virtual std::optional<Page> page(const DocumentId& id, int number) = 0;

  // Every ready document with its title, chunks and vectors, one at a time, to rebuild the index.
  virtual void for_each_indexed(const std::function<void(IndexedDocument&&)>& visit) = 0;

  // Random; another one after each change of what for_each_indexed visits. Two equal stamps mean the same contents, in
  // whatever copy of the store they are read.
  virtual std::string index_stamp() = 0;
};

}  // namespace jackdaw
