#include "answer/answer_keeper.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <utility>
#include <vector>

namespace jackdaw::answer {

namespace asio = boost::asio;

struct AnswerKeeper::Waiting {
  asio::steady_timer done;  // cancel() says so
  std::exception_ptr failure;
  bool is_done = false;
};

struct AnswerKeeper::State {
  asio::any_io_executor executor;
  AnswerStore& store;
  Compute& threads;
  std::vector<StoredAnswer> answers;
  std::vector<std::shared_ptr<Waiting>> waiting;  // one for each answer
  bool busy = false;

  static asio::awaitable<void> commit_all(std::shared_ptr<State> state);
  asio::awaitable<void> commit(std::vector<StoredAnswer> batch, std::vector<std::shared_ptr<Waiting>> who);
  asio::awaitable<std::exception_ptr> try_commit(std::span<const StoredAnswer> batch);
};

asio::awaitable<void> AnswerKeeper::State::commit_all(std::shared_ptr<State> state) {
  while (!state->answers.empty()) {
    co_await state->commit(std::exchange(state->answers, {}), std::exchange(state->waiting, {}));
  }
  state->busy = false;
}

asio::awaitable<void> AnswerKeeper::State::commit(std::vector<StoredAnswer> batch,
                                                  std::vector<std::shared_ptr<Waiting>> who) {
  const std::exception_ptr failure = co_await try_commit(batch);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    // One that cannot be kept must not take the others with it.
    who[i]->failure = failure;
    if (failure && batch.size() > 1) who[i]->failure = co_await try_commit(std::span(batch).subspan(i, 1));
    who[i]->is_done = true;
    who[i]->done.cancel();
  }
}

asio::awaitable<std::exception_ptr> AnswerKeeper::State::try_commit(std::span<const StoredAnswer> batch) {
  try {
    co_await threads.run(Lane::kInteractive, Cancellation(), [&] { store.keep(batch); });
  } catch (...) {
    co_return std::current_exception();
  }
  co_return nullptr;
}

AnswerKeeper::AnswerKeeper(asio::any_io_executor executor, AnswerStore& store, Compute& threads)
    : state_(std::make_shared<State>(executor, store, threads)) {}

asio::awaitable<void> AnswerKeeper::keep(StoredAnswer answer) {
  const auto state = state_;
  const auto waiting = std::make_shared<Waiting>(asio::steady_timer(state->executor, TimePoint::max()));
  state->answers.push_back(std::move(answer));
  state->waiting.push_back(waiting);
  if (!std::exchange(state->busy, true)) asio::co_spawn(state->executor, State::commit_all(state), asio::detached);
  boost::system::error_code ignored;
  while (!waiting->is_done) co_await waiting->done.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  if (waiting->failure) std::rethrow_exception(waiting->failure);
}

}  // namespace jackdaw::answer
