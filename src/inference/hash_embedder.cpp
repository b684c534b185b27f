#include "inference/hash_embedder.h"

#include <cmath>
#include <cstdint>

#include "core/text.h"

namespace jackdaw::inference {
namespace {

constexpr std::size_t kDimensions = 384;
constexpr std::size_t kTextsBetweenChecks = 64;

// FNV-1a, 64 bits, with the finaliser of splitmix64: the low bits alone are too regular for short words.
std::uint64_t hash_of(std::string_view word) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : word) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111eb;
  return hash ^ (hash >> 31);
}

Embedding embed_one(std::string_view raw) {
  Embedding embedding(kDimensions, 0.0F);
  const std::string folded = text::normalize_for_matching(text::sanitize(raw));
  for (const auto& word : text::words(folded)) {
    const std::uint64_t hash = hash_of(std::string_view(folded).substr(word.begin, word.end - word.begin));
    embedding[hash % kDimensions] += (hash >> 63) == 0 ? 1.0F : -1.0F;
  }
  double squares = 0;
  for (const float x : embedding) squares += static_cast<double>(x) * x;
  if (squares == 0) {  // no word, or words that cancel out
    embedding[0] = 1;
    return embedding;
  }
  const double length = std::sqrt(squares);
  for (float& x : embedding) x = static_cast<float>(x / length);
  return embedding;
}

}  // namespace

std::vector<Embedding> HashEmbedder::embed(std::span<const std::string_view> texts, const Cancellation& cancellation) {
  std::vector<Embedding> out;
  out.reserve(texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (i % kTextsBetweenChecks == 0) cancellation.throw_if_requested();
    out.push_back(embed_one(texts[i]));
  }
  return out;
}

std::size_t HashEmbedder::dimensions() const noexcept {
  return kDimensions;
}

const std::string& HashEmbedder::name() const noexcept {
  static const std::string kName = "hashed-words/384";
  return kName;
}

}  // namespace jackdaw::inference
