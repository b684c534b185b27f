#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "answer/quote_words.h"

namespace jackdaw::answer {

// Terms beside each other that mean something together, so that a text with both of them in different places does not
// say the same: "Magpie-7" or "Apollo 11", "6 February" (in either order), "390 EUR", "5 %", "12 kg", "2 million".
struct Bond {
  std::string key;
  std::string other{};      // of a number with a second reading; else empty
  std::size_t instead = 0;  // it stands for that many terms, which then mean nothing by themselves; 0: beside them
  bool loose = false;       // the capital of its word may be only that of a sentence's begin
};

// Those that begin at the term. Pure.
std::vector<Bond> bonds_at(std::string_view text, const std::vector<Term>& terms, std::size_t at);

}  // namespace jackdaw::answer
