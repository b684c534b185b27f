#include "extract/confined/mime_words.h"

#include <algorithm>
#include <cstdint>

#include "extract/confined/charset.h"
#include "extract/confined/clean_text.h"

namespace jackdaw::extract {
namespace {

constexpr std::size_t kMaxFields = 1'000;
constexpr std::size_t kMaxValueBytes = 64 << 10;

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

int base64_digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  if (c == '/' || c == '_') return 63;
  return -1;
}

std::string decode_hex(std::string_view text, char mark) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == mark && i + 2 < text.size() && hex(text[i + 1]) >= 0 && hex(text[i + 2]) >= 0) {
      out.push_back(static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2])));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

struct Parameter {
  std::string name;
  std::string value;
};

std::string take_parameter_value(std::string_view& rest) {
  std::string value;
  if (!rest.starts_with('"')) {
    const std::size_t end = std::min(rest.find_first_of("; \t"), rest.size());
    value = rest.substr(0, end);
    rest.remove_prefix(end);
    return value;
  }
  rest.remove_prefix(1);
  while (!rest.empty() && rest[0] != '"') {
    if (rest[0] == '\\' && rest.size() > 1) rest.remove_prefix(1);
    value.push_back(rest[0]);
    rest.remove_prefix(1);
  }
  if (!rest.empty()) rest.remove_prefix(1);
  return value;
}

std::vector<Parameter> parameters_of(std::string_view field) {
  std::vector<Parameter> parameters;
  std::string_view rest = field;
  while (parameters.size() < kMaxFields) {
    const std::size_t semicolon = rest.find(';');
    if (semicolon == std::string_view::npos) break;
    rest.remove_prefix(semicolon + 1);
    const std::size_t equals = rest.find_first_of("=;");
    if (equals == std::string_view::npos || rest[equals] == ';') continue;
    std::string name = lower_ascii(trim_ascii(rest.substr(0, equals)));
    rest.remove_prefix(equals + 1);
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
    parameters.push_back({std::move(name), take_parameter_value(rest)});
  }
  return parameters;
}

// One encoded word at the front: "=?charset?b?...?=".
struct EncodedWord {
  std::string_view charset;
  char encoding = 0;
  std::string_view text;
  std::size_t size = 0;  // 0: there is none
};

EncodedWord read_word(std::string_view text) {
  // RFC 2047 ends them at 75; programs do not.
  text = text.substr(0, 4096);
  const std::size_t charset_end = text.find('?', 2);
  if (!text.starts_with("=?") || charset_end == std::string_view::npos || charset_end + 2 >= text.size() ||
      text[charset_end + 2] != '?') {
    return {};
  }
  const std::size_t begin = charset_end + 3;
  const std::size_t end = text.find("?=", begin);
  const char encoding = static_cast<char>(text[charset_end + 1] | 0x20);
  if (end == std::string_view::npos || (encoding != 'b' && encoding != 'q')) return {};
  std::string_view charset = text.substr(2, charset_end - 2);
  charset = charset.substr(0, charset.find('*'));
  return {charset, encoding, text.substr(begin, end - begin), end + 2};
}

}  // namespace

std::string_view MailHead::find(std::string_view lower_name) const {
  const auto field = std::ranges::find(fields, lower_name, &MailField::name);
  return field == fields.end() ? std::string_view() : std::string_view(field->value);
}

MailHead read_mail_head(std::string_view bytes) {
  MailHead head;
  std::size_t begin = 0;
  while (begin < bytes.size()) {
    const std::size_t end = std::min(bytes.find('\n', begin), bytes.size());
    std::string_view line = bytes.substr(begin, end - begin);
    const std::size_t next = std::min(end + 1, bytes.size());
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) {
      head.body = next;
      return head;
    }
    const std::size_t colon = line.find(':');
    const bool folded = line[0] == ' ' || line[0] == '\t';
    if (folded && !head.fields.empty()) {
      std::string& value = head.fields.back().value;
      if (value.size() < kMaxValueBytes) value.append(" ").append(trim_ascii(line));
    } else if (colon != std::string_view::npos && colon > 0 &&
               std::ranges::all_of(line.substr(0, colon), [](char c) { return c > 32 && c < 127; })) {
      if (head.fields.size() < kMaxFields) {
        head.fields.push_back({lower_ascii(line.substr(0, colon)),
                               std::string(trim_ascii(line.substr(colon + 1)).substr(0, kMaxValueBytes))});
      }
    } else {
      // The body began without a blank line.
      break;
    }
    begin = next;
  }
  head.body = begin;
  return head;
}

