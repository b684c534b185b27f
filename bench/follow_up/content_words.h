#pragma once

#include <map>
#include <string>
#include <string_view>

namespace jackdaw::follow_up_bench {

// The words of a text that are left when function words are dropped and the rest is stemmed, with how often they occur:
// the terms that the keyword index counts.
std::map<std::string, int> content_words(std::string_view text);

// Harmonic mean of precision and recall of `ours` against `wanted`, counting each word as often as it occurs. 1 when
// both have none.
double f1(const std::map<std::string, int>& ours, const std::map<std::string, int>& wanted);

}  // namespace jackdaw::follow_up_bench
