#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace jackdaw::index {

// A chunk (by its row in the segment) that holds a term, and how often.
struct Posting {
  std::uint32_t row = 0;        // below 2^31
  std::uint32_t frequency = 0;  // at least 1
  friend bool operator==(const Posting&, const Posting&) = default;
};

// What Postings are made of, flat, so that they can be written to a file as they are.
struct PostingsParts {
  std::string text;                      // all terms, ascending, one after the other
  std::vector<std::uint64_t> text_ends;  // per term
  std::vector<std::uint64_t> begins;     // per term: first byte of its postings
  std::vector<std::uint32_t> counts;     // per term
  std::vector<std::uint8_t> bytes;
  friend bool operator==(const PostingsParts&, const PostingsParts&) = default;
};

// For each term of a segment the chunks that hold it. Compact: the terms lie sorted in one string; a posting is the
// distance to the row before it, doubled, plus one if the frequency is 1 (else the frequency follows), as
// variable-length integers of seven bits a byte: one or two bytes for nearly all. Immutable once built; any thread may
// read.
class Postings {
 public:
  // Reads one term's postings in ascending row order. A small value that borrows from the Postings.
  class Cursor {
   public:
    Cursor() = default;
    bool done() const noexcept { return left_ == 0; }
    // Undefined when done().
    std::uint32_t row() const noexcept { return row_; }
    std::uint32_t frequency() const noexcept { return frequency_; }
    void next() noexcept {
      if (--left_ > 0) read();
    }

   private:
    friend class Postings;
    Cursor(const std::uint8_t* at, std::uint32_t count) noexcept : at_(at), left_(count) {
      if (left_ > 0) read();
    }
    void read() noexcept {
      const std::uint32_t step = read_integer();
      row_ += step >> 1;
      frequency_ = (step & 1) != 0 ? 1 : read_integer();
    }
    std::uint32_t read_integer() noexcept {
      std::uint32_t value = *at_ & 0x7Fu;
      for (int shift = 7; (*at_++ & 0x80u) != 0; shift += 7) value |= (*at_ & 0x7Fu) << shift;
      return value;
    }

    const std::uint8_t* at_ = nullptr;
    std::uint32_t left_ = 0;
    std::uint32_t row_ = 0;
    std::uint32_t frequency_ = 0;
  };

  Postings() = default;
  // Of the parts of others. Parts that come from a file are to be checked first (segment_check.h).
  explicit Postings(PostingsParts parts) : parts_(std::move(parts)) {}

  // Appends a term; terms come in ascending byte order, postings in ascending row order, at least one.
  void append(std::string_view term, std::span<const Posting> postings);
  // Gives back what append() reserved for growth.
  void shrink();

  std::size_t terms() const noexcept { return parts_.counts.size(); }
  std::string_view term(std::size_t number) const noexcept;
  // The term's number, by binary search.
  std::optional<std::uint32_t> find(std::string_view term) const noexcept;
  // How many rows hold the term, deleted ones included.
  std::uint32_t count(std::size_t number) const noexcept { return parts_.counts[number]; }
  Cursor cursor(std::size_t number) const noexcept {
    return {parts_.bytes.data() + parts_.begins[number], parts_.counts[number]};
  }
  std::size_t size_bytes() const noexcept;
  const PostingsParts& parts() const noexcept { return parts_; }

 private:
  void append_integer(std::uint32_t value);

  PostingsParts parts_;
};

}  // namespace jackdaw::index
