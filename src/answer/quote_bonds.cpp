#include "answer/quote_bonds.h"

#include <algorithm>
#include <optional>

#include "core/text.h"

namespace jackdaw::answer {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// A number with a value of its own: neither a month nor a sign nor "million".
bool is_value(const Term& term) {
  return term.kind == TermKind::kNumber && is_digit(term.key.back());
}

bool is_sign(const Term& term) {
  return term.unit || (term.kind == TermKind::kNumber && !is_value(term) && !term.month);
}

bool is_hyphen(std::string_view gap) {
  return gap == "-" || gap == "\u2010" || gap == "\u2011";
}

bool is_range(std::string_view gap) {
  return is_hyphen(gap) || gap == "\u2013" || gap == " - " || gap == " \u2013 " || gap == " to ";
}

bool is_white(std::string_view gap) {
  const auto decoded = text::decode(gap);
  return std::all_of(decoded.begin(), decoded.end(), [](const auto& c) { return text::is_white_space(c.value); });
}

class BondReader {
 public:
  BondReader(std::string_view text, const std::vector<Term>& terms, std::size_t at)
      : text_(text), terms_(terms), at_(at) {}

  std::vector<Bond> read() {
    const Term& term = terms_[at_];
    if (term.kind == TermKind::kModel) {
      add_model_of_one();
    } else if (term.kind == TermKind::kNumber) {
      add_date();
      add_measure();
    } else {
      add_name_with_number();
    }
    return std::move(bonds_);
  }

 private:
  bool has(std::size_t i) const { return i < terms_.size(); }

  std::string_view gap_before(std::size_t i) const {
    const std::size_t from = terms_[i - 1].end;
    return terms_[i].begin < from ? std::string_view() : text_.substr(from, terms_[i].begin - from);
  }

  void add(const Term& number, const std::string& with) {
    bonds_.push_back({number.key + " " + with, number.stem.empty() ? "" : number.stem + " " + with});
  }

  // "A320" is "A-320".
  void add_model_of_one() {
    const std::string& key = terms_[at_].key;
    const std::size_t digits = std::min(key.find_first_of("0123456789"), key.size());
    const bool plain =
        digits > 0 && std::all_of(key.begin() + static_cast<std::ptrdiff_t>(digits), key.end(), is_digit);
    bonds_.push_back({plain ? key.substr(0, digits) + "-" + key.substr(digits) : key, "", 1});
  }

  void add_name_with_number() {
    if (!has(at_ + 1) || !is_value(terms_[at_ + 1])) return;
    const Term& word = terms_[at_];
    const std::string_view gap = gap_before(at_ + 1);
    const bool hyphen = is_hyphen(gap);
    const bool name = word.kind == TermKind::kWord && word.capital && !gap.empty() && is_white(gap);
    if (!hyphen && !name) return;
    bonds_.push_back({word.key + "-" + terms_[at_ + 1].key, "", 2, !hyphen && word.starts_sentence});
  }

  // Day and month, month and year.
  void add_date() {
    constexpr std::size_t kGapBytes = 4;
    const auto bond = [&](std::size_t number, std::size_t month) {
      if (is_value(terms_[number]) && terms_[month].month) add(terms_[number], terms_[month].key);
    };
    if (!has(at_ + 1) || gap_before(at_ + 1).size() > kGapBytes) return;
    bond(at_, at_ + 1);
    bond(at_ + 1, at_);
    if (has(at_ + 2) && gap_before(at_ + 2).size() <= kGapBytes && is_value(terms_[at_ + 1])) bond(at_ + 2, at_);
  }

  // "12 kg", "$ 390", and both ends of "10-12 kg".
  void add_measure() {
    if (!has(at_ + 1)) return;
    const Term& term = terms_[at_];
    const Term& next = terms_[at_ + 1];
    const std::string_view gap = gap_before(at_ + 1);
    if (is_value(term) && is_sign(next) && (is_white(gap) || is_hyphen(gap))) add(term, next.key);
    if (is_sign(term) && is_value(next) && is_white(gap)) add(next, term.key);
    if (!is_value(term) || !is_value(next) || !is_range(gap) || !has(at_ + 2)) return;
    if (is_sign(terms_[at_ + 2]) && is_white(gap_before(at_ + 2))) add(term, terms_[at_ + 2].key);
  }

  const std::string_view text_;
  const std::vector<Term>& terms_;
  const std::size_t at_;
  std::vector<Bond> bonds_;
};

}  // namespace

std::vector<Bond> bonds_at(std::string_view text, const std::vector<Term>& terms, std::size_t at) {
  return BondReader(text, terms, at).read();
}

}  // namespace jackdaw::answer
