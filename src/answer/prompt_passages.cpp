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

std::vector<RetrievedPassage> chosen(std::vector<RetrievedPassage> found, const PromptPassagesOptions& options) {
  std::vector<RetrievedPassage> kept;
  std::vector<std::vector<std::uint64_t>> known;
  for (RetrievedPassage& candidate : found) {
    if (kept.size() == options.top_k) break;
    if (candidate.deleted) continue;
    if (options.drop_duplicates) {
      auto own = shingles(candidate.passage.text);
      bool is_new = true;
      for (std::size_t i = 0; i < kept.size() && is_new; ++i) {
        is_new = !says_the_same(kept[i].passage, candidate.passage, common_share(known[i], own), options);
      }
      if (!is_new) continue;
      known.push_back(std::move(own));
    }
    kept.push_back(std::move(candidate));
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

// Adds a chunk that begins within the passage or at its end, and does not end before it.
void append(PromptPassage& whole, const Passage& next) {
  Passage& passage = whole.passage.passage;
  const std::size_t begin = next.span.begin - passage.span.begin;
  if (next.span.end > passage.span.end) {
    passage.text.append(next.text, passage.span.end - next.span.begin);
    passage.span.end = next.span.end;
  }
  passage.span.boxes = joined_boxes(std::move(passage.span.boxes), next.span.boxes);
  whole.parts.push_back({next.chunk, begin, begin + next.text.size()});
}

// `places` of `found` that follow each other in the document, in reading order.
PromptPassage merged(std::vector<RetrievedPassage>& found, const std::vector<std::size_t>& places) {
  const std::size_t best = *std::min_element(places.begin(), places.end());
  PromptPassage whole{found[places.front()], {}};
  whole.parts.push_back({whole.passage.passage.chunk, 0, whole.passage.passage.text.size()});
  for (std::size_t i = 1; i < places.size(); ++i) append(whole, found[places[i]].passage);
  whole.passage.score = found[best].score;
  whole.passage.score_kind = found[best].score_kind;
  whole.passage.reasons = found[best].reasons;
  whole.passage.passage.chunk = found[best].passage.chunk;
  whole.passage.passage.heading = found[best].passage.heading;
  return whole;
}

}  // namespace

double common_share(std::string_view a, std::string_view b) {
  return common_share(shingles(a), shingles(b));
}

std::vector<PromptPassage> choose_passages(std::vector<RetrievedPassage> found, const PromptPassagesOptions& options) {
  std::vector<RetrievedPassage> kept = chosen(std::move(found), options);
  std::vector<std::size_t> reading(kept.size());
  for (std::size_t i = 0; i < reading.size(); ++i) reading[i] = i;
  const auto place = [&](std::size_t i) {
    const Passage& passage = kept[i].passage;
    return std::tuple(std::string_view(passage.document.value), passage.span.page, passage.span.begin, i);
  };
  std::sort(reading.begin(), reading.end(), [&](std::size_t a, std::size_t b) { return place(a) < place(b); });
  std::vector<std::vector<std::size_t>> groups;
  std::uint32_t reach = 0;  // where the text of the last group ends
  for (const std::size_t i : reading) {
    const Passage& next = kept[i].passage;
    const bool goes_on = options.merge_neighbours && !groups.empty() && next.span.begin <= reach &&
                         touch(kept[groups.back().back()].passage, next);
    if (goes_on) {
      groups.back().push_back(i);
      reach = std::max(reach, next.span.end);
    } else {
      groups.push_back({i});
      reach = next.span.end;
    }
  }
  const auto best = [](const std::vector<std::size_t>& group) { return *std::min_element(group.begin(), group.end()); };
  std::sort(groups.begin(), groups.end(), [&](const auto& a, const auto& b) { return best(a) < best(b); });
  std::vector<PromptPassage> passages;
  for (const std::vector<std::size_t>& group : groups) passages.push_back(merged(kept, group));
  return passages;
}

}  // namespace jackdaw::answer
