#include "answer/quote_words.h"

#include <algorithm>
#include <array>

#include "answer/quote_lexicon.h"
#include "core/text.h"

namespace jackdaw::answer {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::array kSuffixes = {"ation"sv, "ition"sv, "ment"sv, "ness"sv, "ing"sv, "ion"sv, "ive"sv,
                                  "ely"sv,   "ed"sv,    "ly"sv,   "al"sv,   "er"sv,  "e"sv,   "y"sv};
constexpr std::size_t kStemBytes = 4;  // are left at least
constexpr std::size_t kUnitBytes = 3;  // at most

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_ascii_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

// Digits of other scripts as ASCII ones, in a text that is normalized for matching.
std::string with_ascii_digits(std::string text) {
  if (std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; })) return text;
  std::string out;
  for (const auto& c : text::decode(text)) {
    char32_t value = c.value;
    for (const char32_t zero : {U'\u0660', U'\u06f0', U'\u0966', U'\u09e6', U'\u0e50'}) {
      if (value >= zero && value < zero + 10) value = U'0' + (value - zero);
    }
    if (value == U'\u066b') value = U'.';
    if (value == U'\u066c') value = U',';
    if (value == U'\u2019') value = U'\'';
    text::append_utf8(out, value);
  }
  return out;
}

std::string without_plural(std::string_view word) {
  for (const auto possessive : {"'s"sv, "'"sv}) {
    if (word.ends_with(possessive) && word.size() > possessive.size()) word.remove_suffix(possessive.size());
  }
  if (word.size() <= 3 || !word.ends_with('s') || word.ends_with("ss") || word.ends_with("us") ||
      word.ends_with("is")) {
    return std::string(word);
  }
  if (word.ends_with("ies") && word.size() > 4) return std::string(word.substr(0, word.size() - 3)) + "y";
  const bool hisses =
      word.ends_with("xes") || word.ends_with("ches") || word.ends_with("shes") || word.ends_with("sses");
  return std::string(word.substr(0, word.size() - (hisses ? 2 : 1)));
}

std::string stem_of(std::string_view word) {
  for (const std::string_view suffix : kSuffixes) {
    if (word.size() < suffix.size() + kStemBytes || !word.ends_with(suffix)) continue;
    word.remove_suffix(suffix.size());
    if (word[word.size() - 1] == word[word.size() - 2] && is_ascii_letter(word.back())) word.remove_suffix(1);
    break;
  }
  return std::string(word);
}

// "0390.50" becomes "390.5".
std::string plain(std::string_view whole, std::string_view fraction) {
  while (whole.size() > 1 && whole[0] == '0') whole.remove_prefix(1);
  while (fraction.ends_with('0')) fraction.remove_suffix(1);
  std::string out(whole.empty() ? "0"sv : whole);
  return fraction.empty() ? out : out + "." + std::string(fraction);
}

std::string without(std::string text, char separator) {
  std::erase(text, separator);
  return text;
}

// True for "1,234,567": the separator stands before groups of three.
bool is_grouped(std::string_view number, char separator) {
  const std::size_t first = number.find(separator);
  if (first == 0 || first > 3 || number[0] == '0') return false;
  for (std::size_t at = first; at != std::string_view::npos; at = number.find(separator, at + 1)) {
    const std::size_t end = std::min(number.find(separator, at + 1), number.size());
    if (end - at != 4) return false;
  }
  return true;
}

struct Value {
  std::string first;
  std::string other;  // where one cannot tell; else empty
};

// Of digits with points, commas and apostrophes among them.
Value value_of(std::string number) {
  number = without(std::move(number), '\'');
  while (!number.empty() && !is_digit(number.back())) number.pop_back();
  const std::size_t point = number.rfind('.');
  const std::size_t comma = number.rfind(',');
  if (point == std::string::npos && comma == std::string::npos) return {plain(number, ""), ""};
  if (point != std::string::npos && comma != std::string::npos) {
    const char grouping = point > comma ? ',' : '.';
    const std::size_t decimal = std::max(point, comma);
    if (number.find(number[decimal]) != decimal) return {number, ""};
    return {plain(without(number.substr(0, decimal), grouping), number.substr(decimal + 1)), ""};
  }
  const char separator = point != std::string::npos ? '.' : ',';
  const std::size_t at = number.find(separator);
  const bool once = number.rfind(separator) == at;
  const bool grouped = is_grouped(number, separator);
  const std::string whole = plain(without(number, separator), "");
  if (grouped && (!once || separator == ',')) return {whole, ""};
  if (!once) return {number, ""};
  return {plain(number.substr(0, at), number.substr(at + 1)), grouped ? whole : ""};
}

// The month of that number, 1 to 12; else empty.
std::string_view month(std::string_view digits) {
  const bool is_number = all_digits(digits) && digits.size() <= 2;
  return is_number ? month_of(std::stoi(std::string(digits))) : ""sv;
}

