#include "ingest/index_filling.h"

#include <utility>
#include <vector>

namespace jackdaw::ingest {

std::size_t fill_index(SearchIndex& index, const ForEachDocument& for_each, std::size_t batch_chunks,
                       const Cancellation& cancellation) {
  std::vector<IndexedDocument> batch;
  std::size_t chunks = 0;
  std::size_t documents = 0;
  const auto publish = [&] {
    if (!batch.empty()) index.add(batch);
    batch.clear();
    chunks = 0;
  };
  for_each([&](IndexedDocument&& document) {
    cancellation.throw_if_requested();
    chunks += document.chunks.size();
    batch.push_back(std::move(document));
    ++documents;
    if (chunks >= batch_chunks) publish();
  });
  publish();
  return documents;
}

}  // namespace jackdaw::ingest
