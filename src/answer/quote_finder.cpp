#include "answer/quote_finder.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "answer/quote_bonds.h"

namespace jackdaw::answer {
namespace {

// Of the claim's words that are neither numbers nor names. Measured by quote_clapnq_test.cpp.
constexpr double kEnoughWords = 0.6;
constexpr std::size_t kMaxUnits = 3;
// What a unit's words that the claim does not have cost, against one that it has: of two places that hold the same, the
// shorter is quoted.
constexpr double kForeignWord = 0.02;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// White space, dashes and the like may stand between the very words of a claim; what ends a sentence stands around
// them.
bool ends_sentence(char32_t c) {
  return std::u32string_view(U".!?:;\n\u2026\u3002\uff01\uff1f\u061f\u0964").find(c) != std::u32string_view::npos;
}

bool has_sentence_end(std::string_view gap) {
  const auto decoded = text::decode(gap);
  return std::any_of(decoded.begin(), decoded.end(), [](const auto& c) { return ends_sentence(c.value); });
}

}  // namespace

// Some units that follow each other, and which items of the claim they have.
struct QuoteFinder::Window {
  std::size_t first = 0;
  std::size_t count = 0;
  std::vector<std::size_t> found;  // how often, by item
  double score = 0;
};

bool QuoteFinder::is_worse(const Window& a, const Window& b) {
  return a.score < b.score;
}

QuoteFinder::QuoteFinder(std::string_view passage) : passage_(passage), terms_(read_terms(passage_)) {
  read_units();
  for (std::size_t unit = 0; unit < units_.size(); ++unit) {
    for (std::size_t i = units_[unit].first_term; i < units_[unit].end_term; ++i) {
      const Term& term = terms_[i];
      for (const Bond& bond : bonds_at(passage_, terms_, i)) {
        index(bond.key, unit);
        if (!bond.other.empty()) index(bond.other, unit);
      }
      if (term.footnote) continue;
      index(term.key, unit);
      if (term.stem.empty()) continue;
      index(term.kind == TermKind::kNumber ? term.stem : "~" + term.stem, unit);
      if (!term.capital && !term.acronym) small_[term.stem] = true;
    }
  }
}

void QuoteFinder::index(const std::string& key, std::size_t unit) {
  units_with_[key].push_back(static_cast<std::uint32_t>(unit));
}

void QuoteFinder::read_units() {
  std::size_t term = 0;
  for (const text::Range& at : quotable_units(passage_)) {
    Unit unit{at, term, term};
    while (unit.end_term < terms_.size() && terms_[unit.end_term].begin < at.end) ++unit.end_term;
    term = unit.end_term;
    unit.denies = denies(passage_, terms_, unit.first_term, unit.end_term);
    units_.push_back(unit);
  }
}

QuoteFinder::Item QuoteFinder::item(bool must, const std::string& key, const std::string& other) const {
  Item made;
  made.must = must;
  for (const std::string& one : {key, other}) {
    const auto found = units_with_.find(one);
    if (one.empty() || found == units_with_.end()) continue;
    std::vector<std::uint32_t> all;
    std::set_union(made.units.begin(), made.units.end(), found->second.begin(), found->second.end(),
                   std::back_inserter(all));
    made.units = std::move(all);
  }
  const auto units = static_cast<double>(units_.size());
  made.weight = std::log(1 + units / (1 + static_cast<double>(made.units.size())));
  return made;
}

std::vector<QuoteFinder::Item> QuoteFinder::items_of(std::string_view claim, const std::vector<Term>& terms) const {
  std::vector<Item> items;
  std::unordered_map<std::string, std::size_t> known;
  const auto add = [&](bool must, const std::string& key, const std::string& other, bool counted) {
    const auto [place, is_new] = known.try_emplace(key, items.size());
    if (is_new) {
      items.push_back(item(must, key, other));
    } else if (counted) {
      ++items[place->second].times;
    }
  };
  for (std::size_t i = 0; i < terms.size(); ++i) {
    std::size_t instead = 0;
    for (const Bond& bond : bonds_at(claim, terms, i)) {
      if (bond.loose) continue;
      instead = std::max(instead, bond.instead);
      add(true, bond.key, bond.other, false);
    }
    if (instead > 0) {
      i += instead - 1;
      continue;
    }
    const Term& term = terms[i];
    if (term.kind == TermKind::kFunction) continue;
    if (term.kind == TermKind::kNumber) {
      add(true, term.key, term.stem, is_digit(term.key.back()));
      continue;
    }
    const bool name = term.acronym || (term.capital && (!term.starts_sentence || !says_small(term)));
    const bool must = name || term.unit;
    add(must, term.key, must ? "" : "~" + term.stem, false);
  }
  return items;
}

bool QuoteFinder::says_small(const Term& word) const {
  return small_.contains(word.stem);
}

std::vector<QuoteFinder::Window> QuoteFinder::windows(const std::vector<Item>& items, std::size_t units) const {
  std::vector<Window> all;
  if (units > units_.size()) return all;
  all.resize(units_.size() - units + 1);
  for (std::size_t first = 0; first < all.size(); ++first) {
    all[first] = {first, units, std::vector<std::size_t>(items.size()), 0};
    const std::size_t terms = units_[first + units - 1].end_term - units_[first].first_term;
    all[first].score = -kForeignWord * static_cast<double>(terms);
  }
  for (std::size_t i = 0; i < items.size(); ++i) {
    for (const std::uint32_t unit : items[i].units) {
      const std::size_t from = unit + 1 < units ? 0 : unit + 1 - units;
      for (std::size_t first = from; first <= unit && first < all.size(); ++first) {
        if (++all[first].found[i] == items[i].times) all[first].score += items[i].weight + kForeignWord;
      }
    }
  }
  return all;
}

bool QuoteFinder::is_enough(const Window& window, const std::vector<Item>& items) const {
  std::size_t words = 0;
  std::size_t found = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const bool has = window.found[i] >= items[i].times;
    if (items[i].must && !has) return false;
    if (items[i].must) continue;
    ++words;
    if (has) ++found;
  }
  return static_cast<double>(found) >= kEnoughWords * static_cast<double>(words);
}

