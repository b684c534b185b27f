#pragma once

#include <string>
#include <string_view>

namespace jackdaw::server {

// What a person sees in a terminal. Colours and moving progress only where standard output and standard error are
// terminals (and NO_COLOR is not set); plain text elsewhere. Text from documents and peers is made harmless first:
// no control characters reach the terminal. Used by one thread.
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

  // One line on standard error that replaces the one before; nothing where that is no terminal.
  void progress(const std::string& what);
  void end_progress();

  // A sentence on standard error.
  void complain(std::string_view sentence);

 private:
  bool colours_ = false;
  bool moving_ = false;
  bool showing_ = false;
};

// Without control characters but LF and tab; ill-formed UTF-8 replaced.
std::string harmless(std::string_view text);

}  // namespace jackdaw::server
