#include "answer/rerank_work.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "answer/run_all.h"

namespace jackdaw::answer {

namespace asio = boost::asio;

RerankWork::RerankWork(Reranker& reranker, Compute& compute, std::string_view question,
                       std::vector<std::string_view> passages)
    : reranker_(reranker),
      compute_(compute),
      question_(question),
      passages_(std::move(passages)),
      order_(passages_.size()),
      logits_(passages_.size()) {
  std::iota(order_.begin(), order_.end(), std::size_t{0});
  std::stable_sort(order_.begin(), order_.end(),
                   [this](std::size_t a, std::size_t b) { return passages_[a].size() > passages_[b].size(); });
}

asio::awaitable<void> RerankWork::run(Cancellation cancellation) {
  const Cancellation all = cancellation.child();
  std::vector<asio::awaitable<void>> workers;
  for (std::size_t i = 0; i < compute_.threads(); ++i) workers.push_back(work(all));
  co_await run_all(std::move(workers));
}

asio::awaitable<void> RerankWork::work(Cancellation cancellation) {
  try {
    while (taken_ < order_.size()) {
      const auto batch = std::span(order_).subspan(taken_, std::min(kMicroBatch, order_.size() - taken_));
      taken_ += batch.size();
      std::vector<std::string_view> texts;
      for (const std::size_t passage : batch) texts.push_back(passages_[passage]);
      const auto logits = co_await compute_.run(Lane::kInteractive, cancellation,
                                                [&] { return reranker_.score(question_, texts, cancellation); });
      for (std::size_t i = 0; i < batch.size(); ++i) logits_[batch[i]] = logits[i];
    }
  } catch (...) {
    cancellation.cancel(CancelReason::kClient);  // the other workers' share is of no use any more
    throw;
  }
}

}  // namespace jackdaw::answer
