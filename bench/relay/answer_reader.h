#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "relay/client.h"
#include "relay/response_reader.h"
#include "relay/tally.h"

namespace jackdaw::bench {

// Reads one answer after another in the language of its door, and notes what it sees.
class AnswerReader final : private LineSink {
 public:
  AnswerReader(Door door, std::uint32_t tokens, Tally& tally) : door_(door), tokens_(tokens), tally_(tally) {}

  // Before the first byte of an answer.
  void start(std::int64_t asked_ns);
  // What came at `received_ns`.
  void feed(std::string_view bytes, std::int64_t received_ns);
  // The connection ended, or `why` it was ended by us. Notes an answer that is not complete.
  void end_of_connection(const std::string& why);
  // The answer is cut by us, which is no fault of it.
  void cut_by_us();

  bool complete() const noexcept { return ended_; }
  bool has_token() const noexcept { return next_ > 0; }

 private:
  void take_line(std::string_view line) override;
  void take_chat(std::string_view data);
  void take_answers(std::string_view data);
  void take_query(std::string_view data);
  void take_tokens(std::string_view data);
  void take_token(std::uint32_t index, std::int64_t sent_ns);
  void take_timing(std::string_view data);
  void fail(const std::string& what);
  void end();

  Door door_;
  std::uint32_t tokens_;
  Tally& tally_;
  ResponseReader response_;
  std::string event_;  // name of the one being read
  std::string error_;
  std::int64_t asked_ns_ = 0;
  std::int64_t received_ns_ = 0;
  std::int64_t first_ns_ = 0;  // from the request to the first token
  std::uint32_t next_ = 0;     // token
  bool proven_ = false;        // the mark of a complete answer came
  bool ended_ = true;
};

}  // namespace jackdaw::bench
