#include "extract/confined/recognized_text.h"

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "extract/confined/lines.h"
#include "extract/confined/page_text.h"

namespace jackdaw::extract {
namespace {

using Before = RecognizedWord::Before;

// A letter and its bytes. A byte that cannot begin one counts as a letter of its own.
struct Letter {
  char32_t code = 0;
  std::size_t bytes = 0;
};

Letter first_of(std::string_view utf8) {
  if (utf8.empty()) return {};
  const auto lead = static_cast<unsigned char>(utf8.front());
  const std::size_t bytes = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (bytes == 1 || bytes > utf8.size()) return {.code = lead, .bytes = 1};
  char32_t code = lead & (0x7FU >> bytes);
  for (const char trail : utf8.substr(1, bytes - 1)) code = (code << 6) | (static_cast<unsigned char>(trail) & 0x3FU);
  return {.code = code, .bytes = bytes};
}

char32_t first_letter(std::string_view utf8) {
  return first_of(utf8).code;
}

std::size_t last_letter_at(std::string_view utf8) {
  std::size_t at = utf8.size() - 1;
  while (at > 0 && (static_cast<unsigned char>(utf8[at]) & 0xC0) == 0x80) --at;
  return at;
}

char32_t last_letter(std::string_view utf8) {
  return utf8.empty() ? 0 : first_letter(utf8.substr(last_letter_at(utf8)));
}

bool is_hyphen(char32_t c) {
  return c == '-' || c == 0xAD || c == 0x2010;
}

// Letters and digits as far as hyphenation needs to know them: above ASCII all but signs and general punctuation.
bool is_word_letter(char32_t c) {
  if (c < 0x80) return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return c >= 0xC0 && !(c >= 0x2000 && c <= 0x2BFF);
}

std::string_view without_space(std::string_view text) {
  while (!text.empty() && is_space(first_letter(text))) text.remove_prefix(first_of(text).bytes);
  while (!text.empty() && is_space(last_letter(text))) text = text.substr(0, last_letter_at(text));
  return text;
}

class Composer {
 public:
  explicit Composer(Page& page) : page_(page) {}

  void add(const RecognizedWord& word) {
    before_ = std::max(before_, word.before);
    const std::string_view text = without_space(word.text);
    if (text.empty() || !(word.confidence >= kLeastConfidence)) return;
    if (goes_on_with(text)) {
      join(word, text);
    } else {
      separate(text);
      const auto begin = static_cast<std::uint32_t>(page_.text.size());
      page_.text += text;
      page_.words.push_back(
          Word{.begin = begin, .end = static_cast<std::uint32_t>(page_.text.size()), .boxes = {word.box}});
      joined_ = false;
    }
    before_ = Before::kSpace;
  }

 private:
  std::string_view last_word() const { return std::string_view(page_.text).substr(page_.words.back().begin); }

  // The last word of the line above ends with a hyphen that only broke it.
  bool goes_on_with(std::string_view text) const {
    if (page_.words.empty() || before_ != Before::kLine || !is_word_letter(first_letter(text))) return false;
    const std::string_view above = last_word();
    const std::size_t hyphen = last_letter_at(above);
    return hyphen > 0 && is_hyphen(last_letter(above)) && is_word_letter(last_letter(above.substr(0, hyphen)));
  }

  void join(const RecognizedWord& word, std::string_view text) {
    const std::string_view above = last_word();
    const std::size_t hyphen = last_letter_at(above);
    if (!keeps_hyphen(last_letter(above.substr(0, hyphen)), first_letter(text))) {
      page_.text.resize(page_.words.back().begin + hyphen);
    }
    page_.text += text;
    page_.words.back().end = static_cast<std::uint32_t>(page_.text.size());
    page_.words.back().boxes.push_back(word.box);
    joined_ = true;
  }

  void separate(std::string_view text) {
    if (page_.words.empty()) return;
    if (before_ == Before::kParagraph) {
      page_.text += "\n\n";
    } else if (before_ == Before::kLine || joined_) {
      // The line's end that a joined word had in its middle comes behind it.
      page_.text += '\n';
    } else if (!is_ideographic(last_letter(page_.text)) || !is_ideographic(first_letter(text))) {
      page_.text += ' ';
    }
  }

  Page& page_;
  Before before_ = Before::kSpace;
  bool joined_ = false;  // the last word
};

}  // namespace

void compose_recognized(const std::vector<RecognizedWord>& words, Page& page) {
  page.text.clear();
  page.words.clear();
  Composer composer(page);
  for (const RecognizedWord& word : words) composer.add(word);
}

}  // namespace jackdaw::extract
