#pragma once

#include <string>
#include <vector>

#include "answer/citations.h"
#include "core/text.h"

namespace jackdaw::testing {

// What a CitationReader has told of an answer so far.
struct ToldAnswer {
  std::string text;
  std::vector<Citation> citations;
  int dropped = 0;

  void add(answer::CitationReader::Step step) {
    text += step.text;
    citations.insert(citations.end(), step.citations.begin(), step.citations.end());
  }
  // The words of the text that carry citation `i`; empty where none do.
  std::string claim(std::size_t i) const {
    const auto decoded = jackdaw::text::decode(text);
    const Citation& one = citations.at(i);
    if (one.begin == one.end) return "";
    return text.substr(decoded.at(one.begin).begin, decoded.at(one.end - 1).end - decoded.at(one.begin).begin);
  }
};

}  // namespace jackdaw::testing
