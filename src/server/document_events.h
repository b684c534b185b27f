#pragma once

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <optional>

#include "core/cancellation.h"
#include "core/document.h"
#include "http/response.h"
#include "ingest/ingest_queue.h"

namespace jackdaw::server {

// Looks the document up, as it is now.
using FindDocument = std::function<boost::asio::awaitable<std::optional<Document>>()>;

// Sends a document's progress as events, `: ping` after 10 s of silence, and after its last event the end. At a
// shutdown the stream is cut: nothing has ended. Throws Error kCancelled when the client is gone.
boost::asio::awaitable<void> stream_progress(http::ResponseWriter& writer, ingest::IngestQueue::Follower& follower,
                                             FindDocument find, const Cancellation& gone, const Cancellation& stopping);

}  // namespace jackdaw::server
