#pragma once

#include <string_view>

// The words that matching a claim needs to know; all in small letters. Pure; nothing that is found is an empty text.
namespace jackdaw::answer {

// "the", "however", "source": says nothing by itself. English, and the commonest of some other languages.
bool is_function_word(std::string_view word);
// "not", "never", "kein": says that something is not so.
bool is_denial(std::string_view word);
// What a quote must have as it must have a number, in the one form that all its forms are compared in: "7" for "seven",
// "%" for "percent", the euro's sign for "eur". "million" is itself.
std::string_view value_named(std::string_view word);
// "month", "kilometer": what a number counts. In the singular.
bool is_unit_word(std::string_view word);
// "march" for 3, for "march" and for "mar".
std::string_view month_of(int number);
std::string_view month_named(std::string_view word);

}  // namespace jackdaw::answer
