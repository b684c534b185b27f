#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace jackdaw::store {

// Short lists in a column (docs/storage_format.md, "Lists"). Pure functions, any thread. decode_* take any bytes: what
// encode_* did not make throws Error kInternal.

std::vector<std::byte> encode_numbers(std::span<const int> numbers);
std::vector<int> decode_numbers(std::span<const std::byte> bytes);

std::vector<std::byte> encode_texts(std::span<const std::string> texts);
std::vector<std::string> decode_texts(std::span<const std::byte> bytes);

}  // namespace jackdaw::store
