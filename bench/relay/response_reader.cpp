#include "relay/response_reader.h"

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace jackdaw::bench {
namespace {

std::size_t read_number(std::string_view text, int base) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end == text.data()) {
    throw std::runtime_error("no number where one belongs: " + std::string(text.substr(0, 40)));
  }
  return value;
}

bool starts_with_name(std::string_view line, std::string_view lower_name) {
  return line.size() >= lower_name.size() &&
         std::equal(lower_name.begin(), lower_name.end(), line.begin(),
                    [](char want, char have) { return want == (have >= 'A' && have <= 'Z' ? have + 32 : have); });
}

std::string_view value_of(std::string_view line) {
  line.remove_prefix(line.find(':') + 1);
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  return line;
}

}  // namespace

void ResponseReader::start_next() noexcept {
  state_ = State::kHead;
  status_ = 0;
  chunked_ = false;
  length_.reset();
  body_line_.clear();
}

std::size_t ResponseReader::feed(std::string_view bytes, LineSink& sink) {
  const std::size_t size = bytes.size();
  while (!bytes.empty() && !complete()) step(bytes, sink);
  return size - bytes.size();
}

void ResponseReader::step(std::string_view& bytes, LineSink& sink) {
  switch (state_) {
    case State::kUntilClose:
      take_body(bytes, sink);
      bytes = {};
      return;
    case State::kChunk:
    case State::kLength: {
      const std::size_t count = std::min(left_, bytes.size());
      take_body(bytes.substr(0, count), sink);
      bytes.remove_prefix(count);
      left_ -= count;
      if (left_ == 0) state_ = state_ == State::kChunk ? State::kChunkEnd : State::kComplete;
      return;
    }
    default:
      if (const auto line = take_line_of_frame(bytes)) read_frame_line(*line);
  }
}

std::optional<std::string_view> ResponseReader::take_line_of_frame(std::string_view& bytes) {
  const std::size_t end = bytes.find('\n');
  if (end == bytes.npos) {
    frame_line_ += bytes;
    bytes = {};
    return std::nullopt;
  }
  std::string_view line = bytes.substr(0, end);
  bytes.remove_prefix(end + 1);
  if (!frame_line_.empty()) {
    whole_.swap(frame_line_);
    whole_ += line;
    frame_line_.clear();
    line = whole_;
  }
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

void ResponseReader::read_frame_line(std::string_view line) {
  switch (state_) {
    case State::kHead:
      if (line.empty()) return end_head();
      return read_head_line(line);
    case State::kChunkSize:
      left_ = read_number(line, 16);
      state_ = left_ == 0 ? State::kTrailer : State::kChunk;
      return;
    case State::kChunkEnd:
      if (!line.empty()) throw std::runtime_error("a chunk is longer than it says");
      state_ = State::kChunkSize;
      return;
    default:
      if (line.empty()) state_ = State::kComplete;
  }
}

void ResponseReader::read_head_line(std::string_view line) {
  if (status_ == 0) {
    if (!line.starts_with("HTTP/1.") || line.size() < 12) throw std::runtime_error("no HTTP response");
    status_ = static_cast<int>(read_number(line.substr(9, 3), 10));
  } else if (starts_with_name(line, "transfer-encoding:")) {
    chunked_ = true;
  } else if (starts_with_name(line, "content-length:")) {
    length_ = read_number(value_of(line), 10);
  }
}

void ResponseReader::end_head() {
  left_ = length_.value_or(0);
  if (chunked_) {
    state_ = State::kChunkSize;
  } else if (length_) {
    state_ = left_ == 0 ? State::kComplete : State::kLength;
  } else {
    state_ = State::kUntilClose;
  }
}

void ResponseReader::take_body(std::string_view bytes, LineSink& sink) {
  for (std::size_t end = bytes.find('\n'); end != bytes.npos; end = bytes.find('\n')) {
    std::string_view line = bytes.substr(0, end);
    bytes.remove_prefix(end + 1);
    if (!body_line_.empty()) {
      body_line_ += line;
      line = body_line_;
    }
    if (line.ends_with('\r')) line.remove_suffix(1);
    sink.take_line(line);
    body_line_.clear();
  }
  body_line_ += bytes;
}

}  // namespace jackdaw::bench
