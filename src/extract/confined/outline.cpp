#include "extract/confined/outline.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

namespace jackdaw::extract {
namespace {

// The first byte of the line that stands nearest below the place, text.size() when none does.
std::uint32_t line_below(const Page& page, const Outline::Entry& entry, float left, float top) {
  if (!entry.y || page.words.empty()) return 0;
  const float y = top - *entry.y;
  const float x = entry.x ? *entry.x - left : 0;
  // Of two columns the one that begins at the place; a centred title may begin far to its right.
  constexpr float kIndent = 36;
  constexpr float kSideways = 0.05F;
  constexpr float kHanging = 12;
  float nearest = std::numeric_limits<float>::infinity();
  const Word* found = nullptr;
  for (const Word& word : page.words) {
    if (word.boxes.empty()) continue;
    const Box& box = word.boxes.front();
    const float below = (box.y0 + box.y1) / 2 - y;
    if (below < 0 || (entry.x && box.x1 < x - kHanging)) continue;
    const float distance = below + (entry.x ? kSideways * std::max(0.0F, box.x0 - x - kIndent) : 0);
    if (distance < nearest) {
      nearest = distance;
      found = &word;
    }
  }
  if (found == nullptr) return static_cast<std::uint32_t>(page.text.size());
  const std::size_t line = page.text.rfind('\n', found->begin);
  return line == std::string::npos ? 0 : static_cast<std::uint32_t>(line + 1);
}

}  // namespace

Outline::Outline(std::vector<Entry> entries) : entries_(std::move(entries)) {
  std::ranges::stable_sort(entries_, {}, &Entry::page);
}

void Outline::mark(Page& page, float left, float top) {
  if (!open_.empty()) page.sections.push_back({0, open_});
  std::vector<Section> begun;
  for (; next_ < entries_.size() && entries_[next_].page <= page.number; ++next_) {
    const Entry& entry = entries_[next_];
    begun.push_back({entry.page == page.number ? line_below(page, entry, left, top) : 0, entry.heading});
  }
  std::ranges::stable_sort(begun, {}, &Section::begin);
  for (Section& section : begun) {
    open_ = section.heading;
    if (section.begin > 0 && section.begin >= page.text.size()) continue;
    // Of several at one place the last is the innermost.
    if (!page.sections.empty() && page.sections.back().begin == section.begin) {
      page.sections.back() = std::move(section);
    } else {
      page.sections.push_back(std::move(section));
    }
  }
}

std::string heading_path(const std::vector<std::string>& titles) {
  std::string path;
  for (auto title = titles.rbegin(); title != titles.rend(); ++title) {
    if (title->empty()) continue;
    if (path.empty()) {
      path = *title;
    } else if (title->size() + sizeof kHeadingSeparator - 1 + path.size() <= kMaxHeadingBytes) {
      path = *title + kHeadingSeparator + path;
    } else {
      break;
    }
  }
  return path;
}

}  // namespace jackdaw::extract
