#include "index/postings.h"

namespace jackdaw::index {

void Postings::append(std::string_view term, std::span<const Posting> postings) {
  parts_.text.append(term);
  parts_.text_ends.push_back(parts_.text.size());
  parts_.begins.push_back(parts_.bytes.size());
  parts_.counts.push_back(static_cast<std::uint32_t>(postings.size()));
  std::uint32_t before = 0;
  for (const Posting& posting : postings) {
    const bool once = posting.frequency == 1;
    append_integer((posting.row - before) << 1 | (once ? 1 : 0));
    if (!once) append_integer(posting.frequency);
    before = posting.row;
  }
}

void Postings::append_integer(std::uint32_t value) {
  for (; value >= 0x80; value >>= 7) parts_.bytes.push_back(static_cast<std::uint8_t>(value | 0x80));
  parts_.bytes.push_back(static_cast<std::uint8_t>(value));
}

void Postings::shrink() {
  parts_.text.shrink_to_fit();
  parts_.text_ends.shrink_to_fit();
  parts_.begins.shrink_to_fit();
  parts_.counts.shrink_to_fit();
  parts_.bytes.shrink_to_fit();
}

std::string_view Postings::term(std::size_t number) const noexcept {
  const std::size_t begin = number == 0 ? 0 : parts_.text_ends[number - 1];
  return std::string_view(parts_.text).substr(begin, parts_.text_ends[number] - begin);
}

std::optional<std::uint32_t> Postings::find(std::string_view wanted) const noexcept {
  std::size_t low = 0;
  std::size_t high = terms();
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    const int order = term(middle).compare(wanted);
    if (order == 0) return static_cast<std::uint32_t>(middle);
    if (order < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return std::nullopt;
}

std::size_t Postings::size_bytes() const noexcept {
  return parts_.text.capacity() + parts_.text_ends.capacity() * sizeof(std::uint64_t) +
         parts_.begins.capacity() * sizeof(std::uint64_t) + parts_.counts.capacity() * sizeof(std::uint32_t) +
         parts_.bytes.capacity();
}

}  // namespace jackdaw::index
