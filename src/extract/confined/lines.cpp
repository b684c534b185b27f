#include "extract/confined/lines.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

namespace jackdaw::extract {
namespace {

// Shares of the font size, or of the usual distance of lines. Read off documents from LaTeX, LibreOffice, Word and
// browsers: the smallest space between paragraphs in use is 0.44 lines (LibreOffice), lines of formulas vary by 0.2.
constexpr float kUsualDistance = 1.2F;      // of the size, for a page that shows too few lines to tell
constexpr float kParagraphDistance = 1.3F;  // of the usual distance
constexpr float kSameRow = 0.5F;            // of the size
constexpr float kWidestSpacing = 3.0F;      // of the size; beyond it two lines are not of one paragraph
constexpr float kSizeChange = 0.1F;
constexpr float kSmallestIndent = 0.7F;  // of the size
constexpr float kWidestIndent = 4.0F;
constexpr std::size_t kFewestLetters = 3;  // of a line whose size says something: a lone index or sign does not
constexpr std::size_t kFewestDistances = 3;

struct Place {
  float along;
  float down;
};

Place place(float x, float y, int quarter) {
  switch (quarter) {
    case 1: return {y, x};
    case 2: return {-x, y};
    case 3: return {-y, -x};
    default: return {x, -y};
  }
}

bool closes(char32_t c) {
  constexpr std::u32string_view kClosing = U"\"')]}\u2019\u201D\u00BB\u203A\u201C\u2018";
  return kClosing.find(c) != std::u32string_view::npos;
}

bool ends_sentence(char32_t c) {
  constexpr std::u32string_view kEnds = U".!?:;\u2026\u06D4\u061F\u0964\u3002\uFF01\uFF1F";
  return kEnds.find(c) != std::u32string_view::npos;
}

// The styles of one line, weighed by the letters that are set in each size.
class LineStyles {
 public:
  void add_letter(const GlyphStyle& style) {
    for (auto& [known, letters] : seen_) {
      if (std::abs(known->size - style.size) < 0.05F && known->quarter == style.quarter) {
        ++letters;
        return;
      }
    }
    seen_.emplace_back(&style, 1);
  }
  const GlyphStyle* most_used() const {
    const auto most = std::ranges::max_element(seen_, {}, &Seen::second);
    return most == seen_.end() ? nullptr : most->first;
  }

 private:
  using Seen = std::pair<const GlyphStyle*, std::size_t>;
  std::vector<Seen> seen_;
};

// Gathers the glyphs of one line after the other.
class LineFinder {
 public:
  explicit LineFinder(const PageGlyphs& page) : page_(page) {}

  std::vector<Line> find() {
    for (std::size_t i = 0; i < page_.glyphs.size(); ++i) {
      const char32_t c = page_.glyphs[i].code;
      while (style_ + 1 < page_.styles.size() && page_.styles[style_ + 1].first <= i) ++style_;
      if (c == '\n' || c == '\r') {
        finish(i, i + 1, false);
      } else if (c == kLineEndHyphen) {
        finish(i, i + 1, true);
      } else if (!is_space(c)) {
        add_letter(i);
      }
    }
    finish(page_.glyphs.size(), page_.glyphs.size(), false);
    return std::move(lines_);
  }

 private:
  void add_letter(std::size_t i) {
    const char32_t c = page_.glyphs[i].code;
    ++line_.letters;
    if (is_right_to_left(c)) ++right_to_left_;
    if (!closes(c)) line_.last = c;
    if (style_ < page_.styles.size()) styles_.add_letter(page_.styles[style_]);
  }

  void finish(std::size_t end, std::size_t next_begin, bool broken_word) {
    line_.end = end;
    line_.broken_word = broken_word;
    if (line_.letters > 0) {
      measure();
      lines_.push_back(line_);
    }
    line_ = Line{.begin = next_begin};
    styles_ = {};
    right_to_left_ = 0;
  }

  void measure() {
    const GlyphStyle* style = styles_.most_used();
    if (style == nullptr) return;
    line_.size = style->size;
    line_.quarter = style->quarter;
    line_.down = place(style->origin_x, style->origin_y, style->quarter).down;
    float first = std::numeric_limits<float>::max();
    float last = std::numeric_limits<float>::lowest();
    for (std::size_t i = line_.begin; i < line_.end; ++i) {
      const Glyph& glyph = page_.glyphs[i];
      if (is_space(glyph.code) || glyph.left == glyph.right) continue;
      const float a = place(glyph.left, glyph.bottom, line_.quarter).along;
      const float b = place(glyph.right, glyph.top, line_.quarter).along;
      first = std::min({first, a, b});
      last = std::max({last, a, b});
    }
    if (first > last) return;
    line_.start = right_to_left_ * 2 > line_.letters ? -last : first;
  }

  const PageGlyphs& page_;
  std::vector<Line> lines_;
  Line line_;
  LineStyles styles_;
  std::size_t style_ = 0;
  std::size_t right_to_left_ = 0;
};

bool same_size(const Line& a, const Line& b) {
  return std::abs(a.size - b.size) <= kSizeChange * std::max(a.size, b.size);
}

// The usual distance of neighbouring lines, as a share of the font size.
float usual_distance(const std::vector<Line>& lines) {
  std::vector<float> distances;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const Line& above = lines[i - 1];
    const Line& below = lines[i];
    const float distance = below.down - above.down;
    if (above.quarter == below.quarter && same_size(above, below) && distance > kSameRow * above.size &&
        distance < kWidestSpacing * above.size) {
      distances.push_back(distance / above.size);
    }
  }
  if (distances.size() < kFewestDistances) return kUsualDistance;
  const auto middle = distances.begin() + static_cast<std::ptrdiff_t>(distances.size() / 2);
  std::ranges::nth_element(distances, middle);
  return *middle;
}

// The first line of a paragraph that is set apart by its indent alone: the line after it is back at the margin.
bool is_indented(const Line& above, const Line& line, const Line* below) {
  const float indent = line.start - above.start;
  if (indent < kSmallestIndent * line.size || indent > kWidestIndent * line.size) return false;
  return ends_sentence(above.last) && below != nullptr && below->quarter == line.quarter &&
         below->start < line.start - kSmallestIndent * line.size;
}

Break break_between(const Line& above, const Line& line, const Line* below, float usual) {
  if (above.broken_word) return Break::kLine;
  if (above.quarter != line.quarter) return Break::kParagraph;
  const float distance = line.down - above.down;
  const float size = std::max(above.size, line.size);
  if (std::abs(distance) < kSameRow * size) return Break::kLine;
  if (above.letters >= kFewestLetters && line.letters >= kFewestLetters && !same_size(above, line)) {
    return Break::kParagraph;
  }
  // The text went on at the top of another column, or somewhere else on the page.
  if (distance < 0) return ends_sentence(above.last) ? Break::kParagraph : Break::kLine;
  if (distance > kParagraphDistance * usual * size) return Break::kParagraph;
  return is_indented(above, line, below) ? Break::kParagraph : Break::kLine;
}

}  // namespace

bool is_space(char32_t c) noexcept {
  return c == ' ' || (c >= '\t' && c <= '\r') || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

std::vector<Line> find_lines(const PageGlyphs& page) {
  return LineFinder(page).find();
}

std::vector<Break> find_breaks(const std::vector<Line>& lines) {
  std::vector<Break> breaks;
  const float usual = usual_distance(lines);
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const Line* below = i + 1 < lines.size() ? &lines[i + 1] : nullptr;
    breaks.push_back(break_between(lines[i - 1], lines[i], below, usual));
  }
  return breaks;
}

}  // namespace jackdaw::extract
