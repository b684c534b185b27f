#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/content_decoder.h"

namespace {

using jackdaw::http::ContentDecoder;

struct Decoded {
  std::string text;
  bool broken = false;
  bool complete = false;
};

Decoded decode(ContentDecoder::Coding coding, std::string_view bytes, std::size_t step, std::size_t limit) {
  ContentDecoder decoder(coding);
  Decoded decoded;
  while (!bytes.empty() && !decoder.is_broken() && decoded.text.size() < 1 << 20) {
    decoder.feed(std::string(bytes.substr(0, step)));
    bytes.remove_prefix(std::min(step, bytes.size()));
    for (std::string piece = decoder.read(limit); !piece.empty(); piece = decoder.read(limit)) {
      if (piece.size() > limit) std::abort();
      decoded.text += piece;
    }
  }
  decoded.broken = decoder.is_broken();
  decoded.complete = decoder.is_complete();
  return decoded;
}

}  // namespace

// A body decodes to the same text, or is refused, however its bytes come and in whatever pieces it is read.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > 4096) return 0;
  const auto coding = data[0] % 2 == 0 ? ContentDecoder::Coding::kGzip : ContentDecoder::Coding::kDeflate;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const Decoded whole = decode(coding, bytes, bytes.size(), 16 * 1024);
  const Decoded pieces = decode(coding, bytes, 1 + data[1] % 16, 1 + data[1] % 100);
  if (whole.text.size() >= 1 << 20 || pieces.text.size() >= 1 << 20) return 0;
  if (whole.broken != pieces.broken || whole.complete != pieces.complete) std::abort();
  // How much comes out before a broken place depends on the pieces.
  const bool same = whole.text == pieces.text;
  if (!same && (!whole.broken || !(whole.text.starts_with(pieces.text) || pieces.text.starts_with(whole.text)))) {
    std::abort();
  }
  return 0;
}
