#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "core/error.h"
#include "store/byte_codec.h"

namespace jackdaw::store {

// A word of an enumeration stands in a blob as its place in a list: the list never changes, and new words go to its
// end. Pure functions, any thread.

// Throws Error kInternal for a word that the list does not have.
template <class Word, std::size_t count>
std::uint64_t place_of(Word word, const std::array<Word, count>& list) {
  const auto found = std::find(list.begin(), list.end(), word);
  if (found == list.end()) {
    throw Error(ErrorCode::kInternal,
                "The answer cannot be stored: it holds a word that the format has no number for.");
  }
  return static_cast<std::uint64_t>(found - list.begin());
}

template <class Word, std::size_t count>
Word read_one_of(ByteReader& reader, const std::array<Word, count>& list) {
  return list[reader.number_below(count)];
}

}  // namespace jackdaw::store
