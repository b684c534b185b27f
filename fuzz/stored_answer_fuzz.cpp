// Any bytes are either refused with Error or decode to events whose one encoding they are. Byte 0 says how many
// passages the answer has, bytes 1 and 2 how long its text is; the rest are the events.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "core/error.h"
#include "store/answer_codec.h"

namespace {

using namespace jackdaw::store;

constexpr std::size_t kHead = 3;
const jackdaw::AnswerId kAnswer{"answer"};

void check_events(std::span<const std::byte> bytes) {
  if (bytes.size() < kHead) return;
  EncodedEvents given;
  given.passages.resize(std::to_integer<std::size_t>(bytes[0]) % 16);
  // Pairs of equal passages, so that a list can be the same as the one before.
  for (std::size_t i = 0; i < given.passages.size(); ++i) {
    given.passages[i].passage.chunk = {static_cast<std::int64_t>(i / 2)};
  }
  given.text.assign(std::to_integer<std::size_t>(bytes[1]) + 256 * (std::to_integer<std::size_t>(bytes[2]) % 4), 't');
  given.bytes.assign(bytes.begin() + kHead, bytes.end());
  try {
    const EncodedEvents again = encode_events(kAnswer, decode_events(kAnswer, given));
    if (again.bytes != given.bytes || again.text != given.text) std::abort();
    if (again.passages.size() != given.passages.size()) std::abort();
    for (std::size_t i = 0; i < given.passages.size(); ++i) {
      if (!same_reference(again.passages[i], given.passages[i])) std::abort();
    }
  } catch (const jackdaw::Error&) {
  }
}

void check_scores(std::span<const std::byte> bytes) {
  try {
    jackdaw::RetrievedPassage passage;
    jackdaw::store::decode_scores(bytes, passage);
    const auto again = jackdaw::store::encode_scores(passage);
    if (again != std::vector(bytes.begin(), bytes.end())) std::abort();
  } catch (const jackdaw::Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  check_events(bytes);
  check_scores(bytes);
  return 0;
}
