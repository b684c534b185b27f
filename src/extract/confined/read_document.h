#pragma once

#include <string_view>

#include "extract/confined/parsed_text.h"

namespace jackdaw::extract {

// Reads a file of any format but PDF, which it finds by the whole content. Throws Refusal with kUnsupported, and what
// the file is, for what is none of them. See plain_text.h for what all readers promise.
ParsedText read_document(std::string_view bytes, const ReadLimits& limits);

}  // namespace jackdaw::extract
