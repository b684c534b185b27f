#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/text.h"

namespace jackdaw::answer {

// The words that a mark supports.
struct Claim {
  std::size_t begin = 0;  // code points of the shown text; equal to `end`: there are no such words
  std::size_t end = 0;
  std::string text{};
};

// Finds the claims in a text that is shown bit by bit, with marks in it. A claim is the sentence before its marks, or
// the part of it since the marks before; it does not reach over a blank line, a list's item, a table's row, a heading
// or code with a fence. Words between quotation marks are one claim, however many sentences they are; a file name in
// parentheses before a mark ("(magpie-7.pdf, page 2)") is not of it. Where there is nothing to support before a mark,
// as in "According to [1] ...", it is what follows, to the sentence's end; where nothing follows either, it is the
// sentence of the paragraph before. Marks that follow each other share one claim. Not shared between threads.
class ClaimText {
 public:
  // A mark, or a list of them, as it was written.
  struct Marks {
    std::vector<int> sources;        // or what else they name; may be empty: it ends what came before all the same
    std::vector<std::string> names;  // the sources' file names, white space squeezed
  };
  struct Supported {
    std::vector<int> sources;
    Claim claim;
  };

  // The next text. Tells the marks whose claim ended with it, in their order.
  std::vector<Supported> append(std::string_view text);
  // Shown, but no part of any claim, which it ends.
  void append_code(std::string_view text);
  // A mark stands here; `shown` is how it is shown, perhaps not at all.
  std::vector<Supported> add(Marks marks, std::string_view shown);
  // Nothing more comes.
  std::vector<Supported> finish();

  std::size_t shown() const noexcept { return shown_; }  // code points
  // What was shown since the last mark, the older of it cut off.
  std::string_view tail() const noexcept { return tail_; }
  // True when the text before this place ends with one of the names in parentheses.
  static bool ends_with_origin(std::string_view text, std::span<const std::string> names);

 private:
  std::vector<Supported> settle(Claim claim);
  std::vector<Supported> settle_at_line_end();
  Claim claim_of(text::Range range) const;
  Claim claim_before(std::string_view text) const;
  void restart();
  void cut();

  std::string tail_;                       // since the last mark or code
  std::size_t tail_begin_ = 0;             // code points of what is shown before it
  std::size_t shown_ = 0;                  // code points
  bool after_marks_ = false;               // the tail begins right behind marks
  Claim last_;                             // of the last marks, or before the last code
  std::vector<std::vector<int>> waiting_;  // the sources of marks whose claim follows them
  Claim otherwise_;                        // theirs, should nothing follow
  bool bare_ = false;                      // nothing at all stands before them in their paragraph
};

}  // namespace jackdaw::answer
