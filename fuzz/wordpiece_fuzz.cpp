#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "inference/wordpiece.h"

namespace {

constexpr const char* kVocabulary =
    "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nun\n##able\n##a\n##b\nable\n,\n.\ncafe\n##e\n\xE4\xB8\xAD\n0\n##0\n1\n";

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

// Any bytes become tokens whose sources lie within the text, in order, and no more of them than asked for.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const jackdaw::inference::WordPiece words(kVocabulary, "the fuzz target");
  if (size == 0) return 0;
  const std::size_t limit = data[0];
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  const auto tokens = words.tokenize(text, limit);
  require(tokens.size() <= limit);
  std::size_t begin = 0;
  for (const auto& token : tokens) {
    require(token.id >= 0 && static_cast<std::size_t>(token.id) < words.size());
    require(token.source.begin <= token.source.end && token.source.end <= text.size());
    require(token.source.begin >= begin);
    begin = token.source.begin;
  }
  return 0;
}
