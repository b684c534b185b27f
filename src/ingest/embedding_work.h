#pragma once

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/cancellation.h"
#include "core/compute.h"
#include "core/embedding.h"

namespace jackdaw::ingest {

// Embeds the texts of one document's chunks in slices short enough that a question never waits long behind one. Slices
// hold texts of like length, and as many are in flight as the pool has threads. Lives on one executor of one thread.
class EmbeddingWork {
 public:
  // `texts` (indexed_text of each chunk) must outlive this.
  EmbeddingWork(Embedder& embedder, Compute& compute, std::span<const std::string> texts,
                std::chrono::milliseconds slice);

  // Called as texts are done, with their number so far.
  using OnDone = std::function<void(std::size_t)>;

  // One embedding a text, in order. Called once.
  boost::asio::awaitable<std::vector<Embedding>> run(OnDone on_done, Cancellation cancellation);

 private:
  boost::asio::awaitable<void> work(const OnDone& on_done, Cancellation cancellation);
  boost::asio::awaitable<void> embed_slice(std::span<const std::size_t> slice, Cancellation cancellation);
  std::span<const std::size_t> take_slice();

  Embedder& embedder_;
  Compute& compute_;
  const std::span<const std::string> texts_;
  const double slice_ms_;
  std::vector<std::size_t> order_;  // of texts, longest first
  std::size_t taken_ = 0;           // of order_
  std::size_t done_ = 0;
  double ms_per_byte_ = 0;  // as measured so far; 0: not yet
  std::vector<Embedding> embeddings_;
  std::exception_ptr failure_;
};

}  // namespace jackdaw::ingest
