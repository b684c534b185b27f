#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/document.h"
#include "extract/confined/parsed_text.h"
#include "extract/confined/table_rows.h"

namespace jackdaw::extract {

// Composes pages from the blocks that a reader meets, in reading order: paragraphs apart by blank lines, items and rows
// of tables on lines of their own, headings that open sections. What a block is given may be any bytes; what comes out
// keeps the promises of core/document.h. Inside a cell of a table all blocks become the cell's words. One thread.
// Throws Refusal beyond the limits.
class TextBuilder {
 public:
  explicit TextBuilder(const ReadLimits& limits) : limits_(limits) {}

  // Level 1 is the outermost; it closes all headings of its level and below.
  void heading(int level, std::string_view text);
  // Line ends inside stay.
  void paragraph(std::string_view text);
  // Depth 0 is the outermost; its line begins with `mark`.
  void item(int depth, std::string_view text, std::string_view mark = "- ");
  // A line that belongs to the one before it.
  void line(std::string_view text);

  // Rows of a table that the reader has whole. Columns: see TableRows.
  void begin_table();
  void row(std::vector<std::string> cells, bool header = false);
  void end_table();

  // Cell by cell, for readers that meet blocks inside of cells; begin_table() and end_table() around them.
  void begin_row();
  // How many columns and rows it spans. A short text is repeated in each of the rows.
  void begin_cell(std::size_t columns = 1, std::size_t rows = 1);
  void end_cell();
  // For formats that say so row by row: the lower part of the cell above.
  void repeat_cell(std::size_t columns = 1);
  void end_row(bool header = false);
  bool in_table() const noexcept { return !tables_.empty(); }

  // Starts the next slide or sheet. Headings do not reach over it.
  void begin_page(std::string_view label);
  // What follows stands under none of the headings of this level and below.
  void close_headings(int level) {
    std::erase_if(headings_, [&](const Heading& open) { return open.level >= level; });
  }

  bool is_empty() const noexcept;

  // All pages that were begun; where none was, the pieces of the text (text_pieces.h).
  std::vector<Page> finish();

 private:
  enum class Block { kNone, kParagraph, kItem, kRow };
  struct Table {
    TableRows rows;
    std::vector<std::string> cells;
    std::vector<std::string> above;  // the cells of the row before
    std::vector<TableSpan> spans;    // of cells that reach into the next rows, by column
    std::size_t cell_columns = 1;
    std::size_t cell_rows = 1;
    bool in_cell = false;
  };
  struct Heading {
    int level;
    std::string text;
  };

  void write(Block block, std::string_view text, std::string_view mark = {});
  // False when `text` went into a cell.
  bool in_cell(std::string_view text);
  void fill_spans(Table& table);
  void open_section();
  void write_rows(const std::vector<std::string>& lines);

  ReadLimits limits_;
  std::vector<Page> pages_;
  bool paged_ = false;
  std::size_t characters_ = 0;
  std::size_t cell_bytes_ = 0;
  Block last_ = Block::kNone;
  std::vector<Heading> headings_;
  std::vector<Table> tables_;
};

}  // namespace jackdaw::extract
