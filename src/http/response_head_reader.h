#pragma once

#include <cstddef>
#include <string_view>
#include <utility>

#include "http/headers.h"

namespace jackdaw::http {

// Reads the heads of one response, line by line: interim ones (1xx) are passed over, the final one stays. What comes
// after it (the fields behind a chunked body) is only counted. Fields that are not well-formed are left out. Untrusted
// input, bounded. One thread at a time.
class ResponseHeadReader {
 public:
  static constexpr std::size_t kMaxBytes = 64 * 1024;  // of all lines together

  // One line, with or without its line end. False: the bytes are too many; nothing is taken any more.
  bool take_line(std::string_view line);

  bool has_begun() const noexcept { return bytes_ > 0; }
  // Whether the final head was read to its blank line.
  bool is_complete() const noexcept { return state_ == State::kComplete; }
  int status() const noexcept { return status_; }
  const Headers& headers() const noexcept { return headers_; }
  Headers take_headers() noexcept { return std::move(headers_); }

 private:
  enum class State { kStatusLine, kFields, kComplete };

  State state_ = State::kStatusLine;
  std::size_t bytes_ = 0;
  int status_ = 0;
  Headers headers_;
};

}  // namespace jackdaw::http
