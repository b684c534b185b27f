#include "server/ingest_workers.h"

#include <utility>

namespace jackdaw::server {

IngestWorkers::IngestWorkers(std::size_t threads, Work work) : work_(std::move(work)) {
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

IngestWorkers::~IngestWorkers() {
  {
    auto state = state_.lock();
    state->stopping = true;
  }
  more_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void IngestWorkers::add(FoundFile file) {
  {
    auto state = state_.lock();
    state->waiting.push_back(std::move(file));
  }
  more_.notify_one();
}

void IngestWorkers::run() {
  for (;;) {
    auto state = state_.lock();
    more_.wait(state.mutex_lock(), [&] { return state->stopping || !state->waiting.empty(); });
    if (state->stopping) return;
    const FoundFile file = std::move(state->waiting.front());
    state->waiting.pop_front();
    const std::uint64_t number = state->begun++;
    state->running.emplace(number, Running{.file = file});
    state.mutex_lock().unlock();
    take_one(number, file);
  }
}

void IngestWorkers::take_one(std::uint64_t number, const FoundFile& file) {
  const auto on_progress = [this, number](const ingest::JobProgress& progress) {
    auto state = state_.lock();
    state->running.at(number).progress = progress;
  };
  std::exception_ptr failure;
  std::vector<IngestedFile> done;
  try {
    done.push_back(work_(file, on_progress));
  } catch (...) {
    failure = std::current_exception();
  }
  {
    auto state = state_.lock();
    state->running.erase(number);
    for (IngestedFile& one : done) state->done.push_back(std::move(one));
    if (failure && !state->failure) state->failure = failure;
    if (failure) state->waiting.clear();
  }
  news_.notify_one();
}

IngestWorkers::News IngestWorkers::wait(std::chrono::milliseconds patience) {
  auto state = state_.lock();
  const auto idle = [&] { return state->running.empty() && state->waiting.empty(); };
  news_.wait_for(state.mutex_lock(), patience, [&] { return !state->done.empty() || idle(); });
  News news;
  news.done = std::exchange(state->done, {});
  news.idle = idle();
  for (const auto& [number, running] : state->running) news.running.push_back(running);
  if (news.idle && news.done.empty() && state->failure) std::rethrow_exception(std::exchange(state->failure, nullptr));
  return news;
}

}  // namespace jackdaw::server
