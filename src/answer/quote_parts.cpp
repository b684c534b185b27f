#include "answer/quote_parts.h"

#include <algorithm>
#include <cstdint>

#include "core/text.h"

namespace jackdaw::answer {
namespace {

using Part = PromptPassage::Part;

// What the part has of the quote, without white space around it.
Quote within(const Quote& quote, std::string_view passage, const Part& part) {
  const std::size_t begin = std::max<std::size_t>(quote.begin, part.begin);
  const std::size_t end = std::min<std::size_t>(quote.end, part.end);
  if (begin >= end) return {};
  const std::string_view all = passage.substr(begin, end - begin);
  const std::string_view words = text::trim(all);
  if (words.empty()) return {};
  const std::size_t from = begin + static_cast<std::size_t>(words.data() - all.data()) - part.begin;
  return {static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(from + words.size()), quote.verified};
}

std::size_t size_of(const Quote& quote) {
  return quote.end - quote.begin;
}

// Their indexes, the best chunk's first.
std::vector<std::size_t> by_rank(std::span<const Part> parts) {
  std::vector<std::size_t> order(parts.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return parts[a].place < parts[b].place; });
  return order;
}

// As few parts as hold all of the quote together.
std::vector<QuotePart> cover(const Quote& quote, std::string_view passage, std::span<const Part> parts) {
  std::vector<QuotePart> pieces;
  for (std::size_t at = quote.begin; at < quote.end;) {
    std::size_t next = parts.size();
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (parts[i].begin > at || parts[i].end <= at) continue;
      if (next == parts.size() || parts[i].end > parts[next].end) next = i;
    }
    if (next == parts.size()) break;
    const Quote piece = within(quote, passage, parts[next]);
    if (size_of(piece) > 0) pieces.push_back({next, piece});
    at = parts[next].end;
  }
  return pieces;
}

}  // namespace

std::vector<QuotePart> split_quote(const Quote& quote, std::string_view claim, std::string_view passage,
                                   std::span<const Part> parts) {
  const std::vector<std::size_t> order = by_rank(parts);
  if (quote.begin >= quote.end) return {{order.front(), {}}};
  QuotePart most{order.front(), {}};
  for (const std::size_t i : order) {
    const Quote piece = within(quote, passage, parts[i]);
    if (size_of(piece) == size_of(quote)) return {{i, piece}};
    if (size_of(piece) > size_of(most.quote)) most = {i, piece};
  }
  if (!quote.verified) return {most};
  for (const std::size_t i : order) {
    const Quote alone = find_quote(claim, passage.substr(parts[i].begin, parts[i].end - parts[i].begin));
    if (alone.verified) return {{i, alone}};
  }
  std::vector<QuotePart> pieces = cover(quote, passage, parts);
  if (pieces.empty()) pieces.push_back(most);
  return pieces;
}

}  // namespace jackdaw::answer
