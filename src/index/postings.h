#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "index/posting_list.h"

namespace jackdaw::index {

// What Postings are made of, flat, so that they can be written to a file as they are.
struct PostingsParts {
  std::string text;                      // all terms, ascending, one after the other
  std::vector<std::uint64_t> text_ends;  // per term
  std::vector<std::uint64_t> begins;     // per term: first byte of its list
  std::vector<std::uint32_t> counts;     // per term: postings
  std::vector<std::uint8_t> bytes;       // lists as posting_list.h describes them
  friend bool operator==(const PostingsParts&, const PostingsParts&) = default;
};

// For each term of a segment the chunks that hold it. Compact: the terms lie sorted in one string, and a posting takes
// about a byte. Immutable once built; any thread may read.
class Postings {
 public:
  Postings() = default;
  // Of the parts of others. Parts that come from a file are to be checked first (segment_check.h).
  explicit Postings(PostingsParts parts) : parts_(std::move(parts)) {}

  // Appends a term; terms come in ascending byte order, postings in ascending row order, at least one. `lengths` are
  // those of all rows of the segment.
  void append(std::string_view term, std::span<const Posting> postings, std::span<const std::uint32_t> lengths);
  // Gives back what append() reserved for growth.
  void shrink();

  std::size_t terms() const noexcept { return parts_.counts.size(); }
  std::string_view term(std::size_t number) const noexcept;
  // The term's number, by binary search.
  std::optional<std::uint32_t> find(std::string_view term) const noexcept;
  // How many rows hold the term, deleted ones included.
  std::uint32_t count(std::size_t number) const noexcept { return parts_.counts[number]; }
  PostingList list(std::size_t number) const noexcept {
    return {parts_.bytes.data() + parts_.begins[number], parts_.counts[number]};
  }
  PostingCursor cursor(std::size_t number) const noexcept { return PostingCursor(list(number)); }
  std::size_t size_bytes() const noexcept;
  const PostingsParts& parts() const noexcept { return parts_; }

 private:
  PostingsParts parts_;
};

}  // namespace jackdaw::index
