#include "server/document_events.h"

#include <boost/json.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "core/clock.h"
#include "core/error.h"
#include "http/event_stream_writer.h"
#include "server/document_json.h"
#include "server/json.h"

namespace jackdaw::server {
namespace {

namespace json = boost::json;
using Stage = JobProgress::Stage;

constexpr std::chrono::seconds kPingAfter{10};

struct Event {
  std::string_view name;
  json::object data;
};

json::value known(int number) {
  return number > 0 ? json::value(number) : json::value(nullptr);
}

json::object failure_data(const JobProgress& progress) {
  if (progress.failure) return to_json(*progress.failure);
  return to_json(DocumentFailure{.code = ErrorCode::kInternal, .message = "The file could not be read.", .page = 0});
}

// `document`: of kReady alone, and nothing when it was deleted meanwhile.
Event event_of(const JobProgress& progress, const std::optional<Document>& document) {
  Event event;
  switch (progress.stage) {
    case Stage::kQueued: event.name = "queued"; break;
    case Stage::kExtracting:
      event = {"extracting", {{"page", progress.page}, {"pages", known(progress.pages)}}};
      if (progress.recognizing) event.data["recognizing"] = true;
      break;
    case Stage::kEmbedding:
    case Stage::kStoring: event = {"embedding", {{"chunk", progress.chunk}, {"chunks", progress.chunks}}}; break;
    case Stage::kFailed: event = {"failed", failure_data(progress)}; break;
    case Stage::kCancelled: event = {"cancelled", {{"reason", "client"}}}; break;
    case Stage::kReady:
      if (document) {
        event = {"ready", {{"document", to_json(*document)}}};
        break;
      }
      [[fallthrough]];
    case Stage::kRemoved: event = {"cancelled", {{"reason", "deleted"}}}; break;
  }
  add_speed(event.data, progress.pages_per_s, progress.eta_s);
  return event;
}

std::string encode(const Event& event) {
  const std::string data = dump(event.data);
  std::string out;
  http::append_event(out, {.id = {}, .event = event.name, .data = data});
  return out;
}

http::Headers event_stream_headers() {
  return {{"Content-Type", std::string(http::kEventStreamType)},
          {"Cache-Control", "no-store, no-transform"},
          {"X-Accel-Buffering", "no"}};
}

}  // namespace

boost::asio::awaitable<void> stream_progress(http::ResponseWriter& writer, ingest::IngestQueue::Follower& follower,
                                             FindDocument find, const Cancellation& gone,
                                             const Cancellation& stopping) {
  http::Headers headers = event_stream_headers();
  co_await writer.begin_stream(200, std::move(headers));
  for (;;) {
    const std::optional<JobProgress> news = co_await follower.next(kPingAfter, gone);
    gone.throw_if_requested();
    stopping.throw_if_requested();
    if (!news) {
      co_await writer.write(http::kEventStreamPing);
      continue;
    }
    std::optional<Document> document;
    if (news->stage == Stage::kReady) document = co_await find();
    const std::string event = encode(event_of(*news, document));
    co_await writer.write(event);
    if (news->is_last()) break;
  }
  co_await writer.end_stream();
}

}  // namespace jackdaw::server
