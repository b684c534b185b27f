// Any bytes are either refused with Error or decode to a list whose one encoding they are.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "core/error.h"
#include "store/list_codec.h"

namespace {

template <class Decode, class Encode>
void check(std::span<const std::byte> bytes, Decode decode, Encode encode) {
  try {
    const auto value = decode(bytes);
    const std::vector<std::byte> again = encode(value);
    if (again.size() != bytes.size() || !std::equal(again.begin(), again.end(), bytes.begin())) std::abort();
  } catch (const jackdaw::Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  check(bytes, jackdaw::store::decode_numbers, jackdaw::store::encode_numbers);
  check(bytes, jackdaw::store::decode_texts, jackdaw::store::encode_texts);
  return 0;
}
