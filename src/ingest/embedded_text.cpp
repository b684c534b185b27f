#include "ingest/embedded_text.h"

#include "core/text.h"

namespace jackdaw::ingest {

std::string embedded_text(const Chunk& chunk, std::string_view title, EmbeddedContext context) {
  if (context == EmbeddedContext::kNone) return chunk.text;
  title = text::trim(title);
  // The outermost heading of many documents is their title.
  const std::string heading = text::fold_case(chunk.heading);
  const std::string folded = text::fold_case(title);
  const bool is_told = heading == folded || heading.starts_with(folded + kHeadingSeparator);
  if (context == EmbeddedContext::kHeading || title.empty() || is_told) return indexed_text(chunk.heading, chunk.text);
  std::string line(title);
  if (!chunk.heading.empty()) line.append(kHeadingSeparator).append(chunk.heading);
  return indexed_text(line, chunk.text);
}

}  // namespace jackdaw::ingest
