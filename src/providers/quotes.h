#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/prompt.h"
#include "core/ranking.h"

namespace jackdaw::providers {

// The smallest part of a passage that can be quoted: a sentence, or a line that stands for itself as in a table or a
// data sheet. Verbatim but for white space (runs of it, line ends included, are one space) and for footnote marks that
// are glued to a sentence's end.
struct Quotable {
  std::size_t passage = 0;  // its index
  std::size_t place = 0;    // its index among all of the passage's, the unquotable ones included
  std::string text;
  std::string before;  // the sentence before it, where it begins with a word like "It"; else empty
  float logit = 0;     // how well it answers, once scored
};

// The parts of a text in order, headings and fragments included. A line that is wrapped goes on in the next one; a row
// of a table, a list's item and a short line end where they end, and so does every line before a blank one, but for a
// figure in large type that has its caption below it. Pure.
std::vector<std::string> split_into_sentences(std::string_view text);

// What can be quoted from the passages: neither names, headings nor fragments, and nothing twice where passages
// overlap: the longer stays. At most `limit`, the best passages' first. Pure.
std::vector<Quotable> quotables(std::span<const RetrievedPassage> passages, std::size_t limit);

struct QuoteLimits {
  float keep_above = 0;  // logit
  float margin = 0;      // logits that a further quote may be below the best one
  std::size_t max_quotes = 3;
  std::size_t max_passages = 2;
};

// The best scored, at least one, in document order. `scored` is not empty. Pure.
std::vector<Quotable> choose(std::vector<Quotable> scored, std::span<const RetrievedPassage> passages,
                             const QuoteLimits& limits);

// One paragraph a quote: "The list price is €68,400 per unit." (magpie-7.pdf, page 2) [1]. Sentences that
// follow each other share one. Pure.
std::vector<std::string> format(std::span<const Quotable> chosen, const Prompt& prompt);

}  // namespace jackdaw::providers
