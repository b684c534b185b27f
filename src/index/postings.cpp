#include "index/postings.h"

namespace jackdaw::index {

void Postings::append(std::string_view term, std::span<const Posting> postings) {
  text_.append(term);
  text_ends_.push_back(text_.size());
  begins_.push_back(bytes_.size());
  counts_.push_back(static_cast<std::uint32_t>(postings.size()));
  std::uint32_t before = 0;
  for (const Posting& posting : postings) {
    const bool once = posting.frequency == 1;
    append_integer((posting.row - before) << 1 | (once ? 1 : 0));
    if (!once) append_integer(posting.frequency);
    before = posting.row;
  }
}

void Postings::append_integer(std::uint32_t value) {
  for (; value >= 0x80; value >>= 7) bytes_.push_back(static_cast<std::uint8_t>(value | 0x80));
  bytes_.push_back(static_cast<std::uint8_t>(value));
}

void Postings::shrink() {
  text_.shrink_to_fit();
  text_ends_.shrink_to_fit();
  begins_.shrink_to_fit();
  counts_.shrink_to_fit();
  bytes_.shrink_to_fit();
}

std::string_view Postings::term(std::size_t number) const noexcept {
  const std::size_t begin = number == 0 ? 0 : text_ends_[number - 1];
  return std::string_view(text_).substr(begin, text_ends_[number] - begin);
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
  return text_.capacity() + text_ends_.capacity() * sizeof(std::size_t) + begins_.capacity() * sizeof(std::size_t) +
         counts_.capacity() * sizeof(std::uint32_t) + bytes_.capacity();
}

}  // namespace jackdaw::index
