#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/text.h"

namespace jackdaw::inference {

// A piece of a text as a model knows it.
struct Token {
  std::int32_t id = 0;
  text::Range source;  // bytes of the text it came from; {0, 0} for [CLS] and [SEP] that were put around it
};

// What a model reads: [CLS] first [SEP], or [CLS] first [SEP] second [SEP].
struct Encoding {
  std::vector<Token> tokens;
  std::vector<std::uint8_t> types;  // one for each token: 1 for the second text and its [SEP]
};

// What gives way when a pair is too long: the longer of both texts, token by token, or the second one alone.
enum class Truncation { kLongestFirst, kOnlySecond };

// The ids that are put around texts.
struct SpecialIds {
  std::int32_t begin = 0;      // [CLS]
  std::int32_t separator = 0;  // [SEP]
};

// [CLS] text [SEP] in at most `max_tokens` (at least 2), cut at the end.
Encoding encode(const SpecialIds& ids, std::span<const Token> text, std::size_t max_tokens);

// Both texts in at most `max_tokens` (at least 3). With kOnlySecond the first text is cut only when it alone is too
// long.
Encoding encode_pair(const SpecialIds& ids, std::span<const Token> first, std::span<const Token> second,
                     std::size_t max_tokens, Truncation truncation);

}  // namespace jackdaw::inference