std::string mime_value(std::string_view field) {
  return lower_ascii(trim_ascii(field.substr(0, field.find(';'))));
}

std::string mime_parameter(std::string_view field, std::string_view lower_name) {
  std::string plain;
  std::string spread;
  bool encoded = false;
  for (const Parameter& parameter : parameters_of(field)) {
    if (parameter.name == lower_name) {
      plain = parameter.value;
    } else if (parameter.name.starts_with(std::string(lower_name) + '*')) {
      encoded = encoded || parameter.name.ends_with('*');
      spread += parameter.value;
    }
  }
  if (spread.empty()) return decode_words(plain);
  if (!encoded) return to_utf8(spread);
  // charset'language'text
  const std::size_t first = spread.find('\'');
  const std::size_t second = first == std::string::npos ? first : spread.find('\'', first + 1);
  if (second == std::string::npos) return to_utf8(decode_hex(spread, '%'));
  return to_utf8(decode_hex(std::string_view(spread).substr(second + 1), '%'), spread.substr(0, first));
}

std::string decode_words(std::string_view field) {
  std::string out;
  // Words of one encoding may break a character between them.
  std::string pending;
  std::string_view charset;
  const auto flush = [&] {
    if (!pending.empty()) out += to_utf8(pending, charset);
    pending.clear();
  };
  for (std::size_t i = 0; i < field.size();) {
    const EncodedWord word = field[i] == '=' ? read_word(field.substr(i)) : EncodedWord{};
    if (word.size == 0) {
      flush();
      const std::size_t next = std::min(field.find('=', i + 1), field.size());
      out += to_utf8(field.substr(i, next - i));
      i = next;
      continue;
    }
    if (word.charset != charset) flush();
    charset = word.charset;
    pending += word.encoding == 'b' ? decode_base64(word.text) : decode_quoted_printable(word.text, true);
    i += word.size;
    // White space between two encoded words is none.
    const std::size_t next = std::min(field.find_first_not_of(" \t", i), field.size());
    if (next < field.size() && field[next] == '=' && read_word(field.substr(next)).size > 0) i = next;
  }
  flush();
  return out;
}

std::string decode_base64(std::string_view text) {
  std::string out;
  out.reserve(text.size() / 4 * 3);
  std::uint32_t bits = 0;
  int filled = 0;
  for (const char c : text) {
    if (c == '=') {
      // Parts of base64 that were put one behind the other begin anew.
      bits = 0;
      filled = 0;
      continue;
    }
    const int digit = base64_digit(c);
    if (digit < 0) continue;
    bits = (bits << 6 | static_cast<std::uint32_t>(digit)) & 0xFFFFFF;
    filled += 6;
    if (filled >= 8) {
      filled -= 8;
      out.push_back(static_cast<char>(bits >> filled & 0xFF));
    }
  }
  return out;
}

std::string decode_quoted_printable(std::string_view text, bool underscores) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (underscores && c == '_') {
      out.push_back(' ');
    } else if (c != '=') {
      out.push_back(c);
    } else if (i + 2 < text.size() && hex(text[i + 1]) >= 0 && hex(text[i + 2]) >= 0) {
      out.push_back(static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2])));
      i += 2;
    } else if (i + 1 < text.size() && text[i + 1] == '\n') {
      i += 1;
    } else if (i + 2 < text.size() && text[i + 1] == '\r' && text[i + 2] == '\n') {
      i += 2;
    } else {
      out.push_back(c);
    }
  }
  return out;
}

}  // namespace jackdaw::extract
