#include "extract/confined/text_builder.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "extract/confined/clean_text.h"
#include "extract/confined/text_pieces.h"

namespace jackdaw::extract {
namespace {

// Of a cell that is repeated in each row it reaches into.
constexpr std::size_t kMaxRepeatedBytes = 200;
constexpr std::size_t kMaxSpannedColumns = 1'000;
constexpr int kDeepestItem = 8;

std::size_t count_characters(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::ranges::count_if(utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

// Without white space at the ends of lines, and with at most one blank line in a row.
std::string tidy_lines(std::string_view clean) {
  std::string out;
  out.reserve(clean.size());
  std::size_t blank_lines = 0;
  for (std::size_t begin = 0; begin <= clean.size();) {
    const std::size_t end = std::min(clean.find('\n', begin), clean.size());
    std::string_view line = clean.substr(begin, end - begin);
    line = line.substr(0, line.find_last_not_of(" \t") + 1);
    begin = end + 1;
    if (line.empty()) {
      ++blank_lines;
      continue;
    }
    if (!out.empty()) out.append(blank_lines > 0 ? "\n\n" : "\n");
    blank_lines = 0;
    out.append(line);
  }
  return out;
}

}  // namespace

void TextBuilder::heading(int level, std::string_view text) {
  const std::string line = one_line(text);
  if (line.empty() || in_cell(line)) return;
  close_headings(level);
  headings_.push_back({level, std::string(cut_utf8(line, kMaxHeadingBytes))});
  write(Block::kParagraph, line);
}

void TextBuilder::paragraph(std::string_view text) {
  const std::string clean = tidy_lines(clean_text(text));
  if (clean.empty() || in_cell(clean)) return;
  write(Block::kParagraph, clean);
}

void TextBuilder::item(int depth, std::string_view text, std::string_view mark) {
  const std::string clean = tidy_lines(clean_text(text));
  if (clean.empty() || in_cell(clean)) return;
  write(Block::kItem, clean,
        std::string(static_cast<std::size_t>(std::clamp(depth, 0, kDeepestItem)) * 2, ' ') += mark);
}

void TextBuilder::line(std::string_view text) {
  const std::string clean = tidy_lines(clean_text(text));
  if (clean.empty() || in_cell(clean)) return;
  write(Block::kRow, clean);
}

void TextBuilder::begin_table() {
  if (tables_.size() >= kMaxDepth) throw Refusal(protocol::FailureReason::kFormat);
  tables_.emplace_back();
}

void TextBuilder::row(std::vector<std::string> cells, bool header) {
  for (std::string& cell : cells) cell = one_line(cell);
  std::vector<std::string> lines;
  tables_.back().rows.add(std::move(cells), header, lines);
  write_rows(lines);
}

void TextBuilder::end_table() {
  std::vector<std::string> lines;
  tables_.back().rows.finish(lines);
  tables_.pop_back();
  write_rows(lines);
  if (tables_.empty()) {
    cell_bytes_ = 0;
    // A table that follows at once is another one.
    if (last_ == Block::kRow) last_ = Block::kParagraph;
  }
}

void TextBuilder::begin_row() {
  Table& table = tables_.back();
  table.cells.clear();
  fill_spans(table);
}

void TextBuilder::begin_cell(std::size_t columns, std::size_t rows) {
  Table& table = tables_.back();
  fill_spans(table);
  table.cells.emplace_back();
  table.cell_columns = std::clamp<std::size_t>(columns, 1, kMaxSpannedColumns);
  table.cell_rows = std::max<std::size_t>(rows, 1);
  table.in_cell = true;
}

void TextBuilder::repeat_cell(std::size_t columns) {
  Table& table = tables_.back();
  fill_spans(table);
  const std::size_t column = table.cells.size();
  table.cells.push_back(column < table.above.size() ? table.above[column] : std::string());
  table.cells.resize(std::min(column + std::clamp<std::size_t>(columns, 1, kMaxSpannedColumns), kMaxColumns));
}

void TextBuilder::end_cell() {
  Table& table = tables_.back();
  if (!table.in_cell) return;
  table.in_cell = false;
  std::string& text = table.cells.back();
  text = one_line(text);
  const std::size_t first = table.cells.size() - 1;
  if (table.cells.size() + table.cell_columns > kMaxColumns) return;
  if (table.cell_rows > 1) {
    if (table.spans.size() < first + table.cell_columns) table.spans.resize(first + table.cell_columns);
    table.spans[first] = {table.cell_rows - 1, text.size() <= kMaxRepeatedBytes ? text : std::string()};
    for (std::size_t i = 1; i < table.cell_columns; ++i) table.spans[first + i] = {table.cell_rows - 1, {}};
  }
  table.cells.resize(first + table.cell_columns);
}

void TextBuilder::end_row(bool header) {
  Table& table = tables_.back();
  end_cell();
  fill_spans(table);
  table.above.resize(table.cells.size());
  for (std::size_t i = 0; i < table.cells.size(); ++i) {
    table.above[i] = table.cells[i].size() <= kMaxRepeatedBytes ? table.cells[i] : std::string();
  }
  std::vector<std::string> lines;
  table.rows.add(std::exchange(table.cells, {}), header, lines);
  write_rows(lines);
}

// The cells of rows above that reach into this one, up to the next free column.
void TextBuilder::fill_spans(Table& table) {
  while (table.cells.size() < table.spans.size() && table.spans[table.cells.size()].rows_left > 0) {
    TableSpan& span = table.spans[table.cells.size()];
    --span.rows_left;
    table.cells.push_back(span.text);
  }
}

bool TextBuilder::in_cell(std::string_view text) {
  const auto open = std::ranges::find_if(tables_.rbegin(), tables_.rend(), &Table::in_cell);
  if (open == tables_.rend()) return false;
  cell_bytes_ += text.size() + 1;
  if (cell_bytes_ > 4 * limits_.max_characters) throw Refusal(protocol::FailureReason::kTooManyCharacters);
  std::string& cell = open->cells.back();
  if (!cell.empty()) cell.push_back(' ');
  cell.append(text);
  return true;
}

void TextBuilder::write_rows(const std::vector<std::string>& lines) {
  for (const std::string& text : lines) {
    if (!in_cell(text)) write(Block::kRow, text);
  }
}

void TextBuilder::begin_page(std::string_view label) {
  if (pages_.size() >= limits_.max_pages) {
    throw Refusal(protocol::FailureReason::kTooManyPages, "more than " + std::to_string(limits_.max_pages));
  }
  paged_ = true;
  pages_.push_back({.number = static_cast<int>(pages_.size()) + 1,
                    .label = std::string(cut_utf8(one_line(label), kMaxHeadingBytes))});
  headings_.clear();
  last_ = Block::kNone;
}

bool TextBuilder::is_empty() const noexcept {
  return std::ranges::all_of(pages_, [](const Page& page) { return page.text.empty(); });
}

void TextBuilder::write(Block block, std::string_view text, std::string_view mark) {
  if (pages_.empty()) pages_.emplace_back();
  Page& page = pages_.back();
  if (!page.text.empty()) {
    page.text.append(block == last_ && block != Block::kParagraph ? "\n" : "\n\n");
  }
  last_ = block;
  open_section();
  characters_ += count_characters(text) + mark.size() + 2;
  if (characters_ > limits_.max_characters) throw Refusal(protocol::FailureReason::kTooManyCharacters);
  page.text.append(mark).append(text);
}

void TextBuilder::open_section() {
  std::string path;
  for (auto heading = headings_.rbegin(); heading != headings_.rend(); ++heading) {
    const std::size_t bytes = heading->text.size() + (path.empty() ? 0 : sizeof kHeadingSeparator - 1);
    if (path.size() + bytes > kMaxHeadingBytes) break;
    path = path.empty() ? heading->text : heading->text + kHeadingSeparator + path;
  }
  Page& page = pages_.back();
  if (page.sections.empty() ? path.empty() : page.sections.back().heading == path) return;
  page.sections.push_back({static_cast<std::uint32_t>(page.text.size()), std::move(path)});
}

std::vector<Page> TextBuilder::finish() {
  if (paged_) return std::move(pages_);
  return pages_.empty() ? std::vector<Page>() : cut_into_pieces(pages_.front());
}

}  // namespace jackdaw::extract
