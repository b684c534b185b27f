#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

namespace jackdaw::testing {

// Runs `io` until the coroutine has ended, and returns its result or throws what it threw.
template <class T>
T await(boost::asio::io_context& io, boost::asio::awaitable<T> coroutine) {
  std::optional<T> result;
  std::exception_ptr failure;
  bool ended = false;
  boost::asio::co_spawn(io, std::move(coroutine), [&](std::exception_ptr thrown, T value) {
    failure = thrown;
    if (!thrown) result.emplace(std::move(value));
    ended = true;
  });
  io.restart();
  while (!ended && io.run_one() > 0) {
  }
  if (!ended) throw std::logic_error("the coroutine never ended: nothing is left that could wake it");
  if (failure) std::rethrow_exception(failure);
  return std::move(*result);
}

inline void await(boost::asio::io_context& io, boost::asio::awaitable<void> coroutine) {
  const auto wrapped = [](boost::asio::awaitable<void> inner) -> boost::asio::awaitable<bool> {
    co_await std::move(inner);
    co_return true;
  };
  await<bool>(io, wrapped(std::move(coroutine)));
}

}  // namespace jackdaw::testing
