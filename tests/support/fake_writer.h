#pragma once

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "core/error.h"
#include "core/language_model.h"

namespace jackdaw::testing {

// Sleeps until cancelled or `until`; throws when cancelled.
inline boost::asio::awaitable<void> sleep_until(TimePoint until, Cancellation cancellation) {
  const boost::asio::any_io_executor executor = co_await boost::asio::this_coro::executor;
  const auto timer = std::make_shared<boost::asio::steady_timer>(
      executor, std::min(until, cancellation.deadline().value_or(TimePoint::max())));
  const auto on_cancel =
      cancellation.on_cancel([timer, executor] { boost::asio::post(executor, [timer] { timer->cancel(); }); });
  boost::system::error_code ignored;
  co_await timer->async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
  cancellation.throw_if_requested();
}

// The one LanguageModel in use, which does what `step` says: called for each event with its number from 0; nullopt
// breaks the stream.
class FakeWriter : public LanguageModel, public LanguageModels {
 public:
  using Step = std::function<boost::asio::awaitable<std::optional<WriterEvent>>(int, Cancellation)>;

  const std::string& provider() const noexcept override { return provider_; }
  const std::string& model() const noexcept override { return model_; }
  std::unique_ptr<WriterStream> write(Prompt prompt, Cancellation cancellation) override {
    const bool rewrites = prompt.passages.empty();
    (rewrites ? last_rewriting : last_prompt) = std::move(prompt);
    return std::make_unique<Stream>(*this, rewrites && rewrite ? rewrite : step, std::move(cancellation));
  }

  bool follows_instructions() const noexcept override { return static_cast<bool>(rewrite); }
  std::vector<WriterChoice> in_use() const override { return {{provider_, model_}}; }

  LanguageModel& find(const WriterChoice& choice) override {
    if (!choice.model.empty() && choice.model != model_) {
      throw Error(ErrorCode::kInvalidArgument, "The model is not in use.").with_field("model");
    }
    return *this;
  }

  // Says the words and ends.
  void says(std::vector<std::string> words, WriterEnd end = {}) { step = saying(std::move(words), end); }
  static Step saying(std::vector<std::string> words, WriterEnd end = {}) {
    return [words, end](int number, Cancellation) { return say(words, end, number); };
  }

  Step step;
  Step rewrite;  // for prompts without passages; with none, it does not follow instructions
  Prompt last_prompt;
  Prompt last_rewriting;
  int streams_open = 0;

 private:
  static boost::asio::awaitable<std::optional<WriterEvent>> say(std::vector<std::string> words, WriterEnd end,
                                                                int number) {
    const auto at = static_cast<std::size_t>(number);
    if (at < words.size()) co_return WriterEvent(TextDelta{words[at]});
    co_return WriterEvent(end);
  }

  class Stream : public WriterStream {
   public:
    Stream(FakeWriter& writer, Step step, Cancellation cancellation)
        : writer_(writer), step_(std::move(step)), cancellation_(std::move(cancellation)) {
      ++writer_.streams_open;
    }
    ~Stream() override { --writer_.streams_open; }
    boost::asio::awaitable<std::optional<WriterEvent>> next() override {
      cancellation_.throw_if_requested();
      return step_(number_++, cancellation_);
    }

   private:
    FakeWriter& writer_;
    const Step step_;
    const Cancellation cancellation_;
    int number_ = 0;
  };

  const std::string provider_ = "fake";
  const std::string model_ = "fake-1";
};

}  // namespace jackdaw::testing
