#include "providers/extractive_model.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <exception>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "providers/quotes.h"

namespace jackdaw::providers {

namespace asio = boost::asio;

namespace {

constexpr std::string_view kOpening = "Quoted from your documents (no language model configured):";
constexpr std::string_view kNoEvidence = "Nothing in the documents answers this.";
constexpr std::size_t kMicroBatch = 4;

// Each word with the white space behind it.
std::vector<std::string> into_words(const std::string& text) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = text.find_first_of(" \n", at);
    end = end == std::string::npos ? text.size() : text.find_first_not_of(" \n", end);
    end = std::min(end, text.size());
    words.push_back(text.substr(at, end - at));
    at = end;
  }
  return words;
}

class QuoteStream : public WriterStream {
 public:
  QuoteStream(Reranker& reranker, Compute& compute, const ExtractiveOptions& options, Prompt prompt,
              Cancellation cancellation)
      : reranker_(reranker),
        compute_(compute),
        options_(options),
        prompt_(std::move(prompt)),
        cancellation_(std::move(cancellation)) {}

  asio::awaitable<std::optional<WriterEvent>> next() override {
    cancellation_.throw_if_requested();
    if (!words_) co_await prepare();
    if (said_ < words_->size()) co_return WriterEvent(TextDelta{std::move((*words_)[said_++])});
    if (std::exchange(ended_, true)) co_return std::nullopt;
    co_return WriterEvent(end_);
  }

 private:
  asio::awaitable<void> prepare() {
    sentences_ = quotables(prompt_.passages, options_.max_sentences);
    co_await score();
    const bool answers = std::any_of(sentences_.begin(), sentences_.end(),
                                     [this](const Quotable& found) { return found.logit > options_.answer_above; });
    std::string text(answers ? kOpening : kNoEvidence);
    if (answers) {
      const auto chosen = choose(std::move(sentences_), prompt_.passages,
                                 {options_.keep_above, options_.margin, options_.max_quotes, options_.max_passages});
      for (const auto& paragraph : format(chosen, prompt_)) text += "\n\n" + paragraph;
    }
    end_.reason = answers ? FinishReason::kStop : FinishReason::kNoEvidence;
    words_ = into_words(text);
  }

  // As many micro-batches side by side as the pool has threads.
  asio::awaitable<void> score() {
    const auto executor = co_await asio::this_coro::executor;
    const Cancellation all = cancellation_.child();
    using Worker = decltype(asio::co_spawn(executor, work(all), asio::deferred));
    std::vector<Worker> workers;
    for (std::size_t i = 0; i < compute_.threads(); ++i) {
      workers.push_back(asio::co_spawn(executor, work(all), asio::deferred));
    }
    auto group = asio::experimental::make_parallel_group(std::move(workers));
    co_await group.async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
    if (failure_) std::rethrow_exception(failure_);
  }

  asio::awaitable<void> work(Cancellation cancellation) {
    try {
      while (taken_ < sentences_.size()) {
        const std::size_t first = taken_;
        taken_ = std::min(first + kMicroBatch, sentences_.size());
        std::vector<std::string_view> texts;
        for (std::size_t i = first; i < taken_; ++i) texts.emplace_back(sentences_[i].text);
        const auto logits = co_await compute_.run(
            Lane::kInteractive, cancellation, [&] { return reranker_.score(prompt_.question, texts, cancellation); });
        for (std::size_t i = 0; i < logits.size(); ++i) sentences_[first + i].logit = logits[i];
      }
    } catch (...) {
      if (!failure_) failure_ = std::current_exception();
      cancellation.cancel(CancelReason::kClient);  // the other workers' share is of no use any more
    }
  }

  Reranker& reranker_;
  Compute& compute_;
  const ExtractiveOptions options_;
  const Prompt prompt_;
  const Cancellation cancellation_;
  std::vector<Quotable> sentences_;
  std::size_t taken_ = 0;  // of sentences_
  std::exception_ptr failure_;
  std::optional<std::vector<std::string>> words_;  // of the whole answer, once it is known
  std::size_t said_ = 0;                           // of words_
  WriterEnd end_;
  bool ended_ = false;
};

}  // namespace

ExtractiveOptions limits_of(std::string_view reranker) {
  ExtractiveOptions options;
  if (reranker.starts_with("jackdaw-rerank-l6")) {
    options.keep_above = -2;
    options.answer_above = -4;
  }
  return options;
}

ExtractiveModel::ExtractiveModel(Reranker& reranker, Compute& compute, ExtractiveOptions options)
    : reranker_(reranker), compute_(compute), options_(options) {}

std::unique_ptr<WriterStream> ExtractiveModel::write(Prompt prompt, Cancellation cancellation) {
  return std::make_unique<QuoteStream>(reranker_, compute_, options_, std::move(prompt), std::move(cancellation));
}

}  // namespace jackdaw::providers
