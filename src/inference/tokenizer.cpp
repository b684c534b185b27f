#include "inference/tokenizer.h"

#include <algorithm>

namespace jackdaw::inference {
namespace {

void append(Encoding& out, std::span<const Token> tokens, std::int32_t separator, std::uint8_t type) {
  out.tokens.insert(out.tokens.end(), tokens.begin(), tokens.end());
  out.tokens.push_back({.id = separator, .source = {}});
  out.types.resize(out.tokens.size(), type);
}

Encoding begin(const SpecialIds& ids, std::size_t tokens) {
  Encoding out;
  out.tokens.reserve(tokens);
  out.tokens.push_back({.id = ids.begin, .source = {}});
  return out;
}

struct Lengths {
  std::size_t first = 0;
  std::size_t second = 0;
};

Lengths cut(std::size_t first, std::size_t second, std::size_t room, Truncation truncation) {
  if (first + second <= room) return {first, second};
  if (truncation == Truncation::kOnlySecond) {
    const std::size_t kept = std::min(first, room);
    return {kept, room - kept};
  }
  // The reference implementation's rule: the shorter text stays whole if it takes less than half, else both get half,
  // and the odd token goes to the one that was longer.
  const std::size_t shorter = std::min(first, second);
  const std::size_t kept_shorter = shorter > room / 2 ? room / 2 : shorter;
  const std::size_t kept_longer = room - kept_shorter;
  return first > second ? Lengths{kept_longer, kept_shorter} : Lengths{kept_shorter, kept_longer};
}

}  // namespace

Encoding encode(const SpecialIds& ids, std::span<const Token> text, std::size_t max_tokens) {
  constexpr std::size_t kSpecials = 2;
  const std::size_t room = max_tokens < kSpecials ? 0 : max_tokens - kSpecials;
  Encoding out = begin(ids, max_tokens);
  append(out, text.first(std::min(text.size(), room)), ids.separator, 0);
  return out;
}

Encoding encode_pair(const SpecialIds& ids, std::span<const Token> first, std::span<const Token> second,
                     std::size_t max_tokens, Truncation truncation) {
  constexpr std::size_t kSpecials = 3;
  const std::size_t room = max_tokens < kSpecials ? 0 : max_tokens - kSpecials;
  const Lengths kept = cut(first.size(), second.size(), room, truncation);
  Encoding out = begin(ids, kept.first + kept.second + kSpecials);
  append(out, first.first(kept.first), ids.separator, 0);
  append(out, second.first(kept.second), ids.separator, 1);
  return out;
}

}  // namespace jackdaw::inference
