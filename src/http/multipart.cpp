#include "http/multipart.h"

#include <algorithm>
#include <cstring>

#include "core/error.h"
#include "http/content_disposition.h"
#include "http/header_value.h"

namespace jackdaw::http {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
// What may stand after the last boundary.
constexpr std::size_t kMaxEpilogueBytes = 64 * 1024;

Error malformed(const std::string& what) {
  return Error(ErrorCode::kInvalidArgument, "The multipart body is malformed: " + what);
}

bool is_boundary(std::string_view text) {
  constexpr std::string_view kOther = "'()+_,-./:=? ";
  return !text.empty() && text.size() <= 70 && text.back() != ' ' && std::ranges::all_of(text, [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           kOther.find(c) != std::string_view::npos;
  });
}

void parse_field(std::string_view line, Headers& headers) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
    throw malformed("a part has a header line without a name.");
  }
  headers.add(line.substr(0, colon), trim_blanks(line.substr(colon + 1)));
}

PartHead parse_part_head(std::string_view head) {
  PartHead part;
  while (!head.empty()) {
    const std::size_t end = head.find("\r\n");
    parse_field(head.substr(0, end), part.headers);
    head.remove_prefix(std::min(head.size(), end == std::string_view::npos ? head.size() : end + 2));
  }
  const auto disposition = parse_content_disposition(part.headers.get("Content-Disposition"));
  if (!disposition || disposition->type != "form-data" || !disposition->name) {
    throw malformed("a part lacks 'Content-Disposition: form-data; name=\"...\"'.");
  }
  part.name = *disposition->name;
  part.filename = disposition->filename;
  part.content_type = part.headers.get("Content-Type");
  return part;
}

}  // namespace

std::string multipart_boundary(std::string_view content_type) {
  if (media_type_of(content_type) != "multipart/form-data") {
    throw Error(ErrorCode::kUnsupportedMediaType,
                "Files are uploaded as 'Content-Type: multipart/form-data; boundary=...'.");
  }
  const auto parsed = parse_parameterized(content_type);
  const auto boundary = parsed ? parsed->parameter("boundary") : std::nullopt;
  if (!boundary || !is_boundary(*boundary)) {
    throw Error(ErrorCode::kInvalidArgument,
                "The Content-Type multipart/form-data needs a boundary of 1 to 70 allowed characters.");
  }
  return std::string(*boundary);
}

// The CR LF in front lets the first delimiter, which may begin the body, look like all others.
MultipartParser::MultipartParser(std::string_view boundary, MultipartLimits limits)
    : delimiter_("\r\n--" + std::string(boundary)), limits_(limits), buffer_("\r\n") {}

void MultipartParser::feed(std::string_view bytes) {
  buffer_.erase(0, read_);
  read_ = 0;
  if (state_ != State::kEpilogue) buffer_ += bytes;
}

MultipartParser::Event MultipartParser::next() {
  data_ = {};
  switch (state_) {
    case State::kPreamble: return find_first_delimiter();
    case State::kAfterDelimiter: return read_after_delimiter();
    case State::kHead: return read_head();
    case State::kData: return read_data();
    case State::kEpilogue: return Event::kEnd;
  }
  return Event::kEnd;
}

MultipartParser::Event MultipartParser::need_more(const char* where) const {
  if (finished_) throw malformed(std::string("it ends ") + where + ".");
  return Event::kNeedMore;
}

MultipartParser::Event MultipartParser::find_first_delimiter() {
  const std::size_t found = rest().find(delimiter_);
  if (found == std::string_view::npos) {
    if (rest().size() >= delimiter_.size()) read_ += rest().size() - (delimiter_.size() - 1);
    return need_more("before its first boundary");
  }
  read_ += found + delimiter_.size();
  state_ = State::kAfterDelimiter;
  return read_after_delimiter();
}

