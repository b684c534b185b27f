#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <memory>

#include "core/answer_store.h"
#include "core/compute.h"

namespace jackdaw::answer {

// Makes answers durable, many in one commit: those that end while a commit is on its way go with the next. Lives on one
// executor of one thread; keeps references to what it is given.
class AnswerKeeper {
 public:
  AnswerKeeper(boost::asio::any_io_executor executor, AnswerStore& store, Compute& threads);

  // Returns when the answer survives a crash. Throws what AnswerStore::keep throws.
  boost::asio::awaitable<void> keep(StoredAnswer answer);

 private:
  struct Waiting;
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace jackdaw::answer
