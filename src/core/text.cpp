#include "core/text.h"

#include <unicode/brkiter.h>
#include <unicode/filteredbrk.h>
#include <unicode/normalizer2.h>
#include <unicode/ucasemap.h>
#include <unicode/uchar.h>
#include <unicode/uscript.h>
#include <unicode/utext.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <memory>
#include <stdexcept>

namespace jackdaw::text {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

void check(UErrorCode status, const char* what) {
  if (U_FAILURE(status)) throw std::runtime_error(std::string(what) + ": " + u_errorName(status));
}

// Reads one code point; ill-formed input gives kReplacement and moves on by its maximal ill-formed part.
CodePoint next_code_point(std::string_view utf8, std::size_t& at) noexcept {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(utf8.data());
  const auto begin = static_cast<std::uint32_t>(at);
  UChar32 c = 0;
  std::size_t i = at;
  U8_NEXT(bytes, i, utf8.size(), c);
  at = i;
  return {c < 0 ? kReplacement : static_cast<char32_t>(c), begin, static_cast<std::uint32_t>(i)};
}

// What ICU's English list lacks and papers, letters and data sheets are full of.
constexpr const char16_t* kAbbreviations[] = {
    u"Dr.",  u"Mr.",  u"Mrs.", u"Ms.",   u"Prof.", u"St.",  u"Jr.",     u"Sr.",  u"Fig.", u"Figs.", u"fig.",
    u"Eq.",  u"Eqs.", u"Ref.", u"Refs.", u"No.",   u"Nos.", u"Sec.",    u"Ch.",  u"Vol.", u"pp.",   u"p.",
    u"e.g.", u"i.e.", u"cf.",  u"vs.",   u"al.",   u"ca.",  u"approx.", u"Inc.", u"Ltd.", u"Co.",   u"Corp."};

struct CloseText {
  void operator()(UText* text) const noexcept { utext_close(text); }
};
using TextHandle = std::unique_ptr<UText, CloseText>;

TextHandle open_text(std::string_view utf8) {
  UErrorCode status = U_ZERO_ERROR;
  TextHandle handle(utext_openUTF8(nullptr, utf8.data(), static_cast<std::int64_t>(utf8.size()), &status));
  check(status, "utext_openUTF8");
  return handle;
}

enum class Breaks { kCharacter, kWord, kSentence };

std::unique_ptr<icu::BreakIterator> make_iterator(Breaks kind) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Locale& locale = icu::Locale::getEnglish();
  std::unique_ptr<icu::BreakIterator> made;
  switch (kind) {
    case Breaks::kCharacter: made.reset(icu::BreakIterator::createCharacterInstance(locale, status)); break;
    case Breaks::kWord: made.reset(icu::BreakIterator::createWordInstance(locale, status)); break;
    case Breaks::kSentence: {
      std::unique_ptr<icu::BreakIterator> plain(icu::BreakIterator::createSentenceInstance(locale, status));
      check(status, "BreakIterator");
      const std::unique_ptr<icu::FilteredBreakIteratorBuilder> filter(
          icu::FilteredBreakIteratorBuilder::createInstance(locale, status));
      check(status, "FilteredBreakIteratorBuilder");
      for (const char16_t* abbreviation : kAbbreviations) {
        filter->suppressBreakAfter(icu::UnicodeString(abbreviation), status);
        check(status, "suppressBreakAfter");
      }
      made.reset(filter->build(plain.release(), status));
      break;
    }
  }
  check(status, "BreakIterator");
  return made;
}

// Break iterators are costly to make and hold state: one of each kind a thread.
icu::BreakIterator& iterator(Breaks kind) {
  thread_local std::unique_ptr<icu::BreakIterator> made[3];
  auto& slot = made[static_cast<int>(kind)];
  if (!slot) slot = make_iterator(kind);
  return *slot;
}

// Calls visit(begin, end, rule status) for each segment.
template <class Visit>
void for_each_segment(std::string_view utf8, Breaks kind, Visit visit) {
  if (utf8.empty()) return;
  const TextHandle handle = open_text(utf8);
  icu::BreakIterator& breaks = iterator(kind);
  UErrorCode status = U_ZERO_ERROR;
  breaks.setText(handle.get(), status);
  check(status, "BreakIterator::setText");
  std::int32_t begin = breaks.first();
  for (std::int32_t end = breaks.next(); end != icu::BreakIterator::DONE; end = breaks.next()) {
    visit(static_cast<std::size_t>(begin), static_cast<std::size_t>(end), breaks.getRuleStatus());
    begin = end;
  }
  // The iterator outlives the text: leave it on nothing.
  breaks.setText(icu::UnicodeString());
}