MultipartParser::Event MultipartParser::read_after_delimiter() {
  if (rest().size() < 2) return need_more("inside a boundary");
  if (rest().starts_with("--")) {
    state_ = State::kEpilogue;
    read_ = buffer_.size();
    return Event::kEnd;
  }
  const std::size_t blanks = std::min(rest().find_first_not_of(" \t"), rest().size());
  const std::string_view line_end = rest().substr(blanks, 2);
  if (line_end != "\r\n") {
    const bool may_still_come = line_end.empty() || line_end == "\r";
    if (may_still_come && blanks <= limits_.max_part_head_bytes) return need_more("inside a boundary");
    throw malformed("a boundary is followed by something else than a line end.");
  }
  if (++parts_ > limits_.max_parts) {
    throw Error(ErrorCode::kTooLarge, "The multipart body has more than " + std::to_string(limits_.max_parts) +
                                          " parts. Send fewer at once.");
  }
  read_ += blanks + 2;
  state_ = State::kHead;
  return read_head();
}

MultipartParser::Event MultipartParser::read_head() {
  const std::size_t end = rest().find("\r\n\r\n");
  if (std::min(end, rest().size()) > limits_.max_part_head_bytes) {
    throw Error(ErrorCode::kTooLarge, "A part of the multipart body has a head of more than " +
                                          std::to_string(limits_.max_part_head_bytes) + " bytes.");
  }
  if (end == std::string_view::npos) return need_more("inside the head of a part");
  head_ = parse_part_head(rest().substr(0, end));
  // The last line end stays: directly before a delimiter it is the delimiter's own, and the part is empty.
  read_ += end + 2;
  state_ = State::kData;
  at_data_begin_ = true;
  return Event::kPartBegin;
}

MultipartParser::Event MultipartParser::read_data() {
  if (at_data_begin_) {
    if (rest().size() < delimiter_.size()) return need_more("inside a part");
    if (!rest().starts_with(delimiter_)) read_ += 2;
    at_data_begin_ = false;
  }
  const std::size_t found = rest().find(delimiter_);
  if (found == 0) {
    read_ += delimiter_.size();
    state_ = State::kAfterDelimiter;
    return Event::kPartEnd;
  }
  // The last bytes may begin a delimiter.
  const std::size_t held_back = delimiter_.size() - 1;
  const std::size_t count =
      found != std::string_view::npos ? found : rest().size() - std::min(rest().size(), held_back);
  if (count == 0) return need_more("inside a part");
  data_ = rest().substr(0, count);
  read_ += count;
  return Event::kPartData;
}

MultipartReader::MultipartReader(std::string_view boundary, Source source, MultipartLimits limits)
    : parser_(boundary, limits), source_(std::move(source)) {}

boost::asio::awaitable<MultipartParser::Event> MultipartReader::next_event() {
  while (true) {
    const MultipartParser::Event event = parser_.next();
    if (event != MultipartParser::Event::kNeedMore) co_return event;
    input_.resize(kReadBytes);
    const std::size_t count = co_await source_(input_);
    if (count == 0) {
      parser_.finish();
    } else {
      parser_.feed(std::string_view(input_).substr(0, count));
    }
  }
}

boost::asio::awaitable<std::optional<PartHead>> MultipartReader::next_part() {
  pending_ = {};
  in_part_ = false;
  while (true) {
    const MultipartParser::Event event = co_await next_event();
    if (event == MultipartParser::Event::kPartBegin) {
      in_part_ = true;
      co_return std::move(parser_.head());
    }
    if (event == MultipartParser::Event::kEnd) {
      co_await skip_epilogue();
      co_return std::nullopt;
    }
  }
}

boost::asio::awaitable<void> MultipartReader::skip_epilogue() {
  input_.resize(kReadBytes);
  std::size_t skipped = 0;
  while (skipped <= kMaxEpilogueBytes) {
    const std::size_t count = co_await source_(input_);
    if (count == 0) co_return;
    skipped += count;
  }
}

boost::asio::awaitable<std::size_t> MultipartReader::read_some(std::span<char> into) {
  while (pending_.empty()) {
    if (!in_part_ || into.empty()) co_return 0;
    const MultipartParser::Event event = co_await next_event();
    if (event == MultipartParser::Event::kPartData) pending_ = parser_.data();
    if (event == MultipartParser::Event::kPartEnd) in_part_ = false;
  }
  const std::size_t count = std::min(into.size(), pending_.size());
  std::memcpy(into.data(), pending_.data(), count);
  pending_.remove_prefix(count);
  co_return count;
}

}  // namespace jackdaw::http
