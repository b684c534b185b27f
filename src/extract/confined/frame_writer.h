#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/document.h"
#include "extract/confined/protocol.h"

namespace jackdaw::extract {

// Writes all bytes to a descriptor. A write that fails ends the process: nobody is left to tell.
void write_all(int descriptor, std::string_view bytes);

// Encodes the frames of protocol.h and writes each to a descriptor as soon as it is complete. Not shared between
// threads; borrows the descriptor.
class FrameWriter {
 public:
  // Writes the magic with the first frame.
  explicit FrameWriter(int descriptor) : descriptor_(descriptor), buffer_(protocol::kMagic) {}

  // `pages`: how many page() calls follow. `media_type`: one of protocol::kMediaTypes.
  void document(std::uint32_t pages, bool paged, std::string_view media_type, std::string_view title);
  // False, and nothing written, when the frame would exceed kMaxFrameBytes. Headings are cut at kMaxHeadingBytes.
  [[nodiscard]] bool page(const Page& page, std::uint8_t pictures = 0);
  void end(std::uint32_t pages);
  // `page`: the one that was being read, 0 before the first.
  void failure(protocol::FailureReason reason, std::uint32_t page, std::string_view detail);
  void ready();

 private:
  void begin_frame(protocol::FrameKind kind);
  void finish_frame();
  void put_u8(std::uint8_t value) { buffer_.push_back(static_cast<char>(value)); }
  void put_u16(std::uint16_t value);
  void put_u32(std::uint32_t value);
  void put_f32(float value);
  void put_string(std::string_view value);

  int descriptor_;
  std::string buffer_;
  std::size_t frame_start_ = 0;  // of the frame's head in buffer_
};

}  // namespace jackdaw::extract