const icu::Normalizer2& normalizer(const icu::Normalizer2* (*get)(UErrorCode&)) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* made = get(status);
  check(status, "Normalizer2");
  return *made;
}

std::string normalize(const icu::Normalizer2& by, std::string_view utf8) {
  std::string out;
  icu::StringByteSink<std::string> sink(&out);
  UErrorCode status = U_ZERO_ERROR;
  by.normalizeUTF8(0, icu::StringPiece(utf8.data(), static_cast<std::int32_t>(utf8.size())), sink, nullptr, status);
  check(status, "normalizeUTF8");
  return out;
}

std::u32string to_u32(const icu::UnicodeString& text) {
  std::u32string out;
  for (std::int32_t i = 0; i < text.length(); i = text.moveIndex32(i, 1)) {
    out.push_back(static_cast<char32_t>(text.char32At(i)));
  }
  return out;
}

bool is_ascii(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace

bool is_valid_utf8(std::string_view utf8) noexcept {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(utf8.data());
  for (std::size_t i = 0; i < utf8.size();) {
    UChar32 c = 0;
    U8_NEXT(bytes, i, utf8.size(), c);
    if (c < 0) return false;
  }
  return true;
}

std::string sanitize(std::string_view utf8) {
  std::string out;
  out.reserve(utf8.size());
  for (std::size_t i = 0; i < utf8.size();) {
    const char32_t c = next_code_point(utf8, i).value;
    append_utf8(out, c == 0 ? kReplacement : c);
  }
  return out;
}

std::vector<CodePoint> decode(std::string_view utf8) {
  std::vector<CodePoint> out;
  out.reserve(utf8.size());
  for (std::size_t i = 0; i < utf8.size();) out.push_back(next_code_point(utf8, i));
  return out;
}

void append_utf8(std::string& out, char32_t code_point) {
  if (code_point > 0x10FFFF || (code_point >= 0xD800 && code_point <= 0xDFFF)) code_point = kReplacement;
  std::uint8_t bytes[4];
  std::int32_t length = 0;
  U8_APPEND_UNSAFE(bytes, length, static_cast<UChar32>(code_point));
  out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length));
}

std::size_t count_code_points(std::string_view utf8) noexcept {
  std::size_t count = 0;
  for (std::size_t i = 0; i < utf8.size(); ++count) next_code_point(utf8, i);
  return count;
}

std::string_view truncate(std::string_view utf8, std::size_t max_code_points) {
  if (utf8.size() <= max_code_points) return utf8;
  std::size_t limit = 0;
  for (std::size_t count = 0; count < max_code_points && limit < utf8.size(); ++count) next_code_point(utf8, limit);
  if (limit >= utf8.size()) return utf8;
  const auto borders = grapheme_borders(utf8.substr(0, std::min(utf8.size(), limit + 256)));
  const auto after = std::upper_bound(borders.begin(), borders.end(), limit);
  return utf8.substr(0, after == borders.begin() ? 0 : *std::prev(after));
}

std::vector<std::size_t> grapheme_borders(std::string_view utf8) {
  std::vector<std::size_t> borders{0};
  borders.reserve(utf8.size() + 1);
  for_each_segment(utf8, Breaks::kCharacter, [&](std::size_t, std::size_t end, int) { borders.push_back(end); });
  return borders;
}

std::vector<Range> sentences(std::string_view utf8) {
  std::vector<Range> out;
  for_each_segment(utf8, Breaks::kSentence,
                   [&](std::size_t begin, std::size_t end, int) { out.push_back({begin, end}); });
  return out;
}

std::vector<Range> words(std::string_view utf8) {
  std::vector<Range> out;
  for_each_segment(utf8, Breaks::kWord, [&](std::size_t begin, std::size_t end, int status) {
    if (status >= UBRK_WORD_NONE_LIMIT) out.push_back({begin, end});
  });
  return out;
}

std::string fold_case(std::string_view utf8) {
  if (is_ascii(utf8)) {
    std::string out(utf8);
    for (char& c : out) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
  }
  UErrorCode status = U_ZERO_ERROR;
  const std::unique_ptr<UCaseMap, decltype(&ucasemap_close)> map(ucasemap_open("", U_FOLD_CASE_DEFAULT, &status),
                                                                 ucasemap_close);
  check(status, "ucasemap_open");
  std::string out(utf8.size() * 3 + 16, '\0');
  const std::int32_t length = ucasemap_utf8FoldCase(map.get(), out.data(), static_cast<std::int32_t>(out.size()),
                                                    utf8.data(), static_cast<std::int32_t>(utf8.size()), &status);
  check(status, "ucasemap_utf8FoldCase");
  out.resize(static_cast<std::size_t>(length));
  return out;
}

