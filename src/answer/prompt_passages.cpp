#include "answer/prompt_passages.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "core/text.h"

namespace jackdaw::answer {
namespace {

constexpr std::size_t kShingleWords = 3;

// Hashes of the runs of three words, sorted and each once. A text of fewer words is one run.
std::vector<std::uint64_t> shingles(std::string_view text) {
  std::vector<std::uint64_t> words;
  const std::string folded = text::normalize_for_matching(text);
  for (const text::Range& word : text::words(folded)) {
    words.push_back(std::hash<std::string_view>{}(std::string_view(folded).substr(word.begin, word.end - word.begin)));
  }
  std::vector<std::uint64_t> runs;
  const std::size_t length = std::min(kShingleWords, words.size());
  for (std::size_t i = 0; length > 0 && i + length <= words.size(); ++i) {
    std::uint64_t run = length;
    for (std::size_t j = i; j < i + length; ++j) run = (run ^ words[j]) * 0x9E3779B97F4A7C15U + (run >> 29);
    runs.push_back(run);
  }
  std::sort(runs.begin(), runs.end());
  runs.erase(std::unique(runs.begin(), runs.end()), runs.end());
  return runs;
}

double common_share(const std::vector<std::uint64_t>& a, const std::vector<std::uint64_t>& b) {
  const std::size_t shorter = std::min(a.size(), b.size());
  if (shorter == 0) return a.empty() && b.empty() ? 1 : 0;
  std::vector<std::uint64_t> common;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(common));
  return static_cast<double>(common.size()) / static_cast<double>(shorter);
}

// Whether the two lie on one page without text between them.
bool touch(const Passage& a, const Passage& b) {
  return a.document == b.document && a.span.page == b.span.page && a.span.begin <= b.span.end &&
         b.span.begin <= a.span.end;
}

// Chunks that overlap share words by their making: that makes them neighbours, not duplicates.
bool says_the_same(const Passage& a, const Passage& b, double shared, const PromptPassagesOptions& options) {
  const bool inside = a.document == b.document && a.span.page == b.span.page &&
                      ((a.span.begin <= b.span.begin && b.span.end <= a.span.end) ||
                       (b.span.begin <= a.span.begin && a.span.end <= b.span.end));
  return inside || (!touch(a, b) && shared >= options.duplicate_share);
}

struct Kept {
  RetrievedPassage found;
  std::size_t place = 0;
};

std::vector<Kept> chosen(std::vector<RetrievedPassage> found, const PromptPassagesOptions& options) {
  std::vector<Kept> kept;
  std::vector<std::vector<std::uint64_t>> known;
  for (std::size_t place = 0; place < found.size() && kept.size() < options.top_k; ++place) {
    RetrievedPassage& candidate = found[place];
    if (candidate.deleted) continue;
    if (options.drop_duplicates) {
      auto own = shingles(candidate.passage.text);
      bool is_new = true;
      for (std::size_t i = 0; i < kept.size() && is_new; ++i) {
        is_new = !says_the_same(kept[i].found.passage, candidate.passage, common_share(known[i], own), options);
      }
      if (!is_new) continue;
      known.push_back(std::move(own));
    }
    kept.push_back({std::move(candidate), place});
  }
  return kept;
}

// The boxes of both, the line that they share once.
std::vector<Box> joined_boxes(std::vector<Box> first, const std::vector<Box>& second) {
  for (const Box& box : second) {
    const auto same_line = std::find_if(first.begin(), first.end(), [&](const Box& known) {
      return known.y0 == box.y0 && known.y1 == box.y1 && known.x0 <= box.x1 && box.x0 <= known.x1;
    });
    if (same_line == first.end()) {
      first.push_back(box);
    } else {
      same_line->x0 = std::min(same_line->x0, box.x0);
      same_line->x1 = std::max(same_line->x1, box.x1);
    }
  }
  return first;
}

bool is_what_its_span_says(const Passage& passage) {
  return passage.span.begin <= passage.span.end && passage.span.end - passage.span.begin == passage.text.size();
}

// Whether a chunk that does not begin before the passage goes on with it.
bool goes_on(const Passage& whole, const Passage& next) {
  if (!touch(whole, next) || !is_what_its_span_says(whole) || !is_what_its_span_says(next)) return false;
  const std::size_t both = std::min(whole.span.end, next.span.end) - next.span.begin;
  return whole.text.compare(next.span.begin - whole.span.begin, both, next.text, 0, both) == 0;
}

void append(PromptPassage& whole, Kept next) {
  Passage& passage = whole.passage.passage;
  Passage& added = next.found.passage;
  const std::size_t begin = added.span.begin - passage.span.begin;
  if (added.span.end > passage.span.end) {
    passage.text.append(added.text, passage.span.end - added.span.begin);
    passage.span.end = added.span.end;
  }
  passage.span.boxes = joined_boxes(std::move(passage.span.boxes), added.span.boxes);
  const bool is_better = next.place < whole.best_place();
  whole.parts.push_back({added.chunk, begin, begin + added.text.size(), next.place});
  if (!is_better) return;
  added.text = std::move(passage.text);
  added.span = std::move(passage.span);
  whole.passage = std::move(next.found);
}

}  // namespace

double common_share(std::string_view a, std::string_view b) {
  return common_share(shingles(a), shingles(b));
}

std::size_t PromptPassage::best_place() const {
  const auto worse = [](const Part& a, const Part& b) { return a.place < b.place; };
  return std::min_element(parts.begin(), parts.end(), worse)->place;
}

std::vector<PromptPassage> choose_passages(std::vector<RetrievedPassage> found, const PromptPassagesOptions& options) {
  std::vector<Kept> kept = chosen(std::move(found), options);
  const auto reading = [](const Kept& one) {
    const Passage& passage = one.found.passage;
    return std::tuple(std::string_view(passage.document.value), passage.span.page, passage.span.begin, one.place);
  };
  std::sort(kept.begin(), kept.end(), [&](const Kept& a, const Kept& b) { return reading(a) < reading(b); });
  std::vector<PromptPassage> passages;
  for (Kept& next : kept) {
    if (options.merge_neighbours && !passages.empty() && goes_on(passages.back().passage.passage, next.found.passage)) {
      append(passages.back(), std::move(next));
      continue;
    }
    PromptPassage alone{std::move(next.found), {}};
    alone.parts.push_back({alone.passage.passage.chunk, 0, alone.passage.passage.text.size(), next.place});
    passages.push_back(std::move(alone));
  }
  std::sort(passages.begin(), passages.end(),
            [](const PromptPassage& a, const PromptPassage& b) { return a.best_place() < b.best_place(); });
  return passages;
}

}  // namespace jackdaw::answer
