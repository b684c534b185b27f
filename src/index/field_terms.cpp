#include "index/field_terms.h"

#include <algorithm>
#include <utility>

namespace jackdaw::index {

void FieldTerms::add(std::string_view title, const IndexedChunk& chunk) {
  counted_.clear();
  if (weights_.title > 0) count(terms_of(title, title_), weights_.title);
  if (weights_.heading > 0) count(terms_of(chunk.heading, heading_), weights_.heading);
  count(numbers_of(chunk.text), 1);
  std::sort(counted_.begin(), counted_.end(), [](const Counted& a, const Counted& b) { return a.term < b.term; });
  const auto row = static_cast<std::uint32_t>(lengths_.size());
  std::uint32_t length = 0;
  for (auto begin = counted_.begin(); begin != counted_.end();) {
    const std::uint32_t term = begin->term;
    std::uint32_t frequency = 0;
    for (; begin != counted_.end() && begin->term == term; ++begin) frequency += begin->times;
    postings_[term].push_back({row, frequency});
    length += frequency;
  }
  lengths_.push_back(length);
}

Postings FieldTerms::postings() const {
  std::vector<std::pair<std::string_view, std::uint32_t>> sorted(known_.begin(), known_.end());
  std::sort(sorted.begin(), sorted.end());
  Postings built;
  for (const auto& [term, number] : sorted) built.append(term, postings_[number], lengths_);
  built.shrink();
  return built;
}

void FieldTerms::count(const std::vector<std::uint32_t>& terms, std::uint32_t weight) {
  for (const std::uint32_t term : terms) counted_.push_back({term, weight});
}

const std::vector<std::uint32_t>& FieldTerms::terms_of(std::string_view text, Repeated& last) {
  if (text != last.text) last = {std::string(text), numbers_of(text)};
  return last.terms;
}

std::vector<std::uint32_t> FieldTerms::numbers_of(std::string_view text) {
  std::vector<std::uint32_t> numbers;
  for (std::string& term : analyzer_.terms(text)) {
    const auto [place, is_new] = known_.try_emplace(std::move(term), static_cast<std::uint32_t>(postings_.size()));
    if (is_new) postings_.emplace_back();
    numbers.push_back(place->second);
  }
  return numbers;
}

}  // namespace jackdaw::index
