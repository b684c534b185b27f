#pragma once

#include <string_view>

namespace jackdaw::extract {

// Whether a page is so deeply nested, or has tags with so many attributes, that building its tree would take time in
// the square of its length. A rough look at the tags alone; linear.
bool is_markup_bomb(std::string_view html) noexcept;

}  // namespace jackdaw::extract
