#include "extract/confined/frame_writer.h"

#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstddef>

namespace jackdaw::extract {
namespace {

using protocol::FrameKind;

// Cuts at a border between UTF-8 characters.
std::string_view cut_short(std::string_view text, std::size_t max_bytes = protocol::kMaxShortStringBytes) {
  if (text.size() <= max_bytes) return text;
  std::size_t end = max_bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

std::size_t payload_bytes(const Page& page) {
  constexpr std::size_t kFixed = 7 * sizeof(std::uint32_t) + 1;
  std::size_t bytes = kFixed + page.label.size() + page.text.size();
  for (const Word& word : page.words) bytes += 10 + word.boxes.size() * sizeof(Box);
  for (const Section& section : page.sections) bytes += 8 + section.heading.size();
  return bytes;
}

}  // namespace

void write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) _exit(1);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void FrameWriter::begin_frame(FrameKind kind) {
  frame_start_ = buffer_.size();
  put_u8(static_cast<std::uint8_t>(kind));
  put_u32(0);
}

void FrameWriter::finish_frame() {
  const auto length = static_cast<std::uint32_t>(buffer_.size() - frame_start_ - protocol::kFrameHeadBytes);
  for (std::size_t i = 0; i < sizeof length; ++i) {
    buffer_[frame_start_ + 1 + i] = static_cast<char>((length >> (8 * i)) & 0xFF);
  }
  write_all(descriptor_, buffer_);
  buffer_.clear();
}

void FrameWriter::put_u16(std::uint16_t value) {
  put_u8(static_cast<std::uint8_t>(value & 0xFF));
  put_u8(static_cast<std::uint8_t>(value >> 8));
}

void FrameWriter::put_u32(std::uint32_t value) {
  put_u16(static_cast<std::uint16_t>(value & 0xFFFF));
  put_u16(static_cast<std::uint16_t>(value >> 16));
}

void FrameWriter::put_f32(float value) {
  put_u32(std::bit_cast<std::uint32_t>(value));
}

void FrameWriter::put_string(std::string_view value) {
  put_u32(static_cast<std::uint32_t>(value.size()));
  buffer_.append(value);
}

void FrameWriter::document(std::uint32_t pages, bool paged, std::string_view media_type, std::string_view title) {
  begin_frame(FrameKind::kDocument);
  put_u32(pages);
  put_u8(paged ? 1 : 0);
  put_string(media_type);
  put_string(cut_short(title));
  finish_frame();
}

bool FrameWriter::page(const Page& page, std::uint8_t pictures) {
  if (payload_bytes(page) > protocol::kMaxFrameBytes) return false;
  begin_frame(FrameKind::kPage);
  put_u32(static_cast<std::uint32_t>(page.number));
  put_f32(page.width);
  put_f32(page.height);
  put_u8(pictures);
  put_string(cut_short(page.label));
  put_string(page.text);
  put_u32(static_cast<std::uint32_t>(page.words.size()));
  for (const Word& word : page.words) {
    put_u32(word.begin);
    put_u32(word.end);
    put_u16(static_cast<std::uint16_t>(word.boxes.size()));
    for (const Box& box : word.boxes) {
      for (const float edge : {box.x0, box.y0, box.x1, box.y1}) put_f32(edge);
    }
  }
  put_u32(static_cast<std::uint32_t>(page.sections.size()));
  for (const Section& section : page.sections) {
    put_u32(section.begin);
    put_string(cut_short(section.heading, kMaxHeadingBytes));
  }
  finish_frame();
  return true;
}

void FrameWriter::end(std::uint32_t pages) {
  begin_frame(FrameKind::kEnd);
  put_u32(pages);
  finish_frame();
}

void FrameWriter::failure(protocol::FailureReason reason, std::uint32_t page, std::string_view detail) {
  begin_frame(FrameKind::kFailure);
  put_u8(static_cast<std::uint8_t>(reason));
  put_u32(page);
  put_string(cut_short(detail));
  finish_frame();
}

void FrameWriter::ready() {
  begin_frame(FrameKind::kReady);
  finish_frame();
}

}  // namespace jackdaw::extract
