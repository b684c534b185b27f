#include "server/reindexing.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "core/log.h"
#include "server/config.h"

namespace jackdaw::server {

namespace asio = boost::asio;
namespace json = boost::json;
using State = ReindexStatus::State;

namespace {

constexpr std::array<std::string_view, 5> kStates{"idle", "running", "done", "failed", "stopped"};

json::value text_or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

std::string text_of(const json::value& value) {
  return value.is_string() ? std::string(value.get_string()) : std::string();
}

void check_embedder(const std::string& word) {
  const auto words = embedder_words();
  if (word.empty() || std::ranges::find(words, word) != words.end()) return;
  std::string known;
  for (const std::string_view each : words) known += (known.empty() ? "" : ", ") + std::string(each);
  throw Error(ErrorCode::kInvalidArgument, "No embedder is called '" + word + "'. There are " + known + ".")
      .with_field("embedder");
}

}  // namespace

json::object to_json(const ReindexStatus& status) {
  return {{"state", kStates[static_cast<std::size_t>(status.state)]},
          {"embedder", text_or_null(status.embedder)},
          {"new_embedder", text_or_null(status.new_embedder)},
          {"made", status.progress.made},
          {"chunks", status.progress.chunks},
          {"message", text_or_null(status.message)}};
}

ReindexStatus reindex_status_from_json(const json::object& object) {
  try {
    const auto state = std::ranges::find(kStates, std::string_view(object.at("state").as_string()));
    if (state == kStates.end()) throw Error(ErrorCode::kInternal, "The running server sent an unknown state.");
    return {.state = static_cast<State>(state - kStates.begin()),
            .embedder = text_of(object.at("embedder")),
            .new_embedder = text_of(object.at("new_embedder")),
            .progress = {.made = object.at("made").to_number<std::int64_t>(),
                         .chunks = object.at("chunks").to_number<std::int64_t>()},
            .message = text_of(object.at("message"))};
  } catch (const boost::system::system_error&) {
    throw Error(ErrorCode::kInternal, "The running server sent something that is not the state of a reindex.");
  }
}

asio::awaitable<SearchSpace> Reindexing::make_space(const std::string& embedder) {
  check_embedder(embedder);
  Config config = assembly_.config();
  if (!embedder.empty()) config.embedder = embedder;
  co_return co_await assembly_.compute().run(Lane::kInteractive, assembly_.stopping(), [&] {
    SearchSpace space{.embedder = make_embedder(config), .index = nullptr};
    if (assembly_.ready()) space.index = make_index(config, space.embedder->dimensions());
    return space;
  });
}

asio::awaitable<void> Reindexing::run_in(SearchSpace space, OnProgress on_progress, Cancellation cancellation) {
  const ingest::ReindexerOptions options{.embedded_context = embedded_context(assembly_.config())};
  ingest::Reindexer reindexer(assembly_.collection(), assembly_.compute(), assembly_.writing(), options);
  const bool searched = assembly_.ready();
  const auto in_use = [this, searched, &space] {
    if (searched) assembly_.flows().ingestor->switch_to(space);
  };
  co_await reindexer.run(space, std::move(on_progress), in_use, cancellation);
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  if (searched) assembly_.flows().ingestor->merge_soon(executor);  // it was filled in small pieces
}

asio::awaitable<void> Reindexing::run(std::string embedder, OnProgress on_progress, Cancellation cancellation) {
  SearchSpace space = co_await make_space(embedder);
  co_await run_in(std::move(space), std::move(on_progress), cancellation);
}

asio::awaitable<void> Reindexing::start(std::string embedder) {
  if (state_ == State::kRunning) {
    throw Error(ErrorCode::kConflict,
                "The vectors are being made anew already. GET /v1/reindex says how far they are, DELETE stops it.");
  }
  assembly_.flows();  // must be ready
  const State before = std::exchange(state_, State::kRunning);
  cancellation_ = assembly_.stopping().child();
  message_.clear();
  new_embedder_.clear();
  progress_ = {};
  SearchSpace space;
  try {
    space = co_await make_space(embedder);
  } catch (...) {
    state_ = before;
    throw;
  }
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  new_embedder_ = space.embedder->name();
  log::info("the vectors of the collection are made anew by " + new_embedder_);
  asio::co_spawn(executor, run_in_background(std::move(space), cancellation_), asio::detached);
}

asio::awaitable<void> Reindexing::run_in_background(SearchSpace space, Cancellation cancellation) {
  const std::string name = space.embedder->name();
  OnProgress note = [this](const ingest::ReindexProgress& so_far) { progress_ = so_far; };
  try {
    co_await run_in(std::move(space), std::move(note), cancellation);
    state_ = State::kDone;
    log::info("the vectors of " + name + " are in use");
  } catch (const std::exception& failure) {
    state_ = cancellation.requested() ? State::kStopped : State::kFailed;
    if (state_ == State::kStopped) co_return;
    message_ = failure.what();
    log::error("The vectors could not be made anew: " + message_);
  }
}

void Reindexing::stop() {
  if (state_ == State::kRunning) cancellation_.cancel(CancelReason::kClient);
}

// How many were made is counted only where no run knows it: counting reads them all.
asio::awaitable<ReindexStatus> Reindexing::status() {
  store::SqliteStore& collection = assembly_.collection();
  const bool running = state_ == State::kRunning;
  ReindexStatus status{.state = state_, .new_embedder = running ? new_embedder_ : "", .progress = progress_};
  status.message = message_;
  co_await assembly_.storage().run(Lane::kInteractive, assembly_.stopping(), [&] {
    status.embedder = collection.embedder_name();
    if (running) return;
    NewVectors found = collection.new_vectors();
    status.new_embedder = std::move(found.embedder);
    const bool all_in_use = status.state == State::kDone && status.new_embedder.empty();
    status.progress = {.made = all_in_use ? found.chunks : found.made, .chunks = found.chunks};
  });
  co_return status;
}

}  // namespace jackdaw::server
