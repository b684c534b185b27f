#include "extract/confined/clean_text.h"

#include <algorithm>
#include <cstdint>

namespace jackdaw::extract {
namespace {

constexpr char32_t kReplacement = 0xFFFD;
constexpr std::string_view kWhite = " \t\r\n\f\v";

// The code point at `i`, which moves behind it; kReplacement for one byte that begins none.
char32_t next(std::string_view bytes, std::size_t& i) noexcept {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(bytes[at]); };
  const unsigned char lead = byte(i);
  std::size_t length = 0;
  char32_t c = 0;
  char32_t least = 0;
  if (lead < 0x80) {
    ++i;
    return lead;
  }
  if (lead >= 0xC2 && lead < 0xE0) {
    length = 2, c = lead & 0x1FU, least = 0x80;
  } else if (lead >= 0xE0 && lead < 0xF0) {
    length = 3, c = lead & 0x0FU, least = 0x800;
  } else if (lead >= 0xF0 && lead < 0xF5) {
    length = 4, c = lead & 0x07U, least = 0x10000;
  }
  if (length == 0 || i + length > bytes.size()) {
    ++i;
    return kReplacement;
  }
  for (std::size_t k = 1; k < length; ++k) {
    if ((byte(i + k) & 0xC0) != 0x80) {
      ++i;
      return kReplacement;
    }
    c = (c << 6) | (byte(i + k) & 0x3FU);
  }
  if (c < least || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) {
    ++i;
    return kReplacement;
  }
  i += length;
  return c;
}

bool is_line_end(char32_t c) noexcept {
  return c == '\n' || c == '\r' || c == '\v' || c == '\f' || c == 0x85 || c == 0x2028 || c == 0x2029;
}

// Says nothing: controls, the soft hyphen, marks of order and of the encoding, characters that are none.
bool is_mute(char32_t c) noexcept {
  return (c < 0x20 && c != '\t') || (c >= 0x7F && c < 0xA0) || c == 0xAD || c == 0x200B || c == 0x200E || c == 0x200F ||
         (c >= 0x202A && c <= 0x202E) || c == 0x2060 || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF ||
         (c & 0xFFFE) == 0xFFFE || (c >= 0xFDD0 && c <= 0xFDEF);
}

bool is_white(char32_t c) noexcept {
  return c == ' ' || c == '\t' || is_line_end(c) || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) ||
         c == 0x202F || c == 0x205F || c == 0x3000;
}

}  // namespace

std::string clean_text(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  for (std::size_t i = 0; i < bytes.size();) {
    const std::size_t begin = i;
    const char32_t c = next(bytes, i);
    if (is_line_end(c)) {
      if (c == '\r' && i < bytes.size() && bytes[i] == '\n') ++i;
      out.push_back('\n');
    } else if (c == kReplacement) {
      out.append("\xEF\xBF\xBD");
    } else if (!is_mute(c)) {
      out.append(bytes.substr(begin, i - begin));
    }
  }
  return out;
}

std::string one_line(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  bool gap = false;
  for (std::size_t i = 0; i < bytes.size();) {
    const std::size_t begin = i;
    const char32_t c = next(bytes, i);
    if (is_white(c)) {
      gap = true;
      continue;
    }
    if (is_mute(c)) continue;
    if (gap && !out.empty()) out.push_back(' ');
    gap = false;
    out.append(c == kReplacement ? std::string_view("\xEF\xBF\xBD") : bytes.substr(begin, i - begin));
  }
  return out;
}

std::string_view cut_utf8(std::string_view utf8, std::size_t max_bytes) noexcept {
  if (utf8.size() <= max_bytes) return utf8;
  while (max_bytes > 0 && (static_cast<unsigned char>(utf8[max_bytes]) & 0xC0) == 0x80) --max_bytes;
  return utf8.substr(0, max_bytes);
}

bool is_blank(std::string_view utf8) noexcept {
  for (std::size_t i = 0; i < utf8.size();) {
    const char32_t c = next(utf8, i);
    if (!is_white(c) && !is_mute(c)) return false;
  }
  return true;
}

std::string lower_ascii(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

bool equals_ignoring_case(std::string_view a, std::string_view lower) noexcept {
  return std::ranges::equal(a, lower, [](char x, char y) { return (x >= 'A' && x <= 'Z' ? x - 'A' + 'a' : x) == y; });
}

std::string_view trim_ascii(std::string_view text) noexcept {
  const std::size_t begin = text.find_first_not_of(kWhite);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kWhite) - begin + 1);
}

bool looks_numeric(std::string_view utf8) noexcept {
  bool digit = false;
  std::size_t letters = 0;
  for (const char c : utf8) {
    if (c >= '0' && c <= '9') {
      digit = true;
    } else if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')) {
      ++letters;
    }
  }
  return digit && letters <= 3;
}

}  // namespace jackdaw::extract
