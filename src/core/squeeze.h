#pragma once

#include <string>
#include <string_view>

namespace jackdaw::text {

// `utf8` with each run of white space, line ends included, as one space, and none at its ends: how texts are compared
// that were wrapped into lines differently. What is not valid UTF-8 becomes U+FFFD. Pure.
std::string squeeze(std::string_view utf8);

}  // namespace jackdaw::text
