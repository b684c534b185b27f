#pragma once

#include <cstdint>
#include <string>

namespace jackdaw::bench {

// How an answer is asked for, and so how its stream reads.
enum class Door {
  kChat,     // POST /v1/chat/completions: the provider itself, or a relay that passes it on
  kAnswers,  // POST /v1/answers
  kQuery,    // POST /query/stream
};

struct ClientOptions {
  std::uint16_t port = 0;
  Door door = Door::kChat;
  std::string question = "What is the list price of the Magpie-7?";  // the pace is added to it
  std::uint32_t streams = 1;
  std::uint32_t repeat = 1;    // answers asked one after another on each stream's connection
  std::uint32_t tokens = 200;  // of each answer
  double rate = 50;            // tokens a second; 0: as fast as possible
  std::int64_t ramp_ms = 0;    // in which the streams begin, evenly spread
  std::int64_t hold_ms = 0;    // beyond 0: once all streams have a token they go on so long, then all are cut
  std::int64_t timeout_ms = 300'000;
};

// Reads the streams and prints one JSON object in one line; with hold_ms first {"phase": "streaming"} once all streams
// have a token. Returns the exit code: 0 whatever came of the streams.
int run_client(const ClientOptions& options);

}  // namespace jackdaw::bench
