#pragma once

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/cancellation.h"
#include "core/compute.h"
#include "core/reranker.h"

namespace jackdaw::answer {

// Scores passages against one question in micro-batches of like length. Each is a piece of work of its own, and at most
// as many are in the pool at a time as it has threads, so that requests take turns. Lives on one executor.
class RerankWork {
 public:
  // The texts must outlive this.
  RerankWork(Reranker& reranker, Compute& compute, std::string_view question, std::vector<std::string_view> passages);

  // Called once. Throws what `cancellation` asks for.
  boost::asio::awaitable<void> run(Cancellation cancellation);
  // One for each passage, in order: all once run() has returned, those that were done in time when it threw.
  const std::vector<std::optional<float>>& logits() const noexcept { return logits_; }

 private:
  static constexpr std::size_t kMicroBatch = 4;
  boost::asio::awaitable<void> work(Cancellation cancellation);

  Reranker& reranker_;
  Compute& compute_;
  const std::string_view question_;
  const std::vector<std::string_view> passages_;
  std::vector<std::size_t> order_;  // of passages, longest first
  std::size_t taken_ = 0;           // of order_
  std::vector<std::optional<float>> logits_;
};

}  // namespace jackdaw::answer
