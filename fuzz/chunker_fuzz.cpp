#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/text.h"
#include "ingest/chunker.h"

// Any page, cut any way: every chunk is a slice of the page, they move forward, and what lies between two is white
// space.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  jackdaw::ingest::ChunkerOptions options;
  options.max_characters = 50 + data[0];
  options.overlap_characters = data[1] % (options.max_characters / 2 + 1);
  options.strict = (data[2] & 3U) == 1;
  if ((data[2] & 3U) > 1) options.style = jackdaw::ingest::ChunkStyle::kSections;
  jackdaw::Page page;
  page.text = jackdaw::text::sanitize({reinterpret_cast<const char*>(data) + 3, size - 3});
  for (std::size_t begin = 0; begin < page.text.size(); begin += 1 + data[2] + begin % 7) {
    page.sections.push_back({static_cast<std::uint32_t>(begin), "heading"});
  }
  const auto is_white = [](std::string_view text) {
    for (const auto& c : jackdaw::text::decode(text)) {
      if (!jackdaw::text::is_white_space(c.value)) return false;
    }
    return true;
  };
  std::size_t covered = 0;
  for (const auto& chunk : jackdaw::ingest::Chunker(options).cut(page)) {
    const auto [begin, end] = std::pair<std::size_t, std::size_t>(chunk.span.begin, chunk.span.end);
    if (end <= covered || begin >= end || end > page.text.size()) std::abort();
    if (chunk.text != std::string_view(page.text).substr(begin, end - begin) || is_white(chunk.text)) std::abort();
    if (begin > covered && !is_white(std::string_view(page.text).substr(covered, begin - covered))) std::abort();
    covered = end;
  }
  if (!is_white(std::string_view(page.text).substr(covered))) std::abort();
  return 0;
}
