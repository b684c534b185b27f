#pragma once

#include <string>
#include <string_view>

namespace jackdaw::answer {

// Quoted text inside a prompt stands between two lines that hold `mark`, 26 random characters made for this prompt, so
// that nothing that was written before can know it. Where the text holds the mark, or something that looks like such a
// line, it is broken up. Pure.

// `text` without anything that could be taken for a fence line.
std::string without_fences(std::string_view text, std::string_view mark);

// "=== begin LABEL MARK ===", the text, "=== end LABEL MARK ===", each in lines of their own. `head` is our own line in
// front of the text; empty: none.
std::string fenced(std::string_view label, std::string_view text, std::string_view mark, std::string_view head = {});

}  // namespace jackdaw::answer
