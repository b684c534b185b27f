#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/error.h"
#include "http/content_disposition.h"
#include "http/multipart.h"

namespace {

using jackdaw::http::MultipartParser;

std::string transcript(std::string_view bytes, std::size_t step) {
  MultipartParser parser("B", {.max_part_head_bytes = 200, .max_parts = 5});
  std::string said;
  try {
    while (true) {
      switch (parser.next()) {
        case MultipartParser::Event::kNeedMore:
          if (bytes.empty()) {
            parser.finish();
          } else {
            parser.feed(bytes.substr(0, step));
            bytes.remove_prefix(std::min(step, bytes.size()));
          }
          break;
        case MultipartParser::Event::kPartBegin:
          said += "[" + parser.head().name + "|" + parser.head().filename.value_or("-") + "]";
          break;
        case MultipartParser::Event::kPartData:
          if (parser.data().empty()) std::abort();
          said += parser.data();
          break;
        case MultipartParser::Event::kPartEnd: said += "[end]"; break;
        case MultipartParser::Event::kEnd: return said + "[done]";
      }
    }
  } catch (const jackdaw::Error&) {
    return "refused";
  }
}

}  // namespace

// A multipart body has the same parts however its bytes arrive, and what a disposition says survives being written.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (transcript(bytes, bytes.size()) != transcript(bytes, 1 + data[0] % 16)) std::abort();

  const auto disposition = jackdaw::http::parse_content_disposition(bytes);
  if (!disposition || !disposition->filename) return 0;
  try {
    const std::string header = jackdaw::http::format_content_disposition("attachment", *disposition->filename);
    const auto again = jackdaw::http::parse_content_disposition(header);
    if (!again || !again->filename) std::abort();
    if (header != jackdaw::http::format_content_disposition("attachment", *again->filename)) std::abort();
  } catch (const jackdaw::Error&) {
    // A name with control characters is refused.
  }
  return 0;
}
