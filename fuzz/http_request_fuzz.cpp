#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/error.h"
#include "http/request_parser.h"
#include "http/uri.h"

namespace {

using jackdaw::http::RequestParser;

// Everything that the parser says about the bytes, given in steps of `step`.
std::string transcript(std::string_view bytes, std::size_t step) {
  RequestParser parser({.max_header_bytes = 512, .max_target_bytes = 128});
  std::string waiting;
  const auto more = [&] {
    if (bytes.empty()) return false;
    waiting += bytes.substr(0, step);
    bytes.remove_prefix(std::min(step, bytes.size()));
    return true;
  };
  std::string said;
  try {
    while (!parser.head_done() && more()) waiting.erase(0, parser.feed_head(waiting));
    if (!parser.head_done()) return "incomplete head";
    const auto& head = parser.head();
    said = head.method + " " + head.target + "\n";
    for (const auto& field : head.headers) said += field.name + ": " + field.value + "\n";
    if (const auto target = jackdaw::http::parse_target(head.target)) {
      for (const auto& segment : target->segments) {
        if (segment.find('\0') != std::string::npos) std::abort();
      }
    }
    std::array<char, 64> piece;
    while (!parser.body_done()) {
      const auto done = parser.feed_body(waiting, piece);
      if (done.consumed > waiting.size() || done.produced > piece.size()) std::abort();
      waiting.erase(0, done.consumed);
      said.append(piece.data(), done.produced);
      if (done.consumed == 0 && done.produced == 0 && !more()) break;
    }
    return said + (parser.body_done() ? "\ndone" : "\nincomplete body");
  } catch (const jackdaw::Error& error) {
    return said + std::string(to_string(error.code()));
  }
}

}  // namespace

// A request means the same however its bytes arrive.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string whole = transcript(bytes, bytes.size());
  const std::string pieces = transcript(bytes, 1 + data[0] % 64);
  // Of a broken or unfinished head, how early it is told may depend on the cut; what is taken may not.
  const bool is_whole = whole.ends_with("\ndone") || pieces.ends_with("\ndone");
  if (is_whole && whole != pieces) std::abort();
  return 0;
}
