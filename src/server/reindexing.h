#pragma once

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <string>

#include "core/cancellation.h"
#include "ingest/reindexer.h"
#include "server/assembly.h"

namespace boost::json {
class object;
}  // namespace boost::json

namespace jackdaw::server {

struct ReindexStatus {
  enum class State { kIdle, kRunning, kDone, kFailed, kStopped };
  State state = State::kIdle;
  std::string embedder{};              // whose vectors are searched; empty: none were made yet
  std::string new_embedder{};          // whose are being made, or were begun; empty: none
  ingest::ReindexProgress progress{};  // of the new ones
  std::string message{};               // why it failed
};

// As GET /v1/reindex shows it.
boost::json::object to_json(const ReindexStatus& status);
// The inverse. Throws Error kInternal.
ReindexStatus reindex_status_from_json(const boost::json::object& object);

// Makes a collection's vectors anew while it is in use (ingest/reindexer.h), one run at a time. Lives on the I/O thread
// and as long as its runs, which end soon after the assembly is told to shut down.
class Reindexing {
 public:
  explicit Reindexing(Assembly& assembly) : assembly_(assembly) {}

  // Returns once it runs, in the background, with the embedder that the setting JACKDAW_EMBEDDER would choose by that
  // word; empty: that of the settings. Throws Error kConflict while one runs, kInvalidArgument (field "embedder"),
  // kUnavailable for a model that is not there.
  boost::asio::awaitable<void> start(std::string embedder);
  // Asks the run to end. What was made is kept for the next one.
  void stop();
  boost::asio::awaitable<ReindexStatus> status();

  // One run to its end, for who waits for it.
  using OnProgress = ingest::Reindexer::OnProgress;
  boost::asio::awaitable<void> run(std::string embedder, OnProgress on_progress, Cancellation cancellation);

 private:
  boost::asio::awaitable<SearchSpace> make_space(const std::string& embedder);
  boost::asio::awaitable<void> run_in(SearchSpace space, OnProgress on_progress, Cancellation cancellation);
  boost::asio::awaitable<void> run_in_background(SearchSpace space, Cancellation cancellation);

  Assembly& assembly_;
  ReindexStatus::State state_ = ReindexStatus::State::kIdle;
  std::string message_;
  std::string new_embedder_;  // of the run
  ingest::ReindexProgress progress_;
  Cancellation cancellation_;  // of the run
};

}  // namespace jackdaw::server