// A claim that denies nothing needs a quote that does not either; one that denies needs it in the very sentence that
// has most of it, for a "not" beside that denies something else.
bool QuoteFinder::denies_alike(bool denied, const Window& window, const std::vector<Window>& singles) const {
  const auto first = singles.begin() + static_cast<std::ptrdiff_t>(window.first);
  const auto end = first + static_cast<std::ptrdiff_t>(window.count);
  if (denied) return units_[std::max_element(first, end, is_worse)->first].denies;
  return std::none_of(first, end, [this](const Window& single) { return units_[single.first].denies; });
}

Quote QuoteFinder::quote_of(const Window& window) const {
  return {static_cast<std::uint32_t>(units_[window.first].at.begin),
          static_cast<std::uint32_t>(units_[window.first + window.count - 1].at.end), false};
}

// Whether the sentences of these terms deny as the claim does: a line may end in the middle of "possible in no case".
bool QuoteFinder::stands_in_alike(bool denied, std::size_t first_term, std::size_t last_term) const {
  return denied == std::ranges::any_of(units_, [&](const Unit& unit) {
           return unit.end_term > first_term && unit.first_term <= last_term && unit.denies;
         });
}

// The words of the claim one after the other, from where a sentence or a line begins to where one ends.
Quote QuoteFinder::find_verbatim(const std::vector<Term>& claim, bool denied) const {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < terms_.size(); ++i) {
    if (!terms_[i].footnote) places.push_back(i);
  }
  const auto same = [&](std::size_t place, const Term& term) { return terms_[place].key == term.key; };
  const auto gap = [&](std::size_t from, std::size_t to) { return std::string_view(passage_).substr(from, to - from); };
  for (auto at = places.begin(); at != places.end(); ++at) {
    at = std::search(at, places.end(), claim.begin(), claim.end(), same);
    if (at == places.end()) break;
    const std::size_t first = *at;
    const std::size_t last = *(at + static_cast<std::ptrdiff_t>(claim.size()) - 1);
    const bool begins = first == 0 || has_sentence_end(gap(terms_[first - 1].end, terms_[first].begin));
    const bool ends = last + 1 == terms_.size() || terms_[last + 1].footnote ||
                      has_sentence_end(gap(terms_[last].end, terms_[last + 1].begin));
    if (!begins || !ends || !stands_in_alike(denied, first, last)) continue;
    std::size_t end = terms_[last].end;
    while (end < passage_.size() && std::string_view(".!?)\"'").find(passage_[end]) != std::string_view::npos) ++end;
    return {terms_[first].begin, static_cast<std::uint32_t>(end), true};
  }
  return {};
}

Quote QuoteFinder::find(std::string_view claim) const {
  const auto terms = read_terms(claim);
  const auto items = items_of(claim, terms);
  if (items.empty()) return {};
  const bool denied = denies(claim, terms, 0, terms.size());
  if (const Quote verbatim = find_verbatim(terms, denied); verbatim.verified) return verbatim;
  const auto singles = windows(items, 1);
  for (std::size_t units = 1; units <= kMaxUnits; ++units) {
    auto all = units == 1 ? singles : windows(items, units);
    std::erase_if(
        all, [&](const Window& window) { return !is_enough(window, items) || !denies_alike(denied, window, singles); });
    if (all.empty()) continue;
    Quote quote = quote_of(*std::max_element(all.begin(), all.end(), is_worse));
    quote.verified = true;
    return quote;
  }
  if (singles.empty()) return {};
  const Window& best = *std::max_element(singles.begin(), singles.end(), is_worse);
  const bool any = std::any_of(best.found.begin(), best.found.end(), [](std::size_t times) { return times > 0; });
  return any ? quote_of(best) : Quote{};
}

Quote find_quote(std::string_view claim, std::string_view passage) {
  return QuoteFinder(passage).find(claim);
}

}  // namespace jackdaw::answer
