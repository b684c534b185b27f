#pragma once

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <string>

#include "answer/running_answers.h"
#include "core/answer_store.h"
#include "http/response.h"

namespace jackdaw::server {

// Answers as Server-Sent Events (docs/http_api.md, sections 1 and 2). Each function returns when the last event is
// sent, or when the reader is gone. While nothing else is sent a ping goes out every ten seconds.

// The simple door: tokens, then sources, without event names. The head is held back until the writer's first event, at
// most two seconds: throws the Error that ended the answer before.
boost::asio::awaitable<void> stream_simple(http::ResponseWriter& writer,
                                           answer::RunningAnswers::Subscription& subscription);

// The full door: every event with its id and name.
boost::asio::awaitable<void> stream_full(http::ResponseWriter& writer,
                                         answer::RunningAnswers::Subscription& subscription);

// The same events, with the same ids, of an answer that has ended; those after `after_sequence`.
boost::asio::awaitable<void> replay_full(http::ResponseWriter& writer, const StoredAnswer& answer,
                                         std::uint64_t after_sequence);

// "<answer id>:<sequence>" as a reader that comes back sends it. Returns the sequence. Throws Error kInvalidArgument
// for anything else, also for another answer's id.
std::uint64_t sequence_of(const AnswerId& answer, std::string_view last_event_id);

}  // namespace jackdaw::server
