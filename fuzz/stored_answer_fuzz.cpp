// Any bytes are either refused with Error or decode to events whose one encoding they are; those of the oldest form
// decode to events whose encoding in the newest form is one. Byte 0 says how many passages the answer has, bytes 1 and
// 2 how long its text is; the rest are the events.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "core/error.h"
#include "store/answer_codec.h"
#include "store/score_codec.h"

namespace {

using namespace jackdaw::store;

constexpr std::size_t kHead = 3;
const jackdaw::AnswerId kAnswer{"answer"};

constexpr std::byte kOldestForm{1};

bool same_parts(const EncodedEvents& one, const EncodedEvents& other) {
  return one.text == other.text && std::ranges::equal(one.passages, other.passages, same_reference);
}

void check_events(std::span<const std::byte> bytes) {
  if (bytes.size() < kHead) return;
  EncodedEvents given;
  given.passages.resize(std::to_integer<std::size_t>(bytes[0]) % 16);
  // Pairs of equal passages, so that a list can be the same as the one before.
  for (std::size_t i = 0; i < given.passages.size(); ++i) {
    given.passages[i].passage.chunk = {static_cast<std::int64_t>(i / 2)};
    given.passages[i].passage.text = "A quote of \u20ac 5.";
  }
  given.text.assign(std::to_integer<std::size_t>(bytes[1]) + 256 * (std::to_integer<std::size_t>(bytes[2]) % 4), 't');
  given.bytes.assign(bytes.begin() + kHead, bytes.end());
  try {
    const EncodedEvents again = encode_events(kAnswer, decode_events(kAnswer, given));
    if (!same_parts(again, given)) std::abort();
    if (given.bytes[0] != kOldestForm) {
      if (again.bytes != given.bytes) std::abort();
      return;
    }
    const EncodedEvents newest{.text = given.text, .passages = given.passages, .bytes = again.bytes};
    if (encode_events(kAnswer, decode_events(kAnswer, newest)).bytes != again.bytes) std::abort();
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
