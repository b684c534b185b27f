#include "ingest/embedding_work.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <numeric>
#include <string_view>
#include <utility>

#include "core/clock.h"

namespace jackdaw::ingest {

namespace asio = boost::asio;

namespace {
constexpr std::size_t kMaxSliceTexts = 32;
}

EmbeddingWork::EmbeddingWork(Embedder& embedder, Compute& compute, std::span<const std::string> texts,
                             std::chrono::milliseconds slice)
    : embedder_(embedder),
      compute_(compute),
      texts_(texts),
      slice_ms_(static_cast<double>(slice.count())),
      order_(texts.size()),
      embeddings_(texts.size()) {
  std::iota(order_.begin(), order_.end(), std::size_t{0});
  std::stable_sort(order_.begin(), order_.end(),
                   [this](std::size_t a, std::size_t b) { return texts_[a].size() > texts_[b].size(); });
}

asio::awaitable<std::vector<Embedding>> EmbeddingWork::run(OnDone on_done, Cancellation cancellation) {
  const auto executor = co_await asio::this_coro::executor;
  const Cancellation all = cancellation.child();
  using Worker = decltype(asio::co_spawn(executor, work(on_done, all), asio::deferred));
  std::vector<Worker> workers;
  for (std::size_t i = 0; i < compute_.threads(); ++i) {
    workers.push_back(asio::co_spawn(executor, work(on_done, all), asio::deferred));
  }
  auto group = asio::experimental::make_parallel_group(std::move(workers));
  co_await group.async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
  if (failure_) std::rethrow_exception(failure_);
  co_return std::move(embeddings_);
}

asio::awaitable<void> EmbeddingWork::work(const OnDone& on_done, Cancellation cancellation) {
  try {
    while (taken_ < order_.size()) {
      const auto slice = take_slice();
      co_await embed_slice(slice, cancellation);
      done_ += slice.size();
      if (on_done) on_done(done_);
    }
  } catch (...) {
    // The first failure is the one that counts: it stops the others, and they fail only for that.
    if (!failure_) failure_ = std::current_exception();
    cancellation.cancel(CancelReason::kClient);
  }
}

asio::awaitable<void> EmbeddingWork::embed_slice(std::span<const std::size_t> slice, Cancellation cancellation) {
  std::vector<std::string_view> texts;
  std::size_t bytes = 0;
  for (const std::size_t text : slice) {
    texts.emplace_back(texts_[text]);
    bytes += texts_[text].size();
  }
  double took_ms = 0;
  auto made = co_await compute_.run(Lane::kBackground, cancellation, [&] {
    const Stopwatch watch;
    auto embeddings = embedder_.embed(texts, cancellation);
    took_ms = watch.elapsed_ms();
    return embeddings;
  });
  const double rate = took_ms / static_cast<double>(bytes);
  ms_per_byte_ = ms_per_byte_ == 0 ? rate : 0.7 * ms_per_byte_ + 0.3 * rate;
  for (std::size_t i = 0; i < slice.size(); ++i) embeddings_[slice[i]] = std::move(made[i]);
}

std::span<const std::size_t> EmbeddingWork::take_slice() {
  const std::size_t first = taken_;
  double estimate_ms = 0;
  do {
    estimate_ms += ms_per_byte_ * static_cast<double>(texts_[order_[taken_]].size());
    if (taken_ > first && (ms_per_byte_ == 0 || estimate_ms > slice_ms_)) break;
    ++taken_;
  } while (taken_ < order_.size() && taken_ - first < kMaxSliceTexts);
  return std::span(order_).subspan(first, taken_ - first);
}

}  // namespace jackdaw::ingest
