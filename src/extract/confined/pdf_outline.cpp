#include "extract/confined/pdf_outline.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

#include "extract/confined/utf16_text.h"

namespace jackdaw::extract {
namespace {

constexpr std::size_t kMaxEntries = 10'000;
constexpr std::size_t kMaxDepth = 32;
constexpr std::size_t kMaxTitleBytes = 200;

// Titles are set in one line by people and over several by programs.
std::string clean(const std::string& title) {
  std::string line;
  for (const char c : title) {
    if (static_cast<unsigned char>(c) > ' ') {
      line += c;
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
  }
  if (line.size() > kMaxTitleBytes) {
    std::size_t end = kMaxTitleBytes;
    while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xC0) == 0x80) --end;
    line.resize(end);
  }
  if (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

// Walks the tree of bookmarks from top to bottom.
class Walk {
 public:
  Walk(FPDF_DOCUMENT document, std::vector<PdfOutline::Entry>& entries) : document_(document), entries_(entries) {}

  void children_of(FPDF_BOOKMARK parent) {
    if (path_.size() >= kMaxDepth) return;
    for (FPDF_BOOKMARK bookmark = FPDFBookmark_GetFirstChild(document_, parent);
         bookmark != nullptr && seen_.size() < kMaxEntries && seen_.insert(bookmark).second;
         bookmark = FPDFBookmark_GetNextSibling(document_, bookmark)) {
      path_.push_back(clean(read_utf16(
          [&](void* buffer, unsigned long bytes) { return FPDFBookmark_GetTitle(bookmark, buffer, bytes); })));
      add(FPDFBookmark_GetDest(document_, bookmark));
      children_of(bookmark);
      path_.pop_back();
    }
  }

 private:
  void add(FPDF_DEST destination) {
    if (destination == nullptr || path_.back().empty()) return;
    const int index = FPDFDest_GetDestPageIndex(document_, destination);
    if (index < 0) return;
    PdfOutline::Entry entry{.page = index + 1, .heading = heading_path(path_)};
    place(destination, entry);
    entries_.push_back(std::move(entry));
  }

  static void place(FPDF_DEST destination, PdfOutline::Entry& entry) {
    int has_x = 0;
    int has_y = 0;
    int has_zoom = 0;
    float x = 0;
    float y = 0;
    float zoom = 0;
    if (FPDFDest_GetLocationInPage(destination, &has_x, &has_y, &has_zoom, &x, &y, &zoom) != 0) {
      if (has_x != 0) entry.x = x;
      if (has_y != 0) entry.y = y;
      return;
    }
    unsigned long count = 0;
    std::array<float, 4> numbers{};
    const unsigned long view = FPDFDest_GetView(destination, &count, numbers.data());
    if ((view == PDFDEST_VIEW_FITH || view == PDFDEST_VIEW_FITBH) && count >= 1) entry.y = numbers[0];
    if (view == PDFDEST_VIEW_FITR && count == 4) entry.y = numbers[3];
  }

  FPDF_DOCUMENT document_;
  std::vector<PdfOutline::Entry>& entries_;
  std::set<FPDF_BOOKMARK> seen_;
  std::vector<std::string> path_;
};

std::vector<PdfOutline::Entry> entries_of(FPDF_DOCUMENT document) {
  std::vector<PdfOutline::Entry> entries;
  Walk(document, entries).children_of(nullptr);
  return entries;
}

// The first byte of the line that stands nearest below the place, text.size() when none does.
std::uint32_t line_below(const Page& page, const PdfOutline::Entry& entry, float left, float top) {
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

PdfOutline::PdfOutline(FPDF_DOCUMENT document) : PdfOutline(entries_of(document)) {}

PdfOutline::PdfOutline(std::vector<Entry> entries) : entries_(std::move(entries)) {
  std::ranges::stable_sort(entries_, {}, &Entry::page);
}

void PdfOutline::mark(Page& page, float left, float top) {
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
