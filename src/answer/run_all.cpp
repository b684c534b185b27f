#include "answer/run_all.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <utility>

namespace jackdaw::answer {

namespace asio = boost::asio;

namespace {

asio::awaitable<void> run_part(asio::awaitable<void> part, std::exception_ptr& first_failure) {
  try {
    co_await std::move(part);
  } catch (...) {
    if (!first_failure) first_failure = std::current_exception();
  }
}

}  // namespace

asio::awaitable<void> run_all(std::vector<asio::awaitable<void>> parts) {
  const auto executor = co_await asio::this_coro::executor;
  std::exception_ptr failure;
  using Spawned = decltype(asio::co_spawn(executor, run_part(std::move(parts[0]), failure), asio::deferred));
  std::vector<Spawned> spawned;
  spawned.reserve(parts.size());
  for (auto& part : parts) {
    spawned.push_back(asio::co_spawn(executor, run_part(std::move(part), failure), asio::deferred));
  }
  auto group = asio::experimental::make_parallel_group(std::move(spawned));
  co_await group.async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
  if (failure) std::rethrow_exception(failure);
}

}  // namespace jackdaw::answer