class TermReader {
 public:
  explicit TermReader(std::string_view text) : text_(text) {}

  std::vector<Term> read() {
    for (const text::Range& word : text::words(text_)) {
      read_gap(word.begin);
      read_word(word);
      at_ = word.end;
    }
    read_gap(text_.size());
    mark_dates();
    mark_units();
    return std::move(terms_);
  }

 private:
  // Signs that are no words, and whether a sentence ends.
  void read_gap(std::size_t end) {
    const std::string_view gap = text_.substr(at_, end - at_);
    starts_ = terms_.empty() || starts_;
    for (const auto& c : text::decode(gap)) {
      const auto begin = static_cast<std::uint32_t>(at_ + c.begin);
      const std::string sign(gap.substr(c.begin, c.end - c.begin));
      if (const auto value = value_named(sign); !value.empty()) {
        add(TermKind::kNumber, std::string(value), begin, begin + (c.end - c.begin));
      }
      if (c.value == U'\n' ||
          std::u32string_view(U".!?:\u3002\uff01\uff1f\u061f").find(c.value) != std::u32string_view::npos) {
        starts_ = true;
      }
    }
  }

  void read_word(text::Range word) {
    while (word.begin < word.end && text_[word.begin] == '_') ++word.begin;
    while (word.end > word.begin && text_[word.end - 1] == '_') --word.end;
    if (word.begin == word.end) return;
    const std::string_view shown = text_.substr(word.begin, word.end - word.begin);
    const std::string key = with_ascii_digits(text::normalize_for_matching(shown));
    if (key.empty()) return;
    if (is_digit(key[0])) {
      read_number(key, word);
    } else {
      add_word(key, shown, word);
    }
    starts_ = false;
  }

  void add_word(const std::string& folded, std::string_view shown, text::Range at) {
    const auto begin = static_cast<std::uint32_t>(at.begin);
    const auto end = static_cast<std::uint32_t>(at.end);
    if (std::any_of(folded.begin(), folded.end(), is_digit)) return add(TermKind::kModel, folded, begin, end);
    const std::string key = without_plural(without(folded, '.'));
    if (const auto value = value_named(key); !value.empty()) {
      return add(TermKind::kNumber, std::string(value), begin, end);
    }
    const bool is_function = is_function_word(folded) || is_denial(folded) || folded.ends_with("n't");
    add(is_function ? TermKind::kFunction : TermKind::kWord, key, begin, end);
    terms_.back().stem = stem_of(key);
    mark_capitals(terms_.back(), shown);
  }

  static void mark_capitals(Term& term, std::string_view shown) {
    bool first = true;
    for (const auto& c : text::decode(shown)) {
      const bool capital = text::to_lower(c.value) != std::u32string(1, c.value);
      (first ? term.capital : term.acronym) |= capital;
      first = false;
    }
  }

  // "1,234", "5%", "12kg", "1960s", "05.03.2024".
  void read_number(const std::string& key, text::Range at) {
    const std::size_t digits = std::min(key.find_first_not_of("0123456789.,'"), key.size());
    const auto begin = static_cast<std::uint32_t>(at.begin);
    const auto end = static_cast<std::uint32_t>(at.end);
    const std::string number = key.substr(0, digits);
    if (!read_date(number, begin, end)) {
      const Value value = value_of(number);
      add(TermKind::kNumber, sign(begin) + value.first, begin, end);
      if (!value.other.empty()) terms_.back().stem = sign(begin) + value.other;
      terms_.back().footnote = is_footnote(number, begin);
    }
    const std::string rest = key.substr(digits);
    if (rest.empty() || rest == "s" || rest == "st" || rest == "nd" || rest == "rd" || rest == "th") return;
    const auto value = value_named(rest);
    if (!value.empty()) return add(TermKind::kNumber, std::string(value), begin, end);
    add(TermKind::kWord, without_plural(rest), begin, end);
    terms_.back().stem = terms_.back().key;
  }

  bool read_date(const std::string& number, std::uint32_t begin, std::uint32_t end) {
    const std::size_t first = number.find('.');
    const std::size_t second = first == std::string::npos ? first : number.find('.', first + 1);
    if (second == std::string::npos || number.size() - second != 5) return false;
    const std::string day = number.substr(0, first);
    const auto name = month(number.substr(first + 1, second - first - 1));
    const std::string year = number.substr(second + 1);
    if (name.empty() || !all_digits(day) || day.size() > 2 || !all_digits(year)) return false;
    for (const std::string& part : {plain(day, ""), std::string(name), year}) add(TermKind::kNumber, part, begin, end);
    terms_[terms_.size() - 2].month = true;
    return true;
  }

