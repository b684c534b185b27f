#include "extract/confined/page_text.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <string>
#include <utility>

#include "extract/confined/lines.h"
#include "extract/confined/protocol.h"

namespace jackdaw::extract {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

bool is_lead(char32_t c) {
  return c >= 0xD800 && c <= 0xDBFF;
}
bool is_trail(char32_t c) {
  return c >= 0xDC00 && c <= 0xDFFF;
}
bool is_ascii_digit(char32_t c) {
  return c >= '0' && c <= '9';
}
bool is_ascii_lower(char32_t c) {
  return c >= 'a' && c <= 'z';
}
bool is_ascii_upper(char32_t c) {
  return c >= 'A' && c <= 'Z';
}

// Control characters, halves of noncharacters: nothing that a person could see.
bool is_noise(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c <= 0x9F) || (c & 0xFFFE) == 0xFFFE || c == 0xFEFF;
}

// Writes lines into a page, word by word.
class Composer {
 public:
  Composer(const PageGlyphs& source, Page& page) : source_(source), page_(page) {}

  void add_line(const Line& line) {
    new_box_ = true;
    for (std::size_t i = line.begin; i < line.end; ++i) {
      const Glyph& glyph = source_.glyphs[i];
      if (is_space(glyph.code)) {
        end_word();
      } else if (!is_noise(glyph.code)) {
        add_letter(glyph);
      }
    }
  }

  // Between two lines. A word that goes on takes the line's end behind itself.
  void break_line(const Line& above, const Line& below, Break kind) {
    const char32_t before = source_.glyphs[above.end - 1].code;
    const char32_t after = first_letter(below);
    if (above.broken_word && in_word_) {
      if (keeps_hyphen(before, after)) put('-');
      separator_after_word_ = "\n";
      return;
    }
    end_word();
    separator_ = kind == Break::kParagraph ? "\n\n" : "\n";
  }

  void finish(bool broken_word) {
    if (broken_word && in_word_) put('-');
    end_word();
  }

 private:
  char32_t first_letter(const Line& line) const {
    for (std::size_t i = line.begin; i < line.end; ++i) {
      if (!is_space(source_.glyphs[i].code)) return source_.glyphs[i].code;
    }
    return 0;
  }

  void add_letter(const Glyph& glyph) {
    const bool alone = is_ideographic(glyph.code);
    if (!in_word_ || alone || last_alone_) {
      if (in_word_) close_word();
      open_word();
    }
    put(glyph.code);
    add_box(glyph);
    last_alone_ = alone;
  }

  void put(char32_t c) {
    append_utf8(page_.text, c);
    page_.words.back().end = static_cast<std::uint32_t>(page_.text.size());
  }

  void open_word() {
    if (!page_.text.empty()) page_.text += separator_;
    separator_ = "";
    const auto begin = static_cast<std::uint32_t>(page_.text.size());
    page_.words.push_back(Word{.begin = begin, .end = begin, .boxes = {}});
    in_word_ = true;
    new_box_ = true;
  }

  void close_word() {
    in_word_ = false;
    last_alone_ = false;
  }

  void end_word() {
    if (!in_word_) return;
    close_word();
    separator_ = std::exchange(separator_after_word_, " ");
  }

  void add_box(const Glyph& glyph) {
    const Box box{glyph.left - source_.left, source_.top - glyph.top, glyph.right - source_.left,
                  source_.top - glyph.bottom};
    const bool sane = std::ranges::all_of(std::initializer_list<float>{box.x0, box.y0, box.x1, box.y1}, [](float edge) {
      return std::isfinite(edge) && std::abs(edge) <= protocol::kMaxCoordinate;
    });
    if (!sane || box.x0 >= box.x1 || box.y0 >= box.y1) return;
    std::vector<Box>& boxes = page_.words.back().boxes;
    if (new_box_) {
      boxes.push_back(box);
    } else {
      Box& whole = boxes.back();
      whole = {std::min(whole.x0, box.x0), std::min(whole.y0, box.y0), std::max(whole.x1, box.x1),
               std::max(whole.y1, box.y1)};
    }
    new_box_ = false;
  }

