#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/compute.h"
#include "tests/support/brute_index.h"
#include "tests/support/memory_store.h"
#include "tests/support/reranker_by_words.h"
#include "tests/support/word_embedder.h"

namespace jackdaw::testing {

// Everything that a question needs but a writer: fakes of the machinery, and the pools.
struct SmallCollection {
  WordEmbedder embedder;
  RerankerByWords reranker;
  MemoryStore store;
  BruteIndex index;
  Compute compute{{.name = "compute", .threads = 2}};
  Compute storage{{.name = "storage", .threads = 1}};

  DocumentId add(const std::string& name, const std::vector<std::string>& texts) {
    NewDocument document;
    document.document.id = DocumentId{name};
    document.document.filename = name;
    document.document.sha256 = name;
    for (const auto& text : texts) {
      document.chunks.push_back(
          {text, {.page = 1, .begin = 0, .end = static_cast<std::uint32_t>(text.size()), .boxes = {}}});
      const std::string_view view = text;
      document.embeddings.push_back(embedder.embed({&view, 1}, {}).front());
    }
    const auto ids = store.add(document);
    std::vector<IndexedDocument> indexed(1);
    indexed[0].document = document.document.id;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      indexed[0].chunks.push_back({ids[i], texts[i], document.embeddings[i]});
    }
    index.add(indexed);
    return document.document.id;
  }
};

}  // namespace jackdaw::testing