  std::string sign(std::uint32_t begin) const {
    const std::string_view before = text_.substr(0, begin);
    const std::size_t size = before.ends_with("\u2212") ? 3 : before.ends_with('-') ? 1 : 0;
    if (size == 0) return "";
    const bool stands_free = before.size() == size || std::string_view(" \t\n(").find(
                                                          before[before.size() - size - 1]) != std::string_view::npos;
    return stands_free ? "-" : "";
  }

  // "two operators.1"
  bool is_footnote(std::string_view number, std::uint32_t begin) const {
    constexpr std::size_t kLetters = 4;
    if (number.size() > 2 || begin < kLetters + 1) return false;
    if (text_[begin - 1] != '.' && text_[begin - 1] != '!' && text_[begin - 1] != '?') return false;
    const std::string_view word = text_.substr(begin - 1 - kLetters, kLetters);
    return std::all_of(word.begin(), word.end(), is_ascii_letter);
  }

  void add(TermKind kind, std::string key, std::uint32_t begin, std::uint32_t end) {
    Term term{kind, std::move(key), "", begin, end};
    term.starts_sentence = starts_;
    terms_.push_back(std::move(term));
  }

  std::string_view between(std::size_t first, std::size_t second) const {
    const std::size_t from = terms_[first].end;
    return terms_[second].begin < from ? ""sv : text_.substr(from, terms_[second].begin - from);
  }

  // "5 March", "March 5" and 2024-03-05 have the same terms.
  void mark_dates() {
    const auto is_number = [&](std::size_t i) { return i < terms_.size() && all_digits(terms_[i].key); };
    for (std::size_t i = 0; i < terms_.size(); ++i) {
      if (terms_[i].kind == TermKind::kNumber && i > 0 && is_number(i - 1) && is_number(i) && is_number(i + 1) &&
          terms_[i - 1].key.size() == 4 && between(i - 1, i) == "-" && between(i, i + 1) == "-") {
        if (const auto name = month(terms_[i].key); !name.empty()) {
          terms_[i].key = std::string(name);
          terms_[i].month = true;
        }
      }
      if (terms_[i].kind == TermKind::kNumber || !(is_number(i + 1) || (i > 0 && is_number(i - 1)))) continue;
      if (!terms_[i].capital) continue;
      if (const auto name = month_named(terms_[i].key); !name.empty()) {
        terms_[i].kind = TermKind::kNumber;
        terms_[i].key = std::string(name);
        terms_[i].stem.clear();
        terms_[i].month = true;
      }
    }
  }

  void mark_units() {
    for (std::size_t i = 1; i < terms_.size(); ++i) {
      const bool behind_number = terms_[i - 1].kind == TermKind::kNumber && is_digit(terms_[i - 1].key.back());
      const std::string_view gap = between(i - 1, i);
      const bool joined = gap.empty() || gap == " " || gap == "\n" || gap == "\u00a0" || gap == "\u202f" ||
                          gap == "\u2009" || gap == "-";
      if (terms_[i].kind != TermKind::kWord || !joined) continue;
      const bool is_unit = is_unit_word(terms_[i].key);
      terms_[i].unit = behind_number && (is_unit || terms_[i].key.size() <= kUnitBytes);
      if (is_unit && terms_[i - 1].key == "one") {  // elsewhere it counts nothing: "one of the largest"
        terms_[i - 1].kind = TermKind::kNumber;
        terms_[i - 1].key = "1";
        terms_[i - 1].stem.clear();
        terms_[i].unit = true;
      }
    }
    for (Term& term : terms_) {
      const bool is_letter = term.kind == TermKind::kWord && term.key.size() == 1 && is_ascii_letter(term.key[0]);
      if (is_letter && !term.unit) term.kind = TermKind::kFunction;
    }
  }

  const std::string_view text_;
  std::vector<Term> terms_;
  std::size_t at_ = 0;  // the end of the last word
  bool starts_ = true;  // a sentence
};

}  // namespace

std::vector<Term> read_terms(std::string_view text) {
  return TermReader(text).read();
}

bool denies(std::string_view text, const std::vector<Term>& terms, std::size_t begin, std::size_t end) {
  for (std::size_t i = begin; i < end; ++i) {
    const Term& term = terms[i];
    if (term.kind == TermKind::kNumber) continue;
    if (term.key.ends_with("n't")) return true;
    if (!is_denial(term.key)) continue;
    const bool abbreviates = term.key == "no" && text.substr(term.end, 1) == "." && i + 1 < terms.size() &&
                             terms[i + 1].kind == TermKind::kNumber;
    if (!abbreviates) return true;
  }
  return false;
}

bool has_content(std::string_view text) {
  const auto terms = read_terms(text);
  return std::any_of(terms.begin(), terms.end(), [](const Term& term) { return term.kind != TermKind::kFunction; });
}

}  // namespace jackdaw::answer
