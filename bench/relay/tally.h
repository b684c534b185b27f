#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace jackdaw::bench {

// What the streams of one run told. Times in nanoseconds.
struct Tally {
  std::vector<std::int64_t> token_ns;        // from sent by the provider to received, each token
  std::vector<std::int64_t> first_token_ns;  // from the request to the first token, each answer
  std::vector<std::int64_t> request_ns;      // from the request to the first token sent by the provider
  std::vector<std::int64_t> retrieval_ns;    // as the answer's `timing` says; only the door that has one
  std::vector<std::int64_t> beyond_ns;       // first_token - retrieval
  std::uint64_t asked = 0;                   // answers
  std::uint64_t ended = 0;                   // with the mark of a complete answer
  std::uint64_t held = 0;                    // cut by us while they went on
  std::uint64_t lost = 0;                    // tokens
  std::uint64_t out_of_order = 0;
  std::map<std::string, std::uint64_t> errors;

  // One line; `extra` is put in as it is. Sorts the times.
  std::string to_json(const std::string& extra);
};

}  // namespace jackdaw::bench
