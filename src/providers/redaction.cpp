#include "providers/redaction.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace jackdaw::providers {
namespace {

constexpr std::string_view kReplacement = "[key]";
constexpr std::string_view kBearer = "Bearer ";
constexpr std::array<std::string_view, 4> kKeyStarts = {"sk-", "gsk_", "AIza", "xai-"};
// Beyond its start: "sk-learn" stays a word.
constexpr std::size_t kMinKeyRest = 8;
// Enough of a secret to be sure that it is the secret, little enough that a cut one is still found.
constexpr std::size_t kTellingPrefix = 8;

bool is_key_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
         std::string_view("-_.*+/=~").find(c) != std::string_view::npos;
}

std::size_t key_length(std::string_view text) {
  const auto* const end = std::find_if_not(text.begin(), text.end(), is_key_character);
  return static_cast<std::size_t>(end - text.begin());
}

// How many characters at the beginning of `text` are a key, 0 for none.
std::size_t secret_length(std::string_view text, const std::vector<std::string>& secrets) {
  std::size_t length = 0;
  for (const std::string& secret : secrets) {
    if (secret.empty()) continue;
    if (text.starts_with(secret)) length = std::max(length, std::max(secret.size(), key_length(text)));
    if (secret.size() < 2 * kTellingPrefix) continue;
    if (text.starts_with(std::string_view(secret).substr(0, kTellingPrefix))) {
      length = std::max({length, kTellingPrefix, key_length(text)});
    }
  }
  return length;
}

std::size_t key_like_length(std::string_view text) {
  const bool starts = std::any_of(kKeyStarts.begin(), kKeyStarts.end(),
                                  [text](std::string_view start) { return text.starts_with(start); });
  const std::size_t length = starts ? key_length(text) : 0;
  return length >= 4 + kMinKeyRest ? length : 0;
}

}  // namespace

std::string redact(std::string_view text, const std::vector<std::string>& secrets) {
  std::string out;
  out.reserve(text.size());
  bool in_word = false;
  while (!text.empty()) {
    if (!in_word && text.starts_with(kBearer) && key_length(text.substr(kBearer.size())) > 0) {
      out += kBearer;
      out += kReplacement;
      text.remove_prefix(kBearer.size() + key_length(text.substr(kBearer.size())));
      continue;
    }
    std::size_t key = secret_length(text, secrets);
    if (key == 0 && !in_word) key = key_like_length(text);
    if (key > 0) {
      out += kReplacement;
      text.remove_prefix(key);
      continue;
    }
    in_word = std::isalnum(static_cast<unsigned char>(text.front())) != 0;
    out += text.front();
    text.remove_prefix(1);
  }
  return out;
}

}  // namespace jackdaw::providers
