#include "extract/confined/pdf_outline.h"

#include <array>
#include <cstddef>
#include <set>
#include <string>
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
  Walk(FPDF_DOCUMENT document, std::vector<Outline::Entry>& entries) : document_(document), entries_(entries) {}

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
    Outline::Entry entry{.page = index + 1, .heading = heading_path(path_)};
    place(destination, entry);
    entries_.push_back(std::move(entry));
  }

  static void place(FPDF_DEST destination, Outline::Entry& entry) {
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
  std::vector<Outline::Entry>& entries_;
  std::set<FPDF_BOOKMARK> seen_;
  std::vector<std::string> path_;
};

}  // namespace

std::vector<Outline::Entry> read_outline(FPDF_DOCUMENT document) {
  std::vector<Outline::Entry> entries;
  Walk(document, entries).children_of(nullptr);
  return entries;
}

}  // namespace jackdaw::extract
