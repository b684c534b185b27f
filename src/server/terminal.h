#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace jackdaw::server {

// What a person sees in a terminal. Colours only where standard output is one (and NO_COLOR is not set), moving
// progress only where standard error is one (and TERM is not `dumb`); plain text elsewhere. Text from documents and
// peers is made harmless first: no control characters reach the terminal. Used by one thread.
class Terminal {
 public:
  Terminal();
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  // To standard output.
  void print(std::string_view text);      // as it is, at once
  void line(std::string_view text = {});  // and a line end
  std::string bold(std::string_view text) const;
  std::string dim(std::string_view text) const;
  std::string red(std::string_view text) const;

  // One line on standard error that replaces the one before, cut to the width of the terminal; nothing where that is no
  // terminal. The cursor is hidden meanwhile.
  void progress(std::string_view what);
  void end_progress();
  // Whether somebody looks at both, so that the moving line says enough meanwhile.
  bool is_watched() const noexcept { return moving_ && watched_; }
  // What progress() has room for, as the terminal is now.
  std::size_t columns() const;

  // A sentence on standard error.
  void complain(std::string_view sentence);

  // What end_progress() writes, for a process that ends at once.
  static constexpr std::string_view kRestore = "\r\x1b[K\x1b[?25h";

 private:
  bool colours_ = false;
  bool moving_ = false;
  bool watched_ = false;
  std::string shown_;
};

// Without control characters but LF and tab; ill-formed UTF-8 replaced.
std::string harmless(std::string_view text);
// One line, and nothing that is not seen or changes the direction of what stands beside it: for names of files.
std::string harmless_name(std::string_view text);

// How many columns of a terminal it takes: two for East Asian wide characters and emoji, none for marks.
std::size_t columns_of(std::string_view text);
// At most that many columns, with "..." for what was cut.
std::string shorten(std::string_view text, std::size_t columns);

}  // namespace jackdaw::server
