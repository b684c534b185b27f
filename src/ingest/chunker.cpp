#include "ingest/chunker.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/page_boxes.h"
#include "core/text.h"
#include "ingest/chunk_window.h"

namespace jackdaw::ingest {
namespace {

// The heading under which most of the range stands.
std::string heading_of(const Page& page, std::size_t begin, std::size_t end) {
  const Section* best = nullptr;
  std::size_t most = 0;
  const auto first =
      std::ranges::partition_point(page.sections, [&](const Section& each) { return each.begin <= begin; });
  const auto before = static_cast<std::size_t>(first - page.sections.begin());
  for (std::size_t i = before == 0 ? 0 : before - 1; i < page.sections.size() && page.sections[i].begin < end; ++i) {
    const std::size_t from = std::max<std::size_t>(page.sections[i].begin, begin);
    const std::size_t to = i + 1 < page.sections.size() ? std::min<std::size_t>(page.sections[i + 1].begin, end) : end;
    if (to <= from || to - from <= most) continue;
    most = to - from;
    best = &page.sections[i];
  }
  const bool is_most = best != nullptr && (page.sections.front().begin <= begin || most * 2 > end - begin);
  return is_most ? best->heading : std::string();
}

Chunk make_chunk(const Page& page, std::size_t begin, std::size_t end) {
  Chunk chunk;
  chunk.text = page.text.substr(begin, end - begin);
  chunk.span.page = page.number;
  chunk.span.begin = static_cast<std::uint32_t>(begin);
  chunk.span.end = static_cast<std::uint32_t>(end);
  chunk.span.boxes = line_boxes(page, begin, end);
  chunk.heading = heading_of(page, begin, end);
  return chunk;
}

// Sections shorter than this part of a chunk are no chunk of their own.
constexpr std::size_t kShortSection = 4;

// The parts of the page that chunks do not cross: its sections, a short one together with its neighbours as long as
// they make one chunk.
std::vector<text::Range> parts_of(const Page& page, std::size_t max_characters) {
  struct Part {
    text::Range range;
    std::size_t characters = 0;
  };
  std::vector<Part> parts;
  const std::string_view text = page.text;
  const auto add = [&](std::size_t begin, std::size_t end) {
    if (end <= begin) return;
    const std::size_t characters = text::count_code_points(text.substr(begin, end - begin));
    const bool is_short = characters * kShortSection < max_characters ||
                          (!parts.empty() && parts.back().characters * kShortSection < max_characters);
    if (!parts.empty() && is_short && parts.back().characters + characters <= max_characters) {
      parts.back().range.end = end;
      parts.back().characters += characters;
    } else {
      parts.push_back({{begin, end}, characters});
    }
  };
  std::size_t begin = 0;
  for (const Section& section : page.sections) {
    // Only behind a line end is a grapheme border certain (UAX #29, GB4).
    if (section.begin <= begin || section.begin >= text.size() || text[section.begin - 1] != '\n') continue;
    add(begin, section.begin);
    begin = section.begin;
  }
  add(begin, text.size());
  std::vector<text::Range> ranges;
  for (const Part& part : parts) ranges.push_back(part.range);
  return ranges;
}

// How long a chunk should be so that those of the rest are of like length.
std::size_t even_share(std::size_t characters, std::size_t max_characters) {
  const std::size_t chunks = std::max<std::size_t>(1, (characters + max_characters - 1) / max_characters);
  return (characters + chunks - 1) / chunks;
}

void check(bool good, const char* field, std::size_t value, const char* allowed) {
  if (good) return;
  throw Error(ErrorCode::kInvalidArgument, std::string(field) + " is " + std::to_string(value) + ". " + allowed)
      .with_field(field);
}

}  // namespace

Chunker::Chunker(ChunkerOptions options) : options_(options) {
  check(options.max_characters >= 50 && options.max_characters <= 8000, "chunk_characters", options.max_characters,
        "Use 50 to 8000.");
  check(options.overlap_characters <= options.max_characters / 2, "chunk_overlap", options.overlap_characters,
        "Use at most half of chunk_characters.");
  if (options.strict && options.style != ChunkStyle::kCharacters) {
    throw Error(ErrorCode::kInvalidArgument,
                "chunk_strict cuts by characters alone. Leave it out, or cut by characters.")
        .with_field("chunk_strict");
  }
}

std::vector<Chunk> Chunker::cut(const Page& page) const {
  std::vector<Chunk> chunks;
  if (options_.style == ChunkStyle::kCharacters) {
    cut_part(page, 0, page.text.size(), chunks);
  } else {
    for (const text::Range& part : parts_of(page, options_.max_characters)) {
      cut_part(page, part.begin, part.end, chunks);
    }
  }
  return chunks;
}

void Chunker::cut_part(const Page& page, std::size_t part_begin, std::size_t part_end,
                       std::vector<Chunk>& chunks) const {
  const std::string_view text = std::string_view(page.text).substr(0, part_end);
  std::size_t begin = content_after(text, white_run(text, part_begin));
  std::size_t covered = begin;
  std::size_t left = text::count_code_points(text.substr(begin));
  const auto go_to = [&](std::size_t next) {
    left -= text::count_code_points(text.substr(begin, next - begin));
    begin = next;
  };
  while (begin < text.size()) {
    const ChunkWindow window(text, begin, even_share(left, options_.max_characters), options_);
    const std::size_t end = begin + (window.reaches_end() ? window.hard_end() : window.end());
    if (end <= covered) {  // a long grapheme leaves no room for the overlap before it
      go_to(covered);
      continue;
    }
    covered = end;
    if (!is_white(text.substr(begin, end - begin))) chunks.push_back(make_chunk(page, begin, end));
    const WhiteRun gap = white_run(text, end);
    if (gap.end == text.size()) break;
    // A chunk is not spent on white space alone, however much of it there is.
    go_to(gap.end - end > options_.max_characters ? content_after(text, gap) : begin + window.next_begin(end - begin));
  }
}

}  // namespace jackdaw::ingest
