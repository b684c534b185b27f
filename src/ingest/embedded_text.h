#pragma once

#include <string>
#include <string_view>

#include "core/chunk.h"

namespace jackdaw::ingest {

// What stands before a chunk when it is embedded, in a line of its own, so that a passage of few words is found by what
// it is about.
enum class EmbeddedContext {
  kNone,
  kHeading,  // Chunk::heading
  kTitle,    // the document's title, then the headings that do not repeat it
};

// Pure.
std::string embedded_text(const Chunk& chunk, std::string_view title, EmbeddedContext context);

}  // namespace jackdaw::ingest
