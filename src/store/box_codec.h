#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/document.h"

namespace jackdaw::store {

// Words and boxes as the database keeps them: compact, versioned, exact (docs/storage_format.md, "Words and boxes").
// Pure functions, any thread.
//
// encode_* throw Error kInternal for a coordinate that is not finite or a word that ends before it begins. decode_*
// take any bytes: what encode_* did not make throws Error kInternal, after work and memory bounded by the size of the
// input.

std::vector<std::byte> encode_words(std::span<const Word> words);
std::vector<Word> decode_words(std::span<const std::byte> bytes);

std::vector<std::byte> encode_boxes(std::span<const Box> boxes);
std::vector<Box> decode_boxes(std::span<const std::byte> bytes);

}  // namespace jackdaw::store
