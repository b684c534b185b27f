#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "index/posting_list.h"

namespace {

namespace index = jackdaw::index;

constexpr std::size_t kRows = 1000;
constexpr std::size_t kPatchBytes = 3;

std::vector<std::uint32_t> make_lengths() {
  std::vector<std::uint32_t> lengths;
  for (std::uint32_t row = 0; row < kRows; ++row) lengths.push_back(10 + row * 7919 % 90);
  return lengths;
}

// A list as it is written, with some bytes changed.
std::vector<std::uint8_t> patched(std::uint32_t count, std::span<const std::uint32_t> lengths,
                                  std::span<const std::uint8_t> patches) {
  std::vector<index::Posting> postings;
  for (std::uint32_t i = 0; i < count; ++i) postings.push_back({i * 2 + i % 2, 1 + i % 5});
  std::vector<std::uint8_t> bytes;
  index::append_posting_list(postings, lengths, bytes);
  for (; patches.size() >= kPatchBytes && !bytes.empty(); patches = patches.subspan(kPatchBytes)) {
    bytes[static_cast<std::size_t>(patches[0] | patches[1] << 8) % bytes.size()] = patches[2];
  }
  return bytes;
}

}  // namespace

// The first byte says whether the others are the list itself or patches of a sound one, the next two how many postings
// it has. What is taken in can be read, is the same when it is read and when it is written again, and
// keeps every promise.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  static const std::vector<std::uint32_t> lengths = make_lengths();
  const auto count = static_cast<std::uint32_t>(data[1] | data[2] << 8) % (kRows / 2);
  const std::span<const std::uint8_t> rest(data + 3, size - 3);
  const auto bytes =
      (data[0] & 1) != 0 ? patched(count, lengths, rest) : std::vector<std::uint8_t>(rest.begin(), rest.end());
  std::vector<index::Posting> postings;
  if (!index::check_posting_list(bytes, count, lengths, postings)) return 0;
  if (postings.size() != count || postings.back().row >= kRows) std::abort();
  std::size_t at = 0;
  for (index::PostingCursor cursor(index::PostingList(bytes.data(), count)); !cursor.done(); cursor.next(), ++at) {
    if (postings[at] != index::Posting{cursor.row(), cursor.frequency()}) std::abort();
    if (at > 0 && postings[at - 1].row >= cursor.row()) std::abort();
  }
  if (at != count) std::abort();
  std::vector<std::uint8_t> again;
  index::append_posting_list(postings, lengths, again);
  if (again != bytes) std::abort();
  return 0;
}
