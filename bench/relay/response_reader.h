#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace jackdaw::bench {

// Takes the lines of a response's body.
class LineSink {
 public:
  virtual ~LineSink() = default;
  // Without its end. Lives during the call.
  virtual void take_line(std::string_view line) = 0;
};

// Just enough of HTTP/1.1 for one response after another on a connection: head, then a body that is chunked, of known
// length, or lasts until the connection ends. Allocates only for what arrives in pieces.
class ResponseReader {
 public:
  // Throws std::runtime_error for what it cannot read. Stops after the response: returns how much of `bytes` it took.
  std::size_t feed(std::string_view bytes, LineSink& sink);
  // The connection ended. True when that is the end of the body, too.
  bool ends_with_connection() const noexcept { return state_ == State::kUntilClose; }

  int status() const noexcept { return status_; }  // 0: no head yet
  bool complete() const noexcept { return state_ == State::kComplete; }
  const std::string& unfinished_line() const noexcept { return body_line_; }
  void start_next() noexcept;

 private:
  enum class State { kHead, kChunkSize, kChunkEnd, kTrailer, kChunk, kLength, kUntilClose, kComplete };

  std::optional<std::string_view> take_line_of_frame(std::string_view& bytes);
  void step(std::string_view& bytes, LineSink& sink);
  void read_frame_line(std::string_view line);
  void read_head_line(std::string_view line);
  void end_head();
  void take_body(std::string_view bytes, LineSink& sink);

  State state_ = State::kHead;
  int status_ = 0;
  bool chunked_ = false;
  std::optional<std::size_t> length_;
  std::size_t left_ = 0;    // of the chunk or of the body
  std::string frame_line_;  // begun line of the head, of a chunk's size
  std::string whole_;       // the line that frame_line_ became
  std::string body_line_;   // begun line of the body
};

}  // namespace jackdaw::bench
