#include "store/citation_codec.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "store/box_codec.h"

namespace jackdaw::store {
namespace {

constexpr std::size_t kNumbers = std::size_t{std::numeric_limits<int>::max()} + 1;
constexpr std::size_t kOffsets = std::size_t{std::numeric_limits<std::uint32_t>::max()} + 1;

[[noreturn]] void not_storable(const Citation& citation, const std::string& what) {
  throw Error(ErrorCode::kInternal,
              "The answer cannot be stored: its citation " + std::to_string(citation.number) + " " + what + ".");
}

bool is_character_border(std::string_view text, std::size_t at) {
  return at == text.size() || (static_cast<unsigned char>(text[at]) & 0xc0) != 0x80;
}

std::string_view quote_in(std::string_view text, std::size_t begin, std::size_t end) {
  const bool inside = begin <= end && end <= text.size();
  if (!inside || !is_character_border(text, begin) || !is_character_border(text, end)) return {};
  return text.substr(begin, end - begin);
}

// What the source says of a citation that is read.
void take_from_source(Citation& citation, const Passage& source) {
  citation.quote = quote_in(source.text, citation.quote_begin, citation.quote_end);
  citation.page = source.span.page;
  citation.paged = source.paged;
}

void check(const Citation& citation, std::span<const RetrievedPassage> sources) {
  if (citation.number < 0) not_storable(citation, "has a number below 0");
  if (citation.source < 1 || static_cast<std::size_t>(citation.source) > sources.size()) {
    not_storable(citation, "names source " + std::to_string(citation.source) + " of " + std::to_string(sources.size()));
  }
  if (citation.end < citation.begin || citation.quote_end < citation.quote_begin) {
    not_storable(citation, "ends before it begins");
  }
  const Passage& source = sources[static_cast<std::size_t>(citation.source) - 1].passage;
  const bool same_page = citation.page == source.span.page && citation.paged == source.paged;
  if (!same_page || citation.quote != quote_in(source.text, citation.quote_begin, citation.quote_end)) {
    not_storable(citation, "says something else than its source");
  }
}

}  // namespace

void write_citation(ByteWriter& writer, const Citation& citation, std::span<const RetrievedPassage> sources) {
  check(citation, sources);
  writer.number(static_cast<std::uint64_t>(citation.number));
  writer.number(static_cast<std::uint64_t>(citation.source) - 1);
  writer.number(citation.begin);
  writer.number(citation.end - citation.begin);
  writer.number(citation.quote_begin);
  writer.number(citation.quote_end - citation.quote_begin);
  writer.number(citation.verified ? 1 : 0);
  const std::vector<std::byte> boxes = encode_boxes(citation.boxes);
  writer.text({reinterpret_cast<const char*>(boxes.data()), boxes.size()});
}

Citation read_citation(ByteReader& reader, std::span<const RetrievedPassage> sources) {
  Citation citation;
  citation.number = static_cast<int>(reader.number_below(kNumbers));
  const std::size_t source = reader.number_below(sources.size());
  citation.source = static_cast<int>(source) + 1;
  citation.begin = reader.number();
  citation.end = citation.begin + reader.number();
  if (citation.end < citation.begin) reader.refuse();
  citation.quote_begin = static_cast<std::uint32_t>(reader.number_below(kOffsets));
  const std::size_t quote_bytes = reader.number_below(kOffsets - citation.quote_begin);
  citation.quote_end = citation.quote_begin + static_cast<std::uint32_t>(quote_bytes);
  citation.verified = reader.number_below(2) == 1;
  const std::string boxes = reader.text();
  citation.boxes = decode_boxes(std::as_bytes(std::span(boxes)));
  take_from_source(citation, sources[source].passage);
  return citation;
}

bool same_citation(const Citation& one, const Citation& other) {
  return one.number == other.number && one.source == other.source && one.begin == other.begin && one.end == other.end &&
         one.quote_begin == other.quote_begin && one.quote_end == other.quote_end && one.quote == other.quote &&
         one.page == other.page && one.paged == other.paged && one.boxes == other.boxes &&
         one.verified == other.verified;
}

}  // namespace jackdaw::store
