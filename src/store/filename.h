#pragma once

#include <string>
#include <string_view>

namespace jackdaw::store {

// A name that is safe to store, show and offer for saving, made from one that a stranger chose: the part behind the
// last slash or backslash, valid UTF-8, no control characters or direction overrides (line ends and tabs become
// spaces), at most 255 bytes cut at a grapheme border before the extension. "document" when nothing is left.
std::string clean_filename(std::string_view raw);

}  // namespace jackdaw::store
