#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "answer/prompt_passages.h"
#include "answer/quote_finder.h"

namespace jackdaw::answer {

// What one chunk of a merged passage has of a quote.
struct QuotePart {
  std::size_t part = 0;  // its index
  Quote quote;           // bytes of the chunk's text
  friend bool operator==(const QuotePart&, const QuotePart&) = default;
};

// The chunks of a merged passage that have a quote of it: the best one that holds all of it. Where it goes over the
// border of chunks, the best one that carries the claim alone; else all of them that it takes, in reading order, when
// together they verify the claim, and the one that has most of it when they do not. Without a place (quote.begin equals
// quote.end) it is the best chunk. At least one; `parts` cover `passage` in reading order. Pure.
std::vector<QuotePart> split_quote(const Quote& quote, std::string_view claim, std::string_view passage,
                                   std::span<const PromptPassage::Part> parts);

}  // namespace jackdaw::answer
