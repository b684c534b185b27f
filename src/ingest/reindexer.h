#pragma once

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/cancellation.h"
#include "core/compute.h"
#include "core/search_space.h"
#include "core/vector_store.h"
#include "ingest/embedded_text.h"

namespace jackdaw::ingest {

struct ReindexerOptions {
  EmbeddedContext embedded_context = EmbeddedContext::kHeading;
  std::chrono::milliseconds slice{30};   // how long one piece of embedding may hold a thread, about
  std::size_t batch_chunks = 512;        // that are embedded between two commits
  std::size_t load_batch_chunks = 4096;  // chunks that one publication of the new index adds, at least
};

struct ReindexProgress {
  std::int64_t made = 0;    // chunks that have their new vector
  std::int64_t chunks = 0;  // of so many; those that come or go meanwhile are not counted again
};

// Makes the vectors of a whole collection anew, with another embedder or of other text, while questions are answered
// and documents are added in the old space. What was made survives a crash: the next run goes on behind it. Its
// coroutine runs on one executor of one thread; embedding yields to questions. It keeps references to what it is given
// and outlives its coroutine.
class Reindexer {
 public:
  // `writing` is the thread that stores documents.
  Reindexer(VectorStore& vectors, Compute& compute, Compute& writing, ReindexerOptions options);

  // Called on the executor of the coroutine at the beginning and after each batch; must not throw. May be empty.
  using OnProgress = std::function<void(const ReindexProgress&)>;
  // Called once on the writing thread, right after the store's vectors are the new ones; must not throw.
  using InUse = std::function<void()>;

  // Chunks that come meanwhile get both vectors. In one last piece of work on the writing thread, during which nothing
  // else is written, those that still lack one get it, `next.index` (empty; null where nobody will search) is filled
  // and the new vectors take the place of the old. Throws Error: what Embedder, VectorStore and SearchIndex throw, what
  // `cancellation` asks for; everything is then as before, but for what was made already.
  boost::asio::awaitable<void> run(SearchSpace next, OnProgress on_progress, InUse in_use, Cancellation cancellation);

 private:
  std::vector<std::string> texts_of(std::span<const ChunkToEmbed> chunks) const;
  boost::asio::awaitable<void> embed_missing(Embedder& embedder, const OnProgress& on_progress,
                                             Cancellation cancellation);
  void finish(const SearchSpace& next, const InUse& in_use, const Cancellation& cancellation);
  void embed_rest(Embedder& embedder, const Cancellation& cancellation);

  VectorStore& vectors_;
  Compute& compute_;
  Compute& writing_;
  const ReindexerOptions options_;
};

}  // namespace jackdaw::ingest
