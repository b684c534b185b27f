#include "server/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <iostream>
#include <utility>

#include "core/text.h"

namespace jackdaw::server {
namespace {

constexpr std::size_t kUsualColumns = 80;

std::string wrap(bool colours, std::string_view code, std::string_view text) {
  if (!colours) return std::string(text);
  return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

// In one piece, so that a terminal never shows half of it.
void write_error(std::string_view bytes) {
  std::cerr << std::flush;
  while (!bytes.empty()) {
    const ssize_t size = ::write(STDERR_FILENO, bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
}

bool is_moving() {
  const char* kind = std::getenv("TERM");
  return isatty(STDERR_FILENO) == 1 && (kind == nullptr || std::string_view(kind) != "dumb");
}

// Unicode's East_Asian_Width W and F, in blocks; both ends included.
constexpr std::array<std::pair<char32_t, char32_t>, 12> kWide = {{{0x1100, 0x115F},
                                                                  {0x2E80, 0x303E},
                                                                  {0x3041, 0xA4CF},
                                                                  {0xA960, 0xA97C},
                                                                  {0xAC00, 0xD7A3},
                                                                  {0xF900, 0xFAFF},
                                                                  {0xFE30, 0xFE6F},
                                                                  {0xFF00, 0xFF60},
                                                                  {0xFFE0, 0xFFE6},
                                                                  {0x1F300, 0x1F64F},
                                                                  {0x1F680, 0x1FAFF},
                                                                  {0x20000, 0x3FFFD}}};

std::size_t columns_of(char32_t c) {
  if (text::is_nonspacing_mark(c)) return 0;
  const bool wide =
      std::any_of(kWide.begin(), kWide.end(), [c](const auto& block) { return block.first <= c && c <= block.second; });
  return wide ? 2 : 1;
}

}  // namespace

Terminal::Terminal() : moving_(is_moving()), watched_(isatty(STDOUT_FILENO) == 1) {
  const char* no_color = std::getenv("NO_COLOR");
  colours_ = watched_ && (no_color == nullptr || *no_color == '\0');
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

// The last column stays free: a terminal may wrap a line that fills it.
std::size_t Terminal::columns() const {
  winsize size{};
  const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return (known ? size.ws_col : kUsualColumns) - 1;
}

void Terminal::progress(std::string_view what) {
  if (!moving_) return;
  const std::string line = shorten(harmless_name(what), columns());
  if (line == shown_) return;
  // Written over the line before and the rest cleared after: an empty line is never seen.
  write_error((shown_.empty() ? "\x1b[?25l\r" : "\r") + line + "\x1b[K");
  shown_ = line;
}

void Terminal::end_progress() {
  if (!shown_.empty()) write_error(kRestore);
  shown_.clear();
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

std::string harmless_name(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const text::CodePoint& c : text::decode(text)) {
    const bool hidden = c.value < 0x20 || text::is_control(c.value) || c.value == 0x2028 || c.value == 0x2029;
    text::append_utf8(out, hidden ? U'\uFFFD' : c.value);
  }
  return out;
}

std::size_t columns_of(std::string_view text) {
  std::size_t columns = 0;
  for (const text::CodePoint& c : text::decode(text)) columns += columns_of(c.value);
  return columns;
}

std::string shorten(std::string_view text, std::size_t columns) {
  constexpr std::string_view kCut = "...";
  if (columns_of(text) <= columns) return std::string(text);
  if (columns <= kCut.size()) return std::string(kCut.substr(0, columns));
  std::size_t room = columns - kCut.size();
  std::string out;
  for (const text::CodePoint& c : text::decode(text)) {
    const std::size_t wide = columns_of(c.value);
    if (wide > room) break;
    room -= wide;
    text::append_utf8(out, c.value);
  }
  return out.append(kCut);
}

}  // namespace jackdaw::server
