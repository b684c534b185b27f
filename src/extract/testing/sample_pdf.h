#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// Small PDFs made by the tests.
namespace jackdaw::extract::testing {

// A PDF of one page for each content stream, in Helvetica. `page_entries` go into each page's dictionary,
// `stream_entries` into each stream's.
inline std::string make_pdf(const std::vector<std::string>& contents,
                            std::string_view page_entries = "/MediaBox [0 0 595 842]",
                            std::string_view stream_entries = "") {
  std::string pdf = "%PDF-1.7\n";
  std::vector<std::size_t> offsets;
  const auto object = [&](const std::string& body) {
    offsets.push_back(pdf.size());
    pdf += std::to_string(offsets.size()) + " 0 obj\n" + body + "\nendobj\n";
  };
  std::string kids;
  for (std::size_t i = 0; i < contents.size(); ++i) kids += std::to_string(4 + 2 * i) + " 0 R ";
  object("<< /Type /Catalog /Pages 2 0 R >>");
  object("<< /Type /Pages /Kids [" + kids + "] /Count " + std::to_string(contents.size()) + " >>");
  object("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>");
  for (std::size_t i = 0; i < contents.size(); ++i) {
    object("<< /Type /Page /Parent 2 0 R /Resources << /Font << /F1 3 0 R >> >> /Contents " +
           std::to_string(5 + 2 * i) + " 0 R " + std::string(page_entries) + " >>");
    object("<< /Length " + std::to_string(contents[i].size()) + " " + std::string(stream_entries) + " >>\nstream\n" +
           contents[i] + "\nendstream");
  }
  const std::size_t table = pdf.size();
  pdf += "xref\n0 " + std::to_string(offsets.size() + 1) + "\n0000000000 65535 f \n";
  for (const std::size_t offset : offsets) {
    const std::string digits = std::to_string(offset);
    pdf += std::string(10 - digits.size(), '0') + digits + " 00000 n \n";
  }
  return pdf + "trailer\n<< /Size " + std::to_string(offsets.size() + 1) + " /Root 1 0 R >>\nstartxref\n" +
         std::to_string(table) + "\n%%EOF\n";
}

// Writes the bits of a deflate stream (RFC 1951) of one block with the fixed code.
class Deflater {
 public:
  Deflater() {
    bits(1, 1);  // the last block
    bits(1, 2);  // fixed Huffman codes
  }
  void literal(std::uint8_t byte) {
    if (byte < 144) {
      code(0x30U + byte, 8);
    } else {
      code(0x190U + byte - 144U, 9);
    }
  }
  // 258 bytes copied from `distance` (1 or 13) bytes before.
  void repeat_258(int distance) {
    code(0xC5, 8);
    code(distance == 1 ? 0 : 7, 5);
    if (distance == 13) bits(0, 2);
  }
  std::string finish() {
    code(0, 7);
    while (filled_ != 0) bits(0, 1);
    return "\x78\x9c" + bytes_;
  }

 private:
  void bits(unsigned value, int count) {
    for (int i = 0; i < count; ++i) {
      if (filled_ == 0) bytes_.push_back('\0');
      bytes_.back() = static_cast<char>(static_cast<unsigned char>(bytes_.back()) | (((value >> i) & 1U) << filled_));
      filled_ = (filled_ + 1) % 8;
    }
  }
  // Huffman codes start with their highest bit.
  void code(unsigned value, int count) {
    for (int i = count - 1; i >= 0; --i) bits((value >> i) & 1U, 1);
  }

  std::string bytes_;
  int filled_ = 0;
};

// A zlib stream that inflates to a zlib stream that inflates to about `bytes` spaces: 25,000 times its own size.
inline std::string inflate_bomb(std::size_t bytes) {
  // Eight copies of a 13-bit repeat are 13 bytes, which repeat in turn. The first bytes hold the head of the stream.
  Deflater inner;
  inner.literal(' ');
  for (int i = 0; i < 64; ++i) inner.repeat_258(1);
  const std::string head = inner.finish();
  Deflater outer;
  for (std::size_t i = 0; i < 40; ++i) outer.literal(static_cast<std::uint8_t>(head[i]));
  const std::size_t inner_bytes = bytes / 258 * 13 / 8;
  for (std::size_t i = 0; i < inner_bytes / 258; ++i) outer.repeat_258(13);
  return outer.finish();
}

}  // namespace jackdaw::extract::testing
