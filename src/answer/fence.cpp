#include "answer/fence.h"

#include <algorithm>
#include <cstddef>

namespace jackdaw::answer {
namespace {

char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Puts a space into every occurrence of the mark, in any case.
std::string break_mark(std::string_view text, std::string_view mark) {
  const auto equal = [](char a, char b) { return lower(a) == lower(b); };
  std::string out;
  while (!mark.empty()) {
    const auto found = std::search(text.begin(), text.end(), mark.begin(), mark.end(), equal);
    if (found == text.end()) break;
    const auto half = static_cast<std::size_t>(found - text.begin()) + mark.size() / 2;
    out += text.substr(0, half);
    out += ' ';
    text.remove_prefix(half);
  }
  return out.append(text);
}

// Three or more equal signs look like a fence: they are spaced out.
std::string break_fences(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find_first_not_of('=', at), text.size());
    if (end - at >= 3) {
      for (; at < end; ++at) out += at + 1 < end ? "= " : "=";
    } else {
      out += text.substr(at, std::max<std::size_t>(end - at, 1));
      at = std::max(end, at + 1);
    }
  }
  return out;
}

}  // namespace

std::string without_fences(std::string_view text, std::string_view mark) {
  return break_mark(break_fences(text), mark);
}

std::string fenced(std::string_view label, std::string_view text, std::string_view mark, std::string_view head) {
  std::string line(label);
  line.append(" ").append(mark).append(" ===\n");
  std::string out = "=== begin " + line;
  if (!head.empty()) out.append(head).append("\n\n");
  out += without_fences(text, mark);
  if (!out.ends_with('\n')) out += '\n';
  return out.append("=== end ").append(line);
}

}  // namespace jackdaw::answer
