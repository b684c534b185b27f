#include "inference/overlap_reranker.h"

#include <algorithm>
#include <set>

#include "core/text.h"

namespace jackdaw::inference {
namespace {

constexpr float kMostLogit = 6.0F;

std::set<std::string> folded_words(std::string_view utf8) {
  std::set<std::string> words;
  for (const text::Range& range : text::words(utf8)) {
    words.insert(text::fold_case(utf8.substr(range.begin, range.end - range.begin)));
  }
  return words;
}

}  // namespace

std::vector<float> OverlapReranker::score(std::string_view question, std::span<const std::string_view> passages,
                                          const Cancellation& cancellation) {
  const std::set<std::string> asked = folded_words(question);
  std::vector<float> logits;
  logits.reserve(passages.size());
  for (const std::string_view passage : passages) {
    cancellation.throw_if_requested();
    const std::set<std::string> said = folded_words(passage);
    const auto shared =
        std::count_if(asked.begin(), asked.end(), [&](const auto& word) { return said.contains(word); });
    const float share = asked.empty() ? 0.0F : static_cast<float>(shared) / static_cast<float>(asked.size());
    logits.push_back(kMostLogit * (2 * share - 1));
  }
  return logits;
}

std::size_t OverlapReranker::tokens(std::string_view, std::string_view passage) const {
  return text::words(passage).size();
}

const std::string& OverlapReranker::name() const noexcept {
  static const std::string kName = "overlap";
  return kName;
}

}  // namespace jackdaw::inference
