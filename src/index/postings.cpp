#include "index/postings.h"

namespace jackdaw::index {

void Postings::append(std::string_view term, std::span<const Posting> postings,
                      std::span<const std::uint32_t> lengths) {
  parts_.text.append(term);
  parts_.text_ends.push_back(parts_.text.size());
  parts_.begins.push_back(parts_.bytes.size());
  parts_.counts.push_back(static_cast<std::uint32_t>(postings.size()));
  append_posting_list(postings, lengths, parts_.bytes);
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
