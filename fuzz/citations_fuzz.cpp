// An answer with marks over sources, all of them of any text, seen one by one or as one passage: how the answer is cut
// changes nothing, and what is told fits.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "answer/citations.h"
#include "answer/prompt_passages.h"
#include "core/text.h"

namespace {

using namespace jackdaw;
using namespace jackdaw::answer;

void require(bool holds) {
  if (!holds) std::abort();
}

struct Told {
  std::string text;
  std::vector<Citation> citations;
  int dropped = 0;
};

bool inside_character(std::string_view text, std::size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U;
}

// In pieces whose lengths `cuts` tells; a single one when there are no cuts.
Told read(std::string_view text, std::string_view cuts, const std::vector<RetrievedPassage>& sources) {
  CitationReader reader(sources, choose_passages(sources, {.top_k = sources.size(), .drop_duplicates = false}));
  Told told;
  const auto take = [&](CitationReader::Step step) {
    require(text::is_valid_utf8(step.text));
    told.text += step.text;
    told.citations.insert(told.citations.end(), step.citations.begin(), step.citations.end());
  };
  for (std::size_t at = 0, piece = 0; at < text.size(); ++piece) {
    const std::size_t length =
        cuts.empty() ? text.size() : 1 + static_cast<unsigned char>(cuts[piece % cuts.size()]) % 16;
    std::size_t end = std::min(text.size(), at + length);
    while (inside_character(text, end)) ++end;
    take(reader.read(text.substr(at, end - at)));
    at = end;
  }
  take(reader.finish());
  told.dropped = reader.dropped_marks();
  return told;
}

void check(const Told& told, const std::vector<RetrievedPassage>& sources) {
  const std::size_t characters = text::count_code_points(told.text);
  int number = 0;
  for (const Citation& citation : told.citations) {
    require(citation.number == ++number);
    require(citation.source >= 1 && static_cast<std::size_t>(citation.source) <= sources.size());
    require(citation.begin <= citation.end && citation.end <= characters);
    const std::string& passage = sources[static_cast<std::size_t>(citation.source) - 1].passage.text;
    require(citation.quote_begin <= citation.quote_end && citation.quote_end <= passage.size());
    require(passage.substr(citation.quote_begin, citation.quote_end - citation.quote_begin) == citation.quote);
    require(text::is_valid_utf8(citation.quote));
    require(!citation.verified || citation.quote_begin < citation.quote_end);
  }
}

void require_same(const Told& a, const Told& b) {
  require(a.text == b.text && a.dropped == b.dropped && a.citations.size() == b.citations.size());
  for (std::size_t i = 0; i < a.citations.size(); ++i) {
    require(a.citations[i].source == b.citations[i].source && a.citations[i].begin == b.citations[i].begin &&
            a.citations[i].end == b.citations[i].end && a.citations[i].quote == b.citations[i].quote &&
            a.citations[i].verified == b.citations[i].verified);
  }
}

// Three chunks of one page that overlap, the middle one first: the writer saw them as one passage.
std::vector<RetrievedPassage> chunks_of(const std::string& page, const std::string& filename) {
  const auto border = [&](std::size_t at) {
    while (inside_character(page, at)) ++at;
    return std::min(at, page.size());
  };
  const std::size_t third = page.size() / 3;
  const std::size_t borders[][2] = {
      {border(third), border(2 * third)}, {0, border(third + 5)}, {border(2 * third), page.size()}};
  std::vector<RetrievedPassage> chunks;
  for (const auto& [begin, end] : borders) {
    RetrievedPassage chunk;
    chunk.passage.filename = filename;
    chunk.passage.text = page.substr(begin, std::max(begin, end) - begin);
    chunk.passage.span.begin = static_cast<std::uint32_t>(begin);
    chunk.passage.span.end = static_cast<std::uint32_t>(std::max(begin, end));
    chunks.push_back(std::move(chunk));
  }
  return chunks;
}

void check_all_ways(std::string_view answer, std::string_view cuts, const std::vector<RetrievedPassage>& sources) {
  const Told whole = read(answer, "", sources);
  check(whole, sources);
  require_same(whole, read(answer, cuts, sources));
  require_same(whole, read(answer, std::string(1, '\0'), sources));
}

}  // namespace

// The input: how to cut it, a NUL, a file's name, a NUL, a passage, a NUL, the answer; what lacks is empty.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const auto take = [&] {
    const std::size_t end = std::min(rest.find('\0'), rest.size());
    const std::string_view part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return part;
  };
  const std::string cuts(take());
  std::vector<RetrievedPassage> sources(3);
  sources[0].passage.filename = text::sanitize(take());
  sources[0].passage.text = text::sanitize(take());
  const std::string answer = text::sanitize(rest.empty() ? cuts : rest);
  sources[1].passage.text = answer;
  for (int i = 0; i < 3; ++i) sources[static_cast<std::size_t>(i)].passage.span.page = i + 1;
  sources[2].passage.text = "The Magpie-7 costs 390 EUR.\nIt does not weigh 12 kg [1].";
  check_all_ways(answer, cuts, sources);
  check_all_ways(answer, cuts, chunks_of(sources[0].passage.text, sources[0].passage.filename));
  return 0;
}