  const PageGlyphs& source_;
  Page& page_;
  const char* separator_ = "";
  const char* separator_after_word_ = " ";
  bool in_word_ = false;
  bool last_alone_ = false;
  bool new_box_ = true;
};

// Two characters of one drawn glyph.
bool same_box(const Glyph& a, const Glyph& b) {
  return a.left == b.left && a.right == b.right && a.left < a.right;
}

}  // namespace

void append_utf8(std::string& out, char32_t c) {
  const auto put = [&out](char32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | (c >> 6));
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | (c >> 12));
    put(0x80 | ((c >> 6) & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | (c >> 18));
    put(0x80 | ((c >> 12) & 0x3F));
    put(0x80 | ((c >> 6) & 0x3F));
    put(0x80 | (c & 0x3F));
  }
}

bool is_right_to_left(char32_t c) noexcept {
  return (c >= 0x0590 && c <= 0x08FF) || (c >= 0xFB1D && c <= 0xFDFF) || (c >= 0xFE70 && c <= 0xFEFC) ||
         (c >= 0x10800 && c <= 0x10FFF) || (c >= 0x1E800 && c <= 0x1EFFF);
}

bool is_ideographic(char32_t c) noexcept {
  return (c >= 0x2E80 && c <= 0x2FDF) || (c >= 0x3005 && c <= 0x3007) || (c >= 0x3021 && c <= 0x3029) ||
         (c >= 0x3041 && c <= 0x30FF) || (c >= 0x3105 && c <= 0x312F) || (c >= 0x31F0 && c <= 0x31FF) ||
         (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0xF900 && c <= 0xFAFF) ||
         (c >= 0xFF66 && c <= 0xFF9F) || (c >= 0x20000 && c <= 0x323AF);
}

bool keeps_hyphen(char32_t before, char32_t after) noexcept {
  return is_ascii_digit(before) || is_ascii_digit(after) || (is_ascii_lower(before) && is_ascii_upper(after));
}

void join_surrogates(std::vector<Glyph>& glyphs, std::vector<GlyphStyle>& styles) {
  std::size_t kept = 0;
  std::size_t style = 0;
  for (std::size_t i = 0; i < glyphs.size(); ++i) {
    for (; style < styles.size() && styles[style].first <= i; ++style) styles[style].first = kept;
    Glyph glyph = glyphs[i];
    if (is_lead(glyph.code) && i + 1 < glyphs.size() && is_trail(glyphs[i + 1].code)) {
      glyph.code = 0x10000 + ((glyph.code - 0xD800) << 10) + (glyphs[++i].code - 0xDC00);
    } else if (is_lead(glyph.code) || is_trail(glyph.code) || glyph.code > 0x10FFFF) {
      glyph.code = kReplacement;
    }
    glyphs[kept++] = glyph;
  }
  glyphs.resize(kept);
}

void turn_right_to_left_ligatures(std::vector<Glyph>& glyphs) {
  for (auto run = glyphs.begin(); run != glyphs.end();) {
    const auto end = std::find_if_not(run, glyphs.end(), [&](const Glyph& glyph) { return same_box(*run, glyph); });
    if (end - run > 1 && std::any_of(run, end, [](const Glyph& glyph) { return is_right_to_left(glyph.code); })) {
      std::reverse(run, end);
    }
    run = std::max(end, run + 1);
  }
}

void compose_text(PageGlyphs page_glyphs, Page& page) {
  join_surrogates(page_glyphs.glyphs, page_glyphs.styles);
  turn_right_to_left_ligatures(page_glyphs.glyphs);
  const std::vector<Line> lines = find_lines(page_glyphs);
  const std::vector<Break> breaks = find_breaks(lines);
  page.text.reserve(page_glyphs.glyphs.size());
  Composer composer(page_glyphs, page);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) composer.break_line(lines[i - 1], lines[i], breaks[i - 1]);
    composer.add_line(lines[i]);
  }
  composer.finish(!lines.empty() && lines.back().broken_word);
}

}  // namespace jackdaw::extract
