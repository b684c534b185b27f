#pragma once

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "http/headers.h"

namespace jackdaw::http {

struct MultipartLimits {
  std::size_t max_part_head_bytes = 8 * 1024;
  std::size_t max_parts = 128;
};

// The head of one part of a multipart/form-data body (RFC 7578).
struct PartHead {
  std::string name;                     // of the form field
  std::optional<std::string> filename;  // as sent, decoded: untrusted, may hold a path; nothing for a plain field
  std::string content_type;             // empty: none was sent
  Headers headers;
};

// The boundary parameter of a Content-Type. Throws Error kUnsupportedMediaType when the type is not
// multipart/form-data, kInvalidArgument when the boundary is missing or not 1..70 allowed characters.
std::string multipart_boundary(std::string_view content_type);

// Splits the bytes of a multipart body into parts. However the bytes are cut before feed(), the parts are the same.
// Holds at most what was fed last plus one part head. Not shared between threads. next() throws Error kInvalidArgument
// for a malformed body, kTooLarge beyond a limit.
class MultipartParser {
 public:
  enum class Event { kNeedMore, kPartBegin, kPartData, kPartEnd, kEnd };

  MultipartParser(std::string_view boundary, MultipartLimits limits = {});

  // To be called after kNeedMore.
  void feed(std::string_view bytes);
  // No more bytes will come.
  void finish() { finished_ = true; }

  Event next();

  // After kPartBegin.
  PartHead& head() noexcept { return head_; }
  // After kPartData; never empty; valid until the next call of feed() or next().
  std::string_view data() const noexcept { return data_; }

 private:
  enum class State { kPreamble, kAfterDelimiter, kHead, kData, kEpilogue };

  Event find_first_delimiter();
  Event read_after_delimiter();
  Event read_head();
  Event read_data();
  Event need_more(const char* where) const;
  std::string_view rest() const noexcept { return std::string_view(buffer_).substr(read_); }

  std::string delimiter_;  // CR LF "--" boundary
  MultipartLimits limits_;
  State state_ = State::kPreamble;
  std::string buffer_;
  std::size_t read_ = 0;  // bytes of buffer_ that are done
  std::size_t parts_ = 0;
  bool at_data_begin_ = false;  // the line end after the part's head is not passed yet
  bool finished_ = false;
  PartHead head_;
  std::string_view data_;
};

// The same, pulled from a source. Used from one coroutine; the source's errors pass through.
class MultipartReader {
 public:
  // Fills a part of the span; 0 at the end.
  using Source = std::function<boost::asio::awaitable<std::size_t>(std::span<char>)>;

  MultipartReader(std::string_view boundary, Source source, MultipartLimits limits = {});

  // The next part; what was not read of the part before is skipped. Nothing after the last.
  boost::asio::awaitable<std::optional<PartHead>> next_part();
  // Bytes of the current part; 0 at its end.
  boost::asio::awaitable<std::size_t> read_some(std::span<char> into);

 private:
  boost::asio::awaitable<MultipartParser::Event> next_event();
  boost::asio::awaitable<void> skip_epilogue();

  MultipartParser parser_;
  Source source_;
  std::string input_;
  std::string_view pending_;  // of the current part, not handed out yet
  bool in_part_ = false;
};

}  // namespace jackdaw::http
