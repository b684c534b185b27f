#include "providers/failover.h"

#include <optional>
#include <utility>

#include "core/error.h"

namespace jackdaw::providers {

namespace asio = boost::asio;

namespace {

bool is_failure_of_writer(ErrorCode code) {
  switch (code) {
    case ErrorCode::kProviderError:
    case ErrorCode::kProviderAuth:
    case ErrorCode::kProviderOverloaded:
    case ErrorCode::kProviderBadStream:
    case ErrorCode::kProviderTimeout: return true;
    default: return false;
  }
}

class FailoverStream : public WriterStream {
 public:
  FailoverStream(const std::vector<LanguageModel*>& writers, Prompt prompt, Cancellation cancellation)
      : writers_(writers), prompt_(std::move(prompt)), cancellation_(std::move(cancellation)) {}

  asio::awaitable<std::optional<WriterEvent>> next() override {
    if (!stream_) stream_ = begin();
    std::optional<Error> failure;
    try {
      std::optional<WriterEvent> event = co_await stream_->next();
      if (!is_settled_) prompt_ = Prompt();
      is_settled_ = true;
      co_return event;
    } catch (const Error& error) {
      const bool may_switch = !is_settled_ && at_ + 1 < writers_.size() && is_failure_of_writer(error.code());
      if (!may_switch || cancellation_.requested()) throw;
      failure = error;
    }
    stream_.reset();
    const LanguageModel& from = *writers_[at_++];
    const LanguageModel& to = *writers_[at_];
    co_return WriterEvent(WriterSwitched{from.provider(), to.provider(), to.model(), failure->what()});
  }

 private:
  // The last one needs no copy behind it.
  std::unique_ptr<WriterStream> begin() {
    const bool is_last = at_ + 1 == writers_.size();
    return writers_[at_]->write(is_last ? std::move(prompt_) : prompt_, cancellation_);
  }

  const std::vector<LanguageModel*>& writers_;
  Prompt prompt_;  // until a writer has begun
  const Cancellation cancellation_;
  std::unique_ptr<WriterStream> stream_;
  std::size_t at_ = 0;
  bool is_settled_ = false;  // something was given out
};

}  // namespace

Failover::Failover(std::vector<LanguageModel*> writers) : writers_(std::move(writers)) {}

std::unique_ptr<WriterStream> Failover::write(Prompt prompt, Cancellation cancellation) {
  return std::make_unique<FailoverStream>(writers_, std::move(prompt), std::move(cancellation));
}

}  // namespace jackdaw::providers
