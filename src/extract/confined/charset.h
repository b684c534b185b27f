#pragma once

#include <string>
#include <string_view>

namespace jackdaw::extract {

// Makes the conversion tables need no file afterwards. Once a process, before the sandbox closes.
void prepare_charsets();

// The UTF-8 of a text in any encoding. A mark at its start decides, then `declared` (a name such as "windows-1252", as
// a mail or an HTML page gives it; empty or unknown: none), then the bytes themselves: valid UTF-8 is UTF-8, zeros in
// every other place are UTF-16, and other bytes are guessed by their frequencies. Where even that is in doubt it is
// windows-1252, which gives every byte a letter. What cannot be converted becomes U+FFFD. Pure.
std::string to_utf8(std::string_view bytes, std::string_view declared = {});

// The name of the encoding that to_utf8() takes the bytes for, as ICU knows it.
std::string charset_of(std::string_view bytes, std::string_view declared = {});

}  // namespace jackdaw::extract
