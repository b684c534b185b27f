#include "http/response_head_reader.h"

#include <charconv>
#include <utility>

#include "http/header_value.h"

namespace jackdaw::http {
namespace {

// "HTTP/1.1 200 OK" -> 200; 0 for anything else.
int status_of(std::string_view line) noexcept {
  if (!line.starts_with("HTTP/")) return 0;
  const std::size_t blank = line.find(' ');
  if (blank == std::string_view::npos) return 0;
  const std::string_view digits = trim_blanks(line.substr(blank)).substr(0, 3);
  int status = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), status);
  return status;
}

}  // namespace

bool ResponseHeadReader::take_line(std::string_view line) {
  if (line.size() > kMaxBytes - bytes_) return false;
  bytes_ += line.size();
  if (state_ == State::kComplete) return true;
  const bool is_continuation = line.starts_with(' ') || line.starts_with('\t');
  line = trim_blanks(line.substr(0, line.find_first_of("\r\n")));
  if (state_ == State::kStatusLine) {
    status_ = status_of(line);
    headers_ = Headers();
    state_ = State::kFields;
  } else if (line.empty()) {
    state_ = status_ >= 200 ? State::kComplete : State::kStatusLine;
  } else if (const std::size_t colon = line.find(':'); colon != std::string_view::npos && !is_continuation) {
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = trim_blanks(line.substr(colon + 1));
    if (is_token(name) && is_field_value(value)) headers_.add(name, value);
  }
  return true;
}

}  // namespace jackdaw::http
