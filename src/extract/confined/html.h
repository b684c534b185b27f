#pragma once

#include <string>
#include <string_view>

#include "extract/confined/parsed_text.h"

namespace jackdaw::extract {

class TextBuilder;

// An HTML page in any encoding: headings, paragraphs, lists, tables, the words of images. What is no text of the page
// stays out: scripts, styles, menus, forms' buttons, what is hidden.
ParsedText read_html(std::string_view bytes, const ReadLimits& limits);

// Appends a page, or a part of one, to a text; `utf8` as to_utf8() gives it. Returns the page's title.
std::string append_html(std::string_view utf8, TextBuilder& text);

// The encoding that a page declares in its first bytes; empty when it declares none.
std::string html_charset(std::string_view bytes);

}  // namespace jackdaw::extract
