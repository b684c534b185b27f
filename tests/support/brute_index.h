#pragma once

#include <algorithm>
#include <bit>
#include <fstream>
#include <functional>
#include <iomanip>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "core/error.h"
#include "core/search_index.h"
#include "core/text.h"

namespace jackdaw::testing {

inline std::set<std::string> folded_words(std::string_view utf8) {
  std::set<std::string> words;
  for (const auto& range : text::words(utf8)) {
    words.insert(text::normalize_for_matching(utf8.substr(range.begin, range.end - range.begin)));
  }
  return words;
}

// A SearchIndex that compares the query with every chunk: keyword score = number of words shared with the heading or
// the body.
class BruteIndex : public SearchIndex {
 public:
  void add(std::span<const IndexedDocument> documents) override {
    const std::lock_guard lock(mutex_);
    if (on_add) on_add();
    for (const auto& document : documents) {
      for (const auto& chunk : document.chunks) chunks_.push_back({document.document, chunk});
      ++documents_;
    }
    publish();
  }
  void replace(const IndexedDocument& document) override {
    const std::lock_guard lock(mutex_);
    if (on_add) on_add();
    take_out(document.document);
    for (const auto& chunk : document.chunks) chunks_.push_back({document.document, chunk});
    if (!document.chunks.empty()) ++documents_;
    publish();
  }
  void remove(const DocumentId& document) override {
    const std::lock_guard lock(mutex_);
    take_out(document);
    publish();
  }
  std::shared_ptr<const IndexSnapshot> snapshot() const override {
    const std::lock_guard lock(mutex_);
    return snapshot_;
  }
  void merge_if_due(const Cancellation& /*cancellation*/) override {
    const std::lock_guard lock(mutex_);
    ++merges_;
  }
  // Plain text, trusted when it is read back.
  void save(const std::filesystem::path& file, std::string_view stamp,
            const Cancellation& cancellation) const override {
    cancellation.throw_if_requested();
    const std::lock_guard lock(mutex_);
    std::ofstream out(file, std::ios::binary);
    out << std::quoted(std::string(stamp)) << ' ' << documents_ << ' ' << chunks_.size() << '\n';
    for (const auto& [document, chunk] : chunks_) {
      out << std::quoted(document.value) << ' ' << chunk.chunk.value << ' ' << std::quoted(chunk.text) << ' '
          << std::quoted(chunk.heading) << ' ' << chunk.embedding.size();
      for (const float value : chunk.embedding) out << ' ' << std::bit_cast<std::uint32_t>(value);
      out << '\n';
    }
    if (!out.flush()) throw Error(ErrorCode::kInternal, "The index cannot be written.");
  }
  bool load(const std::filesystem::path& file, std::string_view stamp) override {
    const std::lock_guard lock(mutex_);
    std::ifstream in(file, std::ios::binary);
    std::string written_stamp;
    std::size_t documents = 0;
    std::size_t count = 0;
    if (!(in >> std::quoted(written_stamp) >> documents >> count) || written_stamp != stamp) return false;
    Entries entries(count);
    for (auto& [document, chunk] : entries) {
      std::size_t dimensions = 0;
      in >> std::quoted(document.value) >> chunk.chunk.value >> std::quoted(chunk.text) >> std::quoted(chunk.heading) >>
          dimensions;
      for (std::uint32_t bits = 0; chunk.embedding.size() < dimensions && in >> bits;) {
        chunk.embedding.push_back(std::bit_cast<float>(bits));
      }
    }
    if (!in) return false;
    chunks_ = std::move(entries);
    documents_ = documents;
    publish();
    return true;
  }
  int merges() const {
    const std::lock_guard lock(mutex_);
    return merges_;
  }

  std::function<void()> on_add;  // set before use; may throw

 private:
  using Entries = std::vector<std::pair<DocumentId, IndexedChunk>>;

  template <class Score>
  static Ranking rank(const Entries& entries, std::size_t limit, const SearchFilter& filter, bool zeros, Score score) {
    Ranking ranking;
    for (const auto& [document, chunk] : entries) {
      if (!filter.documents.empty() && std::ranges::find(filter.documents, document) == filter.documents.end())
        continue;
      const float value = score(chunk);
      if (value > 0 || zeros) ranking.push_back({chunk.chunk, value});
    }
    std::ranges::sort(ranking, [](const auto& a, const auto& b) {
      return a.score != b.score ? a.score > b.score : a.chunk < b.chunk;
    });
    if (ranking.size() > limit) ranking.resize(limit);
    return ranking;
  }

  struct Keyword : KeywordIndex {
    explicit Keyword(std::shared_ptr<const Entries> all) : entries(std::move(all)) {}
    Ranking search(std::string_view query, std::size_t limit, const SearchFilter& filter) const override {
      const auto wanted = folded_words(query);
      return rank(*entries, limit, filter, false, [&](const IndexedChunk& chunk) {
        const auto words = folded_words(indexed_text(chunk.heading, chunk.text));
        return static_cast<float>(
            std::ranges::count_if(wanted, [&](const auto& word) { return words.contains(word); }));
      });
    }
    std::shared_ptr<const Entries> entries;
  };
  struct Vector : VectorIndex {
    explicit Vector(std::shared_ptr<const Entries> all) : entries(std::move(all)) {}
    static float product(std::span<const float> a, std::span<const float> b) {
      float sum = 0;
      for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
      return sum;
    }
    Ranking search(std::span<const float> query, std::size_t limit, const SearchFilter& filter) const override {
      return rank(*entries, limit, filter, true,
                  [&](const IndexedChunk& chunk) { return product(query, chunk.embedding); });
    }
    float similarity(std::span<const float> query, ChunkId wanted) const override {
      for (const auto& [document, chunk] : *entries) {
        if (chunk.chunk == wanted) return product(query, chunk.embedding);
      }
      return 0;
    }
    std::shared_ptr<const Entries> entries;
  };

  void take_out(const DocumentId& document) {
    if (std::erase_if(chunks_, [&](const auto& entry) { return entry.first == document; }) > 0) --documents_;
  }

  void publish() {
    const auto entries = std::make_shared<const Entries>(chunks_);
    auto next = std::make_shared<IndexSnapshot>();
    next->version = snapshot_->version + 1;
    next->documents = documents_;
    next->chunks = chunks_.size();
    next->keyword = std::make_shared<Keyword>(entries);
    next->vector = std::make_shared<Vector>(entries);
    snapshot_ = std::move(next);
  }

  static std::shared_ptr<const IndexSnapshot> empty() {
    auto made = std::make_shared<IndexSnapshot>();
    made->keyword = std::make_shared<Keyword>(std::make_shared<const Entries>());
    made->vector = std::make_shared<Vector>(std::make_shared<const Entries>());
    return made;
  }

  mutable std::mutex mutex_;
  Entries chunks_;
  std::size_t documents_ = 0;
  int merges_ = 0;
  std::shared_ptr<const IndexSnapshot> snapshot_ = empty();
};

}  // namespace jackdaw::testing
