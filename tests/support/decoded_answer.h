#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/text.h"
#include "providers/answer_decoder.h"

namespace jackdaw::providers::testing {

using MakeFrames = std::function<std::unique_ptr<FrameReader>()>;

// How a body stops.
enum class BodyEnd { kComplete, kBroken, kStillOpen };

// Everything that a decoder gives out.
struct DecodedAnswer {
  std::vector<std::string> pieces;
  std::optional<WriterEnd> end;
  std::optional<DecodingFailure> failure;

  std::string text() const {
    std::string all;
    for (const std::string& piece : pieces) all += piece;
    return all;
  }
  // One line that two equal answers share.
  std::string summary() const {
    const auto number = [](const std::optional<std::int64_t>& count) { return count ? std::to_string(*count) : "-"; };
    std::string line;
    for (const std::string& piece : pieces) line += std::to_string(piece.size()) + ":" + piece + "|";
    if (end) {
      line += " end " + std::string(to_string(end->reason)) + " " + number(end->usage.input_tokens) + " " +
              number(end->usage.output_tokens) + " " + number(end->usage.cached_input_tokens);
    }
    if (failure) {
      line += " failed " + std::to_string(static_cast<int>(failure->kind)) + " " + failure->detail + " " +
              failure->said.code + " " + failure->said.message;
    }
    return line;
  }
};

inline DecodedAnswer decode_pieces(const MakeFrames& frames, const std::vector<std::string_view>& pieces,
                                   BodyEnd how = BodyEnd::kComplete, bool is_event_stream = true,
                                   DecodingLimits limits = {}) {
  AnswerDecoder decoder(frames(), is_event_stream, limits);
  DecodedAnswer answer;
  const auto take = [&] {
    while (auto piece = decoder.take_text()) answer.pieces.push_back(std::move(*piece));
  };
  for (const std::string_view piece : pieces) {
    decoder.feed(piece);
    take();
  }
  if (how == BodyEnd::kComplete) decoder.end();
  if (how == BodyEnd::kBroken) decoder.break_off();
  take();
  if (decoder.has_ended()) answer.end = decoder.result();
  if (decoder.has_failed()) answer.failure = decoder.failure();
  return answer;
}

inline DecodedAnswer decode(const MakeFrames& frames, std::string_view body, BodyEnd how = BodyEnd::kComplete,
                            bool is_event_stream = true) {
  return decode_pieces(frames, {body}, how, is_event_stream);
}

}  // namespace jackdaw::providers::testing
