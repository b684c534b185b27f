#include "extract/parser_output.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include "core/error.h"
#include "core/text.h"

namespace jackdaw::extract {
namespace {

using protocol::FrameKind;

constexpr std::size_t kMaxTitleCodePoints = 500;

[[noreturn]] void breach(std::string_view what) {
  throw Error(ErrorCode::kDamagedDocument,
              "The parser sent " + std::string(what) + ", so nothing it says can be trusted: the file may be hostile.");
}

// Takes numbers and strings off the front of a payload.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : rest_(bytes) {}

  std::uint8_t u8() { return static_cast<std::uint8_t>(take(1)[0]); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u32() { return number(4); }
  float f32() { return std::bit_cast<float>(u32()); }
  std::string_view string() { return take(u32()); }
  std::string_view short_string() {
    const std::string_view value = string();
    if (value.size() > protocol::kMaxShortStringBytes) breach("a title or label that is too long");
    return value;
  }
  std::size_t left() const noexcept { return rest_.size(); }
  void expect_end() const {
    if (!rest_.empty()) breach("a message that is too long");
  }

 private:
  std::string_view take(std::size_t bytes) {
    if (bytes > rest_.size()) breach("a message that is cut off");
    const std::string_view taken = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return taken;
  }
  std::uint32_t number(std::size_t bytes) {
    std::uint32_t value = 0;
    const std::string_view taken = take(bytes);
    for (std::size_t i = 0; i < bytes; ++i) {
      value |= std::uint32_t{static_cast<unsigned char>(taken[i])} << (8 * i);
    }
    return value;
  }

  std::string_view rest_;
};

// One line for people: what is no letter becomes a space, runs of spaces become one.
std::string one_line(std::string_view untrusted, std::size_t max_code_points) {
  std::string line;
  for (const text::CodePoint& c : text::decode(untrusted)) {
    if (text::is_white_space(c.value) || text::is_control(c.value)) {
      if (!line.empty() && line.back() != ' ') line.push_back(' ');
    } else {
      text::append_utf8(line, c.value);
    }
  }
  return std::string(text::trim(text::truncate(line, max_code_points)));
}

float coordinate(Cursor& cursor) {
  const float value = cursor.f32();
  if (!std::isfinite(value) || std::abs(value) > protocol::kMaxCoordinate) breach("a place that is on no page");
  return value;
}

Box decode_box(Cursor& cursor) {
  Box box;
  box.x0 = coordinate(cursor);
  box.y0 = coordinate(cursor);
  box.x1 = coordinate(cursor);
  box.y1 = coordinate(cursor);
  if (box.x0 > box.x1 || box.y0 > box.y1) breach("a box that is inside out");
  return box;
}

bool inside_character(std::string_view utf8, std::size_t offset) {
  return offset < utf8.size() && (static_cast<unsigned char>(utf8[offset]) & 0xC0) == 0x80;
}

std::vector<Word> decode_words(Cursor& cursor, std::string_view page_text) {
  constexpr std::size_t kSmallestWordBytes = 10;
  const std::uint32_t count = cursor.u32();
  if (count > cursor.left() / kSmallestWordBytes) breach("a message that is cut off");
  std::vector<Word> words(count);
  std::uint32_t end = 0;
  for (Word& word : words) {
    word.begin = cursor.u32();
    word.end = cursor.u32();
    if (word.begin < end || word.begin >= word.end || word.end > page_text.size() ||
        inside_character(page_text, word.begin) || inside_character(page_text, word.end)) {
      breach("words that are not in its text");
    }
    end = word.end;
    const std::uint16_t boxes = cursor.u16();
    if (boxes > cursor.left() / sizeof(Box)) breach("a message that is cut off");
    // A word touches at most one line for each of its bytes.
    if (boxes > word.end - word.begin) breach("words with more boxes than letters");
    word.boxes.reserve(boxes);
    for (std::uint16_t i = 0; i < boxes; ++i) word.boxes.push_back(decode_box(cursor));
  }
  return words;
}

std::vector<Section> decode_sections(Cursor& cursor, std::string_view page_text) {
  constexpr std::size_t kSmallestSectionBytes = 8;
  const std::uint32_t count = cursor.u32();
  if (count > cursor.left() / kSmallestSectionBytes) breach("a message that is cut off");
  std::vector<Section> sections(count);
  std::int64_t last = -1;
  for (Section& section : sections) {
    section.begin = cursor.u32();
    if (section.begin <= last || section.begin > page_text.size() || inside_character(page_text, section.begin)) {
      breach("headings that are not in its text");
    }
    last = section.begin;
    const std::string_view heading = cursor.string();
    if (heading.size() > kMaxHeadingBytes) breach("a heading that is too long");
    section.heading = one_line(heading, kMaxHeadingBytes);
    // Each ill-formed byte became three.
    if (section.heading.size() > kMaxHeadingBytes) section.heading.clear();
  }
  return sections;
}

}  // namespace

void ParserOutput::feed(std::string_view bytes) {
  began_ = began_ || !bytes.empty();
  if (consumed_ == buffer_.size()) {
    buffer_.clear();
    consumed_ = 0;
  } else if (consumed_ > buffer_.size() / 2) {
    buffer_.erase(0, consumed_);
    consumed_ = 0;
  }
  buffer_.append(bytes);
}

std::optional<ParserMessage> ParserOutput::next() {
  if (state_ == State::kMagic) {
    if (unread().size() < protocol::kMagic.size()) return std::nullopt;
    if (!unread().starts_with(protocol::kMagic)) breach("something in another language");
    consumed_ += protocol::kMagic.size();
    state_ = State::kStart;
  }
  if (state_ == State::kEnded && !unread().empty()) breach("something after its end");
  if (unread().size() < protocol::kFrameHeadBytes) return std::nullopt;
  Cursor head(unread().substr(0, protocol::kFrameHeadBytes));
  const auto kind = static_cast<FrameKind>(head.u8());
  const std::size_t length = head.u32();
  if (length > protocol::kMaxFrameBytes) breach("a message that is too long");
  if (unread().size() - protocol::kFrameHeadBytes < length) return std::nullopt;
  const std::string_view payload = unread().substr(protocol::kFrameHeadBytes, length);
  consumed_ += protocol::kFrameHeadBytes + length;
  return decode(kind, payload);
}

ParserMessage ParserOutput::decode(FrameKind kind, std::string_view payload) {
  if (kind == FrameKind::kFailure) return decode_failure(payload);
  if (kind == FrameKind::kDocument && state_ == State::kStart) return decode_document(payload);
  if (kind == FrameKind::kPage && state_ == State::kPages && pages_ < announced_) return decode_page(payload);
  if (kind == FrameKind::kEnd && state_ == State::kPages && pages_ == announced_) return decode_end(payload);
  if (kind == FrameKind::kReady && state_ == State::kStart && payload.empty()) {
    state_ = State::kEnded;
    return ParserReady{};
  }
  breach("a message out of order");
}

ParsedDocument ParserOutput::decode_document(std::string_view payload) {
  Cursor cursor(payload);
  ParsedDocument document;
  document.pages = cursor.u32();
  const std::uint8_t paged = cursor.u8();
  if (paged > 1) breach("a document that has pages and has none");
  document.paged = paged == 1;
  document.media_type = cursor.short_string();
  if (!protocol::is_media_type(document.media_type)) breach("a document of an unknown kind");
  document.title = one_line(cursor.short_string(), kMaxTitleCodePoints);
  cursor.expect_end();
  if (document.pages > max_pages_) {
    throw Error(ErrorCode::kTooLarge, "It has " + std::to_string(document.pages) + " pages; at most " +
                                          std::to_string(max_pages_) + " are allowed. Split it and upload the parts.");
  }
  announced_ = document.pages;
  state_ = State::kPages;
  return document;
}

ParsedPage ParserOutput::decode_page(std::string_view payload) {
  Cursor cursor(payload);
  ParsedPage parsed;
  Page& page = parsed.page;
  if (cursor.u32() != pages_ + 1) breach("pages out of order");
  page.number = static_cast<int>(++pages_);
  page.width = coordinate(cursor);
  page.height = coordinate(cursor);
  if (page.width < 0 || page.height < 0) breach("a page that is inside out");
  parsed.pictures = cursor.u8();
  page.label = one_line(cursor.short_string(), kMaxTitleCodePoints);
  const std::string_view page_text = cursor.string();
  page.words = decode_words(cursor, page_text);
  page.sections = decode_sections(cursor, page_text);
  cursor.expect_end();
  page.text = text::sanitize(page_text);
  // What was replaced may have moved every offset behind it.
  if (page.text != page_text) {
    page.words.clear();
    std::erase_if(page.sections, [](const Section& section) { return section.begin != 0; });
  }
  characters_ += text::count_code_points(page.text);
  if (characters_ > max_characters_) {
    throw Error(ErrorCode::kTooLarge, "It has more than " + std::to_string(max_characters_) +
                                          " characters of text up to page " + std::to_string(page.number) +
                                          ". Split it and upload the parts.");
  }
  return parsed;
}

ParsedEnd ParserOutput::decode_end(std::string_view payload) {
  Cursor cursor(payload);
  if (cursor.u32() != pages_) breach("a wrong count of pages");
  cursor.expect_end();
  state_ = State::kEnded;
  return {};
}

ParserFailure ParserOutput::decode_failure(std::string_view payload) {
  Cursor cursor(payload);
  ParserFailure failure;
  const std::uint8_t reason = cursor.u8();
  if (reason == 0 || reason > static_cast<std::uint8_t>(protocol::kLastFailureReason)) breach("an unknown reason");
  failure.reason = static_cast<protocol::FailureReason>(reason);
  failure.page = cursor.u32();
  failure.detail = one_line(cursor.short_string(), kMaxTitleCodePoints);
  cursor.expect_end();
  state_ = State::kEnded;
  return failure;
}

}  // namespace jackdaw::extract
