#pragma once

#include <map>
#include <mutex>
#include <utility>

#include "core/document_store.h"
#include "core/error.h"

namespace jackdaw::testing {

// A DocumentStore that keeps everything in memory: for tests of the flows, where durability is not the question.
class MemoryStore : public DocumentStore {
 public:
  std::vector<ChunkId> add(const NewDocument& added) override {
    const std::lock_guard lock(mutex_);
    if (find_locked(added.document.sha256)) throw Error(ErrorCode::kConflict, "The same bytes are here already.");
    std::vector<ChunkId> ids;
    for (std::size_t i = 0; i < added.chunks.size(); ++i) ids.push_back(ChunkId{++last_chunk_});
    Entry entry{added, ids};
    entry.document.document.chunks = static_cast<std::int64_t>(ids.size());
    entries_.emplace(added.document.id.value, std::move(entry));
    return ids;
  }
  std::optional<Document> find(const DocumentId& id) override {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(id.value);
    if (found == entries_.end()) return std::nullopt;
    return found->second.document.document;
  }
  std::optional<Document> find_by_sha256(const std::string& sha256) override {
    const std::lock_guard lock(mutex_);
    return find_locked(sha256);
  }
  DocumentPage list(const DocumentQuery& /*query*/) override {
    const std::lock_guard lock(mutex_);
    DocumentPage page;
    for (const auto& [id, entry] : entries_) page.documents.push_back(entry.document.document);
    return page;
  }
  std::int64_t count() override {
    const std::lock_guard lock(mutex_);
    return static_cast<std::int64_t>(entries_.size());
  }
  bool remove(const DocumentId& id) override {
    const std::lock_guard lock(mutex_);
    return entries_.erase(id.value) > 0;
  }
  std::vector<Passage> passages(std::span<const ChunkId> ids) override {
    const std::lock_guard lock(mutex_);
    std::vector<Passage> out;
    for (const ChunkId wanted : ids) {
      for (const auto& [id, entry] : entries_) {
        for (std::size_t i = 0; i < entry.ids.size(); ++i) {
          if (entry.ids[i] == wanted) out.push_back(passage(entry, i));
        }
      }
    }
    return out;
  }
  ChunkPage chunks_of(const DocumentId& id, std::size_t limit, const std::string& /*after*/) override {
    const std::lock_guard lock(mutex_);
    ChunkPage page;
    const auto found = entries_.find(id.value);
    if (found == entries_.end()) return page;
    for (std::size_t i = 0; i < found->second.ids.size() && i < limit; ++i) {
      page.passages.push_back(passage(found->second, i));
    }
    return page;
  }
  std::optional<Page> page(const DocumentId& id, int number) override {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(id.value);
    if (found == entries_.end()) return std::nullopt;
    for (const Page& page : found->second.document.pages) {
      if (page.number == number) return page;
    }
    return std::nullopt;
  }
  void for_each_indexed(const std::function<void(IndexedDocument&&)>& visit) override {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, entry] : entries_) {
      IndexedDocument document{entry.document.document.id, {}};
      for (std::size_t i = 0; i < entry.ids.size(); ++i) {
        document.chunks.push_back({entry.ids[i], entry.document.chunks[i].text, entry.document.embeddings[i]});
      }
      visit(std::move(document));
    }
  }

 private:
  struct Entry {
    NewDocument document;
    std::vector<ChunkId> ids;
  };

  std::optional<Document> find_locked(const std::string& sha256) const {
    for (const auto& [id, entry] : entries_) {
      if (entry.document.document.sha256 == sha256) return entry.document.document;
    }
    return std::nullopt;
  }
  static Passage passage(const Entry& entry, std::size_t i) {
    const Document& document = entry.document.document;
    return {
        entry.ids[i], document.id, document.filename, "", entry.document.chunks[i].text, entry.document.chunks[i].span};
  }

  std::mutex mutex_;
  std::map<std::string, Entry> entries_;
  std::int64_t last_chunk_ = 0;
};

}  // namespace jackdaw::testing
