#include "ingest/reindexer.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "ingest/embedding_work.h"
#include "ingest/index_filling.h"

namespace jackdaw::ingest {

namespace asio = boost::asio;

namespace {

std::string_view name_of(EmbeddedContext context) {
  switch (context) {
    case EmbeddedContext::kNone: return "none";
    case EmbeddedContext::kHeading: return "heading";
    case EmbeddedContext::kTitle: return "title";
  }
  return "none";
}

using NewVector = std::pair<ChunkId, Embedding>;

std::vector<NewVector> with_ids(std::span<const ChunkToEmbed> chunks, std::vector<Embedding> embeddings) {
  std::vector<NewVector> vectors;
  vectors.reserve(chunks.size());
  for (std::size_t i = 0; i < chunks.size(); ++i) vectors.emplace_back(chunks[i].chunk, std::move(embeddings[i]));
  return vectors;
}

}  // namespace

Reindexer::Reindexer(VectorStore& vectors, Compute& compute, Compute& writing, ReindexerOptions options)
    : vectors_(vectors), compute_(compute), writing_(writing), options_(options) {}

asio::awaitable<void> Reindexer::run(SearchSpace next, OnProgress on_progress, InUse in_use,
                                     Cancellation cancellation) {
  const std::string of(name_of(options_.embedded_context));
  co_await writing_.run(Lane::kBackground, cancellation,
                        [&] { vectors_.begin_new_vectors(next.embedder->name(), of); });
  co_await embed_missing(*next.embedder, on_progress, cancellation);
  co_await writing_.run(Lane::kBackground, cancellation, [&] { finish(next, in_use, cancellation); });
}

std::vector<std::string> Reindexer::texts_of(std::span<const ChunkToEmbed> chunks) const {
  std::vector<std::string> texts;
  texts.reserve(chunks.size());
  for (const ChunkToEmbed& chunk : chunks) {
    texts.push_back(embedded_text({.text = chunk.text, .span = {}, .heading = chunk.heading}, chunk.title,
                                  options_.embedded_context));
  }
  return texts;
}

asio::awaitable<void> Reindexer::embed_missing(Embedder& embedder, const OnProgress& on_progress,
                                               Cancellation cancellation) {
  // Counted once: counting reads every vector that was made before.
  const NewVectors before =
      co_await writing_.run(Lane::kBackground, cancellation, [&] { return vectors_.new_vectors(); });
  ReindexProgress progress{.made = before.made, .chunks = before.chunks};
  if (on_progress) on_progress(progress);
  ChunkId last{0};
  while (true) {
    const std::vector<ChunkToEmbed> batch = co_await writing_.run(
        Lane::kBackground, cancellation, [&] { return vectors_.without_new_vector(last, options_.batch_chunks); });
    if (batch.empty()) co_return;
    const std::vector<std::string> texts = texts_of(batch);
    EmbeddingWork work(embedder, compute_, texts, options_.slice);
    std::vector<Embedding> embeddings = co_await work.run({}, cancellation);
    const std::vector<NewVector> made = with_ids(batch, std::move(embeddings));
    co_await writing_.run(Lane::kBackground, cancellation, [&] { vectors_.keep_new_vectors(made); });
    last = batch.back().chunk;
    progress.made += static_cast<std::int64_t>(made.size());
    progress.chunks = std::max(progress.chunks, progress.made);
    if (on_progress) on_progress(progress);
  }
}

void Reindexer::embed_rest(Embedder& embedder, const Cancellation& cancellation) {
  for (auto batch = vectors_.without_new_vector({0}, options_.batch_chunks); !batch.empty();
       batch = vectors_.without_new_vector(batch.back().chunk, options_.batch_chunks)) {
    const std::vector<std::string> texts = texts_of(batch);
    const std::vector<std::string_view> views(texts.begin(), texts.end());
    vectors_.keep_new_vectors(with_ids(batch, embedder.embed(views, cancellation)));
  }
}

void Reindexer::finish(const SearchSpace& next, const InUse& in_use, const Cancellation& cancellation) {
  embed_rest(*next.embedder, cancellation);
  if (next.index) {
    const auto all = [this](const auto& visit) { vectors_.for_each_newly_embedded(visit); };
    fill_index(*next.index, all, options_.load_batch_chunks, cancellation);
  }
  if (!vectors_.use_new_vectors()) {
    throw Error(ErrorCode::kInternal,
                "The new vectors cannot be used: some are missing although all were made. Run 'jackdaw verify', then "
                "'jackdaw reindex' again.");
  }
  in_use();
}

}  // namespace jackdaw::ingest
