#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "core/document.h"
#include "extract/confined/protocol.h"

namespace jackdaw::extract {

struct ParsedDocument {
  std::uint32_t pages = 0;  // how many ParsedPage follow
  bool paged = true;        // false: they are pieces of a text without pages
  std::string media_type;   // one of protocol::kMediaTypes
  std::string title;        // clean: valid UTF-8, no control characters, at most 500 code points
};
struct ParsedPage {
  Page page;
  int pictures = 0;  // images that are drawn on it; 255: that or more
};
struct ParsedEnd {};
struct ParserFailure {
  protocol::FailureReason reason{};
  std::uint32_t page = 0;
  std::string detail;
};
struct ParserReady {};

using ParserMessage = std::variant<ParsedDocument, ParsedPage, ParsedEnd, ParserFailure, ParserReady>;

// Reads what a confined parser writes, in pieces of any size, and believes none of it: a hostile document may have
// taken the parser over. Every message it gives out keeps the promises of core/document.h and the order of protocol.h.
// Whatever breaks them throws Error: kTooLarge for more pages or characters than allowed, else kDamagedDocument. After
// a throw it is of no more use. Not shared between threads. Holds at most one frame (kMaxFrameBytes) and what was fed
// after it.
class ParserOutput {
 public:
  ParserOutput(std::size_t max_pages, std::size_t max_characters)
      : max_pages_(max_pages), max_characters_(max_characters) {}

  void feed(std::string_view bytes);

  // The next complete message; nothing until more is fed.
  std::optional<ParserMessage> next();

  // How many pages were given out.
  std::uint32_t pages() const noexcept { return pages_; }

  // True once anything was fed.
  bool began() const noexcept { return began_; }

  // True after a message that ends the stream.
  bool ended() const noexcept { return state_ == State::kEnded; }

 private:
  enum class State { kMagic, kStart, kPages, kEnded };

  std::string_view unread() const noexcept { return std::string_view(buffer_).substr(consumed_); }
  ParserMessage decode(protocol::FrameKind kind, std::string_view payload);
  ParsedDocument decode_document(std::string_view payload);
  ParsedPage decode_page(std::string_view payload);
  ParsedEnd decode_end(std::string_view payload);
  ParserFailure decode_failure(std::string_view payload);

  std::size_t max_pages_;
  std::size_t max_characters_;
  std::string buffer_;
  std::size_t consumed_ = 0;
  State state_ = State::kMagic;
  bool began_ = false;
  std::uint32_t announced_ = 0;  // pages
  std::uint32_t pages_ = 0;
  std::size_t characters_ = 0;
};

}  // namespace jackdaw::extract
