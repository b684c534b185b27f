#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "core/text.h"
#include "tests/support/decoded_answer.h"

namespace jackdaw::providers::testing {

// What holds for every body: the same pieces and the same end however it is cut, never both an end and a failure, one
// of them once the body has ended, and pieces that are never empty and always valid UTF-8. Ends the process where it
// does not hold. The first two bytes of `input` choose the cut and the end, the rest is the body.
inline void check_decoder(const MakeFrames& frames, const std::uint8_t* data, std::size_t size) {
  if (size < 2) return;
  const auto body = std::string_view(reinterpret_cast<const char*>(data), size).substr(2);
  const BodyEnd how = data[1] % 2 == 0 ? BodyEnd::kComplete : BodyEnd::kBroken;
  const bool is_event_stream = data[1] % 4 < 2;
  const DecodingLimits limits{.max_line_bytes = 2000, .max_tail_bytes = 500};
  const DecodedAnswer whole = decode_pieces(frames, {body}, how, is_event_stream, limits);

  const std::size_t at = body.size() * data[0] / 256;
  const std::size_t step = 1 + data[1] / 4 % 16;
  std::vector<std::string_view> steps;
  for (std::size_t begin = 0; begin < body.size(); begin += step) steps.push_back(body.substr(begin, step));
  for (const auto& pieces : {std::vector{body.substr(0, at), body.substr(at)}, steps}) {
    if (decode_pieces(frames, pieces, how, is_event_stream, limits).summary() != whole.summary()) std::abort();
  }
  if (whole.end.has_value() == whole.failure.has_value()) std::abort();
  for (const std::string& piece : whole.pieces) {
    if (piece.empty() || !text::is_valid_utf8(piece)) std::abort();
  }
}

}  // namespace jackdaw::providers::testing
