#include "server/terminal.h"

#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "core/text.h"

namespace jackdaw::server {
namespace {

std::string wrap(bool colours, std::string_view code, std::string_view text) {
  if (!colours) return std::string(text);
  return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

}  // namespace

Terminal::Terminal() : moving_(isatty(STDERR_FILENO) == 1) {
  const char* no_color = std::getenv("NO_COLOR");
  colours_ = isatty(STDOUT_FILENO) == 1 && (no_color == nullptr || *no_color == '\0');
}

Terminal::~Terminal() {
  end_progress();
}

void Terminal::print(std::string_view text) {
  end_progress();
  std::cout << text << std::flush;
}

void Terminal::line(std::string_view text) {
  end_progress();
  std::cout << text << '\n' << std::flush;
}

std::string Terminal::bold(std::string_view text) const {
  return wrap(colours_, "1", text);
}
std::string Terminal::dim(std::string_view text) const {
  return wrap(colours_, "2", text);
}
std::string Terminal::red(std::string_view text) const {
  return wrap(colours_, "31", text);
}

void Terminal::progress(const std::string& what) {
  if (!moving_) return;
  std::cerr << "\r\x1b[K" << what << std::flush;
  showing_ = true;
}

void Terminal::end_progress() {
  if (showing_) std::cerr << "\r\x1b[K" << std::flush;
  showing_ = false;
}

void Terminal::complain(std::string_view sentence) {
  end_progress();
  std::cerr << "jackdaw: " << harmless(sentence) << '\n';
}

std::string harmless(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const text::CodePoint& c : text::decode(text)) {
    const bool control = (c.value < 0x20 && c.value != '\n' && c.value != '\t') || (c.value >= 0x7f && c.value < 0xa0);
    text::append_utf8(out, control ? U'\uFFFD' : c.value);
  }
  return out;
}

}  // namespace jackdaw::server
