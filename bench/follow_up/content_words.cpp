#include "follow_up/content_words.h"

#include <algorithm>

#include "index/analyzer.h"

namespace jackdaw::follow_up_bench {
namespace {

int total(const std::map<std::string, int>& words) {
  int sum = 0;
  for (const auto& [word, count] : words) sum += count;
  return sum;
}

}  // namespace

std::map<std::string, int> content_words(std::string_view text) {
  static const index::Analyzer analyzer;
  std::map<std::string, int> words;
  for (const std::string& term : analyzer.terms(text)) ++words[term];
  return words;
}

double f1(const std::map<std::string, int>& ours, const std::map<std::string, int>& wanted) {
  int common = 0;
  for (const auto& [word, count] : ours) {
    const auto found = wanted.find(word);
    if (found != wanted.end()) common += std::min(count, found->second);
  }
  const int all = total(ours) + total(wanted);
  return all == 0 ? 1 : 2.0 * common / all;
}

}  // namespace jackdaw::follow_up_bench
