#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "answer/quote_words.h"
#include "core/text.h"

namespace jackdaw::answer {

// The place in a passage that carries a claim.
struct Quote {
  std::uint32_t begin = 0;  // bytes of the passage; equal to `end`: there is none
  std::uint32_t end = 0;
  bool verified = false;
  friend bool operator==(const Quote&, const Quote&) = default;
};

// Finds the place of a passage that carries a claim: the sentence (or the line, in a table or a list) that matches it
// best, or up to three that follow each other where one alone does not hold all of it, or the very words of the claim.
//
// It is verified when it says the claim:
// - every number, date, unit and proper name of the claim occurs in it. Numbers are compared by value (1,234 is 1234,
//   390.00 is 390, 15 is not in 150), and with what they measure, where that stands beside them; names by case-folded
//   words without plural and possessive, one with a number ("Magpie-7") as a whole;
// - at least three fifths of the claim's other words occur in it, by their stems;
// - either both deny something ("not", "no", "never") or neither does;
// - the claim has something to verify: function words alone are nothing.
// A capitalised word at a sentence's begin is a name unless the passage has it in small letters. Where nouns are
// capitalised, as in German, they count as names: there it is stricter. It compares words: it understands neither
// paraphrases nor who did what to whom.
//
// Immutable once made; find() costs about the length of the claim and the passage, and may be called from any thread.
class QuoteFinder {
 public:
  explicit QuoteFinder(std::string_view passage);
  Quote find(std::string_view claim) const;

 private:
  struct Unit {
    text::Range at;  // without the white space around it
    std::size_t first_term = 0;
    std::size_t end_term = 0;
    bool denies = false;
  };
  // Something that the claim says, and the units that have it.
  struct Item {
    bool must = false;
    double weight = 1;
    std::size_t times = 1;  // that a quote must have it: a number that the claim has twice stands there twice
    std::vector<std::uint32_t> units;  // ascending, once for each time
  };
  struct Window;

  void index(const std::string& key, std::size_t unit);
  void read_units();
  std::size_t unit_of(const Term& term) const;
  bool says_small(const Term& word) const;
  std::vector<Item> items_of(std::string_view claim, const std::vector<Term>& terms) const;
  Item item(bool must, const std::string& key, const std::string& other) const;
  std::vector<Window> windows(const std::vector<Item>& items, std::size_t units) const;
  bool is_enough(const Window& window, const std::vector<Item>& items) const;
  bool denies_alike(bool denied, const Window& window, const std::vector<Window>& singles) const;
  static bool is_worse(const Window& a, const Window& b);
  Quote quote_of(const Window& window) const;
  Quote find_verbatim(const std::vector<Term>& claim, bool denied) const;
  bool stands_in_alike(bool denied, std::size_t first_term, std::size_t last_term) const;

  std::string passage_;
  std::vector<Term> terms_;
  std::vector<Unit> units_;
  std::unordered_map<std::string, std::vector<std::uint32_t>> units_with_;  // by key, or '~' and stem; as Item::units
  std::unordered_map<std::string, bool> small_;                             // words and stems seen without a capital
};

// The same for a single claim.
Quote find_quote(std::string_view claim, std::string_view passage);

// The sentences and lines of a passage, without white space around them, in their order. A line that was wrapped goes
// on in the next; a table's row, a list's item and a heading end where their line ends. Pure.
std::vector<text::Range> quotable_units(std::string_view passage);

}  // namespace jackdaw::answer
