#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace jackdaw::bench {

// The text of a token says which it is and when it was sent: "t000042:0000123456789012345 ".
inline constexpr std::size_t kIndexDigits = 6;
inline constexpr std::size_t kTimeDigits = 19;
inline constexpr std::size_t kTokenLength = 1 + kIndexDigits + 1 + kTimeDigits + 1;

inline void write_digits(char* place, std::size_t count, std::uint64_t value) noexcept {
  for (std::size_t i = count; i-- > 0; value /= 10) place[i] = static_cast<char>('0' + value % 10);
}

// Fills kTokenLength characters.
inline void write_token(char* place, std::uint32_t index, std::int64_t sent_ns) noexcept {
  place[0] = 't';
  write_digits(place + 1, kIndexDigits, index);
  place[1 + kIndexDigits] = ':';
  write_digits(place + 2 + kIndexDigits, kTimeDigits, static_cast<std::uint64_t>(sent_ns));
  place[kTokenLength - 1] = ' ';
}

// False when there are other characters than digits.
inline bool read_digits(std::string_view digits, std::uint64_t& value) noexcept {
  value = 0;
  for (const char digit : digits) {
    if (digit < '0' || digit > '9') return false;
    value = value * 10 + static_cast<std::uint64_t>(digit - '0');
  }
  return true;
}

// Calls on_token(index, sent_ns) for each token in `text`, whatever stands around them. A relay that puts several
// tokens into one event is read correctly; one that cuts a token in two loses it.
template <typename OnToken>
void read_tokens(std::string_view text, OnToken&& on_token) {
  for (std::size_t at = text.find('t'); at != text.npos && at + kTokenLength <= text.size(); at = text.find('t', at)) {
    std::uint64_t index = 0;
    std::uint64_t sent = 0;
    if (text[at + 1 + kIndexDigits] == ':' && read_digits(text.substr(at + 1, kIndexDigits), index) &&
        read_digits(text.substr(at + 2 + kIndexDigits, kTimeDigits), sent)) {
      on_token(static_cast<std::uint32_t>(index), static_cast<std::int64_t>(sent));
      at += kTokenLength;
    } else {
      ++at;
    }
  }
}

}  // namespace jackdaw::bench
