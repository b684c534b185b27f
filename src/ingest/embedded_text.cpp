#include "ingest/embedded_text.h"

#include "core/text.h"

namespace jackdaw::ingest {

std::string embedded_text(const Chunk& chunk, std::string_view title, EmbeddedContext context) {
  if (context == EmbeddedContext::kNone) return chunk.text;
  title = text::trim(title);
  // The outermost heading of many documents is their title.
  const bool is_told = text::fold_case(chunk.heading).starts_with(text::fold_case(title));
  if (context == EmbeddedContext::kHeading || title.empty() || is_told) return indexed_text(chunk.heading, chunk.text);
  std::string line(title);
  if (!chunk.heading.empty()) line.append(kHeadingSeparator).append(chunk.heading);
  return indexed_text(line, chunk.text);
}

}  // namespace jackdaw::ingest
