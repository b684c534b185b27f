#pragma once

#include <string>
#include <vector>

#include "core/compute.h"
#include "core/search_space.h"
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
  SearchSpaceInUse space{embedder, index};
  Compute compute{{.name = "compute", .threads = 2}};
  Compute storage{{.name = "storage", .threads = 1}};

  DocumentId add(const std::string& name, const std::vector<std::string>& texts) {
    const IndexedDocument added = testing::add(store, embedder, name, texts);
    index.add({&added, 1});
    return added.document;
  }
};

}  // namespace jackdaw::testing
