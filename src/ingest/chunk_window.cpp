#include "ingest/chunk_window.h"

#include <algorithm>
#include <string>

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

// How far from its aim a chunk may end at a paragraph rather than at a sentence, or at a sentence rather than at a
// line: these parts of its length.
constexpr std::size_t kSentencePenalty = 4;
constexpr std::size_t kLinePenalty = 2;

}  // namespace

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

ChunkWindow::ChunkWindow(std::string_view text, std::size_t begin, std::size_t aim, const ChunkerOptions& options)
    : options_(options) {
  const std::string_view rest = text.substr(begin);
  const bool by_sections = options.style == ChunkStyle::kSections;
  const std::size_t soft = by_sections ? aim - aim * 2 / 5 : options.max_characters - options.max_characters / 5;
  std::size_t limit = 0;
  for (std::size_t count = 0; count < options.max_characters && limit < rest.size(); ++count) {
    if (count == soft) soft_end_ = limit;
    if (count == aim) aim_end_ = limit;
    limit = next_code_point(rest, limit);
  }
  if (soft_end_ == 0) soft_end_ = limit;
  if (aim_end_ == 0) aim_end_ = limit;
  find_hard_end(rest, limit);
}

std::size_t ChunkWindow::end() const {
  if (options_.strict || hard_end_ < soft_end_) return hard_end_;
  if (options_.style == ChunkStyle::kSections) {
    if (const auto found = nearest_end()) return *found;
  } else {
    if (const auto found = paragraph_end()) return *found;
    if (const auto found = sentence_end()) return *found;
  }
  if (const auto found = word_end()) return *found;
  return hard_end_;
}

std::size_t ChunkWindow::next_begin(std::size_t end) const {
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
  if (options_.style == ChunkStyle::kSections) return sentence_or_line_begin(*border, end);
  for (auto at = border; at != borders_.end() && *at <= latest; ++at) {
    if (is_word_begin(*at)) return *at;
  }
  return *border;
}

// The last grapheme border within `limit`; a grapheme that is longer than all of it is taken whole.
void ChunkWindow::find_hard_end(std::string_view rest, std::size_t limit) {
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

bool ChunkWindow::is_border(std::size_t at) const {
  return std::binary_search(borders_.begin(), borders_.end(), at);
}

bool ChunkWindow::is_white_before(std::size_t at) const {
  std::size_t from = at - 1;
  while (from > 0 && is_continuation(text_[from])) --from;
  return is_white_at(text_, from, at);
}

bool ChunkWindow::is_word_begin(std::size_t at) const {
  return at > 0 && at < text_.size() && is_white_before(at) && !is_white_at(text_, at, next_code_point(text_, at));
}

// Whether a blank line stands before it.
bool ChunkWindow::ends_paragraph(std::size_t at) const {
  if (text_[at - 1] != '\n') return false;
  std::size_t line = at - 1;
  while (line > 0 && (text_[line - 1] == ' ' || text_[line - 1] == '\t' || text_[line - 1] == '\r')) --line;
  return line > 0 && text_[line - 1] == '\n';
}

// Behind the last blank line of the last fifth.
std::optional<std::size_t> ChunkWindow::paragraph_end() const {
  for (std::size_t end = hard_end_; end >= soft_end_ && end > 0; --end) {
    if (ends_paragraph(end) && is_border(end)) return end;
  }
  return std::nullopt;
}

std::optional<std::size_t> ChunkWindow::sentence_end() const {
  const auto sentences = text::sentences(text_);
  for (auto sentence = sentences.rbegin(); sentence != sentences.rend(); ++sentence) {
    if (sentence->end < soft_end_) return std::nullopt;
    // The window's own end ends a sentence only for the one who looks at the window.
    if (sentence->end <= hard_end_ && sentence->end < text_.size() && is_border(sentence->end)) return sentence->end;
  }
  return std::nullopt;
}

std::optional<std::size_t> ChunkWindow::word_end() const {
  for (auto at = std::upper_bound(borders_.begin(), borders_.end(), hard_end_); at != borders_.begin();) {
    --at;
    if (*at < soft_end_ || *at == 0) return std::nullopt;
    if (is_white_before(*at)) return *at;
  }
  return std::nullopt;
}

std::vector<std::size_t> ChunkWindow::flowing_sentence_ends() const {
  std::string flowing(text_);
  for (std::size_t i = 1; i + 1 < flowing.size(); ++i) {
    if (text_[i] == '\n' && text_[i - 1] != '\n' && text_[i + 1] != '\n') flowing[i] = ' ';
  }
  std::vector<std::size_t> ends;
  for (const text::Range& sentence : text::sentences(flowing)) ends.push_back(sentence.end);
  // The window's own end ends a sentence only for the one who looks at the window.
  if (!ends.empty()) ends.pop_back();
  return ends;
}

std::size_t ChunkWindow::sentence_or_line_begin(std::size_t from, std::size_t end) const {
  std::size_t first = end;
  for (const std::size_t sentence : flowing_sentence_ends()) {
    if (sentence >= from && sentence < first && is_border(sentence)) first = sentence;
  }
  if (first < end) return first;
  for (std::size_t at = from; at < end; ++at) {
    if (text_[at - 1] == '\n' && text_[at] != '\n' && is_border(at)) return at;
  }
  return end;
}

std::optional<std::size_t> ChunkWindow::nearest_end() const {
  std::optional<std::size_t> best;
  std::size_t least = 0;
  const auto offer = [&](std::size_t at, std::size_t penalty) {
    if (at == 0 || at < soft_end_ || at > hard_end_ || at >= text_.size() || !is_border(at)) return;
    const std::size_t cost = (at > aim_end_ ? at - aim_end_ : aim_end_ - at) + penalty;
    if (best && cost >= least) return;
    best = at;
    least = cost;
  };
  for (const std::size_t sentence : flowing_sentence_ends()) offer(sentence, aim_end_ / kSentencePenalty);
  for (std::size_t at = std::max<std::size_t>(soft_end_, 1); at <= hard_end_ && at < text_.size(); ++at) {
    // Of several line ends in a row the last one counts.
    if (text_[at - 1] == '\n' && text_[at] != '\n') offer(at, ends_paragraph(at) ? 0 : aim_end_ / kLinePenalty);
  }
  return best;
}

}  // namespace jackdaw::ingest
