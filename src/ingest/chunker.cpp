#include "ingest/chunker.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/page_boxes.h"
#include "core/text.h"

namespace jackdaw::ingest {
namespace {

// What the rules of sentence and grapheme borders may want to see behind the last possible end of a chunk.
constexpr std::size_t kLookAheadBytes = 256;

bool is_continuation(char c) noexcept {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

std::size_t next_code_point(std::string_view text, std::size_t at) noexcept {
  do ++at;
  while (at < text.size() && is_continuation(text[at]));
  return at;
}

bool is_white_at(std::string_view text, std::size_t at, std::size_t next) {
  const auto c = static_cast<unsigned char>(text[at]);
  if (c < 0x80) return c == ' ' || (c >= '\t' && c <= '\r');
  const auto decoded = text::decode(text.substr(at, next - at));
  return text::is_white_space(decoded.front().value);
}

// The first code point at or after `at` that is not white space, and the last white space before it.
struct WhiteRun {
  std::size_t end = 0;
  std::size_t last = 0;
};
WhiteRun white_run(std::string_view text, std::size_t at) {
  WhiteRun run{at, at};
  while (run.end < text.size()) {
    const std::size_t next = next_code_point(text, run.end);
    if (!is_white_at(text, run.end, next)) break;
    run.last = run.end;
    run.end = next;
  }
  return run;
}

// The grapheme border nearest to the run's end: its end, unless what follows is a mark that combines with white space.
std::size_t content_after(std::string_view text, const WhiteRun& run) {
  if (run.end == run.last) return run.end;
  std::size_t from = run.last;
  if (text[from] == '\n' && from > 0 && text[from - 1] == '\r') --from;
  std::size_t to = std::min(text.size(), run.end + 16);
  while (to < text.size() && is_continuation(text[to])) ++to;
  const auto borders = text::grapheme_borders(text.substr(from, to - from));
  return std::binary_search(borders.begin(), borders.end(), run.end - from) ? run.end : from;
}

bool is_white(std::string_view text) {
  return white_run(text, 0).end == text.size();
}

// The part of a page that decides about one chunk. Offsets are relative to the chunk's begin.
class Window {
 public:
  Window(std::string_view page, std::size_t begin, const ChunkerOptions& options) : options_(options) {
    const std::string_view rest = page.substr(begin);
    std::size_t limit = 0;
    const std::size_t soft = options.max_characters - options.max_characters / 5;
    for (std::size_t count = 0; count < options.max_characters && limit < rest.size(); ++count) {
      if (count == soft) soft_end_ = limit;
      limit = next_code_point(rest, limit);
    }
    if (soft_end_ == 0) soft_end_ = limit;
    find_hard_end(rest, limit);
  }

  bool reaches_end() const noexcept { return reaches_end_; }
  std::size_t hard_end() const noexcept { return hard_end_; }

  // Where the chunk ends.
  std::size_t end() const {
    if (options_.strict || hard_end_ < soft_end_) return hard_end_;
    if (const auto found = paragraph_end()) return *found;
    if (const auto found = sentence_end()) return *found;
    if (const auto found = word_end()) return *found;
    return hard_end_;
  }

  // Where the chunk after one that ends at `end` begins; `end` itself when there is no room for an overlap.
  std::size_t next_begin(std::size_t end) const {
    std::size_t earliest = end;
    std::size_t latest = end;  // a word that begins in between is a good begin
    for (std::size_t count = 0; count < options_.overlap_characters && earliest > 0; ++count) {
      do --earliest;
      while (earliest > 0 && is_continuation(text_[earliest]));
      if (count + 1 == options_.overlap_characters / 2) latest = earliest;
    }
    const auto border = std::lower_bound(borders_.begin(), borders_.end(), earliest);
    if (border == borders_.end() || *border == 0 || *border >= end) return end;
    if (options_.strict) return *border;
    for (auto at = border; at != borders_.end() && *at <= latest; ++at) {
      if (is_word_begin(*at)) return *at;
    }
    return *border;
  }

 private:
  // The last grapheme border within `limit`; a grapheme that is longer than all of it is taken whole.
  void find_hard_end(std::string_view rest, std::size_t limit) {
    for (std::size_t look_ahead = kLookAheadBytes;; look_ahead *= 2) {
      std::size_t size = std::min(rest.size(), limit + look_ahead);
      while (size < rest.size() && is_continuation(rest[size])) ++size;
      text_ = rest.substr(0, size);
      borders_ = text::grapheme_borders(text_);
      reaches_end_ = size == rest.size() && limit >= rest.size();
      const bool complete = size == rest.size();
      if (!complete) borders_.pop_back();  // the window's own end need not be a border
      const auto after = std::upper_bound(borders_.begin(), borders_.end(), limit);
      hard_end_ = *std::prev(after);
      if (hard_end_ > 0) return;
      if (after == borders_.end() && !complete) continue;
      hard_end_ = after == borders_.end() ? size : *after;
      reaches_end_ = hard_end_ == rest.size();
      return;
    }
  }

  bool is_border(std::size_t at) const { return std::binary_search(borders_.begin(), borders_.end(), at); }

  bool is_white_before(std::size_t at) const {
    std::size_t from = at - 1;
    while (from > 0 && is_continuation(text_[from])) --from;
    return is_white_at(text_, from, at);
  }

  bool is_word_begin(std::size_t at) const {
    return at > 0 && at < text_.size() && is_white_before(at) && !is_white_at(text_, at, next_code_point(text_, at));
  }

  // Behind the last blank line of the last fifth.
  std::optional<std::size_t> paragraph_end() const {
    for (std::size_t end = hard_end_; end >= soft_end_ && end > 0; --end) {
      if (text_[end - 1] != '\n') continue;
      std::size_t line = end - 1;
      while (line > 0 && (text_[line - 1] == ' ' || text_[line - 1] == '\t' || text_[line - 1] == '\r')) --line;
      if (line > 0 && text_[line - 1] == '\n' && is_border(end)) return end;
    }
    return std::nullopt;
  }

  std::optional<std::size_t> sentence_end() const {
    const auto sentences = text::sentences(text_);
    for (auto sentence = sentences.rbegin(); sentence != sentences.rend(); ++sentence) {
      if (sentence->end < soft_end_) return std::nullopt;
      // The window's own end ends a sentence only for the one who looks at the window.
      if (sentence->end <= hard_end_ && sentence->end < text_.size() && is_border(sentence->end)) return sentence->end;
    }
    return std::nullopt;
  }

  std::optional<std::size_t> word_end() const {
    for (auto at = std::upper_bound(borders_.begin(), borders_.end(), hard_end_); at != borders_.begin();) {
      --at;
      if (*at < soft_end_ || *at == 0) return std::nullopt;
      if (is_white_before(*at)) return *at;
    }
    return std::nullopt;
  }

  const ChunkerOptions& options_;
  std::string_view text_;
  std::vector<std::size_t> borders_;
  std::size_t soft_end_ = 0;  // where the last fifth begins
  std::size_t hard_end_ = 0;
  bool reaches_end_ = false;  // of the page
};

// The heading under which most of the range stands.
std::string heading_of(const Page& page, std::size_t begin, std::size_t end) {
  const Section* best = nullptr;
  std::size_t most = 0;
  for (std::size_t i = 0; i < page.sections.size() && page.sections[i].begin < end; ++i) {
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
}

std::vector<Chunk> Chunker::cut(const Page& page) const {
  const std::string_view text = page.text;
  std::vector<Chunk> chunks;
  std::size_t begin = content_after(text, white_run(text, 0));
  std::size_t covered = begin;
  while (begin < text.size()) {
    const Window window(text, begin, options_);
    const std::size_t end = begin + (window.reaches_end() ? window.hard_end() : window.end());
    if (end <= covered) {  // a long grapheme leaves no room for the overlap before it
      begin = covered;
      continue;
    }
    covered = end;
    if (!is_white(text.substr(begin, end - begin))) chunks.push_back(make_chunk(page, begin, end));
    const WhiteRun gap = white_run(text, end);
    if (gap.end == text.size()) break;
    // A chunk is not spent on white space alone, however much of it there is.
    begin = gap.end - end > options_.max_characters ? content_after(text, gap) : begin + window.next_begin(end - begin);
  }
  return chunks;
}

}  // namespace jackdaw::ingest
