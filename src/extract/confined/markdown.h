#pragma once

#include <string_view>

#include "extract/confined/parsed_text.h"

namespace jackdaw::extract {

// Whether a text is written in Markdown, by the marks in its first part: at least two kinds of headings, fences, links,
// rules of tables, quotes, items and emphasis. Taking one for the other loses no words.
bool looks_like_markdown(std::string_view utf8);

// CommonMark with tables: headings, lists, tables, code; HTML in it as append_html() reads it. A block of metadata on
// top ("---") gives the title.
ParsedText read_markdown(std::string_view utf8, const ReadLimits& limits);

}  // namespace jackdaw::extract
