#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace jackdaw::extract {

// A field of a mail's head: its name in lower case, its value on one line.
struct MailField {
  std::string name;
  std::string value;
};

// The head of a mail or of a part of one (RFC 5322); `body` is where the rest begins.
struct MailHead {
  std::vector<MailField> fields;
  std::size_t body = 0;

  // The first of that name; empty when there is none.
  std::string_view find(std::string_view lower_name) const;
};
MailHead read_mail_head(std::string_view bytes);

// A value such as "text/plain; charset=utf-8": the part before the first semicolon in lower case, and a parameter, also
// one that is spread or encoded (RFC 2231). Empty when there is none.
std::string mime_value(std::string_view field);
std::string mime_parameter(std::string_view field, std::string_view lower_name);

// UTF-8 of a field with encoded words: "=?utf-8?q?caf=C3=A9?=" (RFC 2047).
std::string decode_words(std::string_view field);

std::string decode_base64(std::string_view text);
// `underscores`: stand for spaces, as they do in encoded words.
std::string decode_quoted_printable(std::string_view text, bool underscores = false);

}  // namespace jackdaw::extract