std::string normalize_for_matching(std::string_view utf8) {
  if (is_ascii(utf8)) return fold_case(utf8);
  static const icu::Normalizer2& by = normalizer(icu::Normalizer2::getNFKCCasefoldInstance);
  return normalize(by, utf8);
}

std::string nfc(std::string_view utf8) {
  if (is_ascii(utf8)) return std::string(utf8);
  static const icu::Normalizer2& by = normalizer(icu::Normalizer2::getNFCInstance);
  return normalize(by, utf8);
}

bool is_white_space(char32_t c) noexcept {
  return u_isUWhiteSpace(static_cast<UChar32>(c)) != 0;
}

bool is_control(char32_t c) noexcept {
  if (c == '\t' || c == '\n' || c == '\r') return false;
  return (U_MASK(u_charType(static_cast<UChar32>(c))) & U_GC_C_MASK) != 0;
}

bool is_punctuation(char32_t c) noexcept {
  if ((c >= 33 && c <= 47) || (c >= 58 && c <= 64) || (c >= 91 && c <= 96) || (c >= 123 && c <= 126)) return true;
  return (U_MASK(u_charType(static_cast<UChar32>(c))) & U_GC_P_MASK) != 0;
}

bool is_nonspacing_mark(char32_t c) noexcept {
  return u_charType(static_cast<UChar32>(c)) == U_NON_SPACING_MARK;
}

bool is_cjk(char32_t c) noexcept {
  if (c < 0x1100) return false;  // Hangul Jamo come first
  const auto code_point = static_cast<UChar32>(c);
  if (u_isUAlphabetic(code_point) == 0) return false;
  // By script extensions: the prolonged sound mark belongs to both kana.
  return uscript_hasScript(code_point, USCRIPT_HAN) != 0 || uscript_hasScript(code_point, USCRIPT_HIRAGANA) != 0 ||
         uscript_hasScript(code_point, USCRIPT_KATAKANA) != 0 || uscript_hasScript(code_point, USCRIPT_HANGUL) != 0;
}

std::u32string decompose(char32_t c) {
  static const icu::Normalizer2& nfd = normalizer(icu::Normalizer2::getNFDInstance);
  icu::UnicodeString out;
  if (!nfd.getDecomposition(static_cast<UChar32>(c), out)) return std::u32string(1, c);
  return to_u32(out);
}

std::u32string to_lower(char32_t c) {
  if (c < 0x80) return std::u32string(1, c >= 'A' && c <= 'Z' ? c + 32 : c);
  icu::UnicodeString text(static_cast<UChar32>(c));
  return to_u32(text.toLower(icu::Locale::getRoot()));
}

std::vector<CodePoint> decode_nfd(std::string_view utf8) {
  static const icu::Normalizer2& nfd = normalizer(icu::Normalizer2::getNFDInstance);
  std::vector<CodePoint> out;
  out.reserve(utf8.size());
  std::size_t run_begin = 0;  // marks are put in canonical order within a run of nonzero combining classes
  const auto sort_run = [&](std::size_t end) {
    std::stable_sort(out.begin() + static_cast<std::ptrdiff_t>(run_begin),
                     out.begin() + static_cast<std::ptrdiff_t>(end), [](const CodePoint& a, const CodePoint& b) {
                       return nfd.getCombiningClass(static_cast<UChar32>(a.value)) <
                              nfd.getCombiningClass(static_cast<UChar32>(b.value));
                     });
  };
  for (std::size_t i = 0; i < utf8.size();) {
    const CodePoint source = next_code_point(utf8, i);
    for (const char32_t c : source.value < 0x80 ? std::u32string(1, source.value) : decompose(source.value)) {
      if (nfd.getCombiningClass(static_cast<UChar32>(c)) == 0) {
        if (run_begin < out.size()) sort_run(out.size());
        run_begin = out.size() + 1;
      }
      out.push_back({c, source.begin, source.end});
    }
  }
  if (run_begin < out.size()) sort_run(out.size());
  return out;
}

std::size_t estimate_tokens(std::string_view utf8) noexcept {
  std::size_t ascii = 0;
  std::size_t other = 0;
  for (std::size_t i = 0; i < utf8.size();) ++(next_code_point(utf8, i).value < 0x80 ? ascii : other);
  return (ascii + 3) / 4 + (other + 1) / 2;
}

std::string_view trim(std::string_view utf8) noexcept {
  constexpr std::string_view kSpaces = " \t\n\r\f\v";
  const std::size_t begin = utf8.find_first_not_of(kSpaces);
  if (begin == std::string_view::npos) return {};
  return utf8.substr(begin, utf8.find_last_not_of(kSpaces) - begin + 1);
}

}  // namespace jackdaw::text
