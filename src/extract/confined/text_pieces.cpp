#include "extract/confined/text_pieces.h"

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "extract/confined/clean_text.h"

namespace jackdaw::extract {
namespace {

// Where the piece that begins at `begin` ends; text.size() - begin > kPieceBytes.
std::size_t find_cut(std::string_view text, const std::vector<Section>& sections, std::size_t begin) {
  const std::size_t last = begin + kPieceBytes;
  const auto behind = std::ranges::upper_bound(sections, last, {}, &Section::begin);
  if (behind != sections.begin() && std::prev(behind)->begin > begin + kPieceBytes / 2) return std::prev(behind)->begin;
  const std::string_view window = text.substr(begin, kPieceBytes);
  for (const std::string_view border : {"\n\n", "\n", " "}) {
    const std::size_t at = window.rfind(border);
    if (at != std::string_view::npos && at > 0) return begin + at + border.size();
  }
  return begin + std::max<std::size_t>(cut_utf8(text.substr(begin), kPieceBytes).size(), 1);
}

std::vector<Section> sections_of(const std::vector<Section>& sections, std::size_t begin, std::size_t end) {
  std::vector<Section> own;
  auto next = std::ranges::upper_bound(sections, begin, {}, &Section::begin);
  if (next != sections.begin() && !std::prev(next)->heading.empty()) own.push_back({0, std::prev(next)->heading});
  for (; next != sections.end() && next->begin < end; ++next) {
    own.push_back({next->begin - static_cast<std::uint32_t>(begin), next->heading});
  }
  return own;
}

}  // namespace

std::vector<Page> cut_into_pieces(const Page& whole) {
  std::vector<Page> pieces;
  const std::string_view text = whole.text;
  for (std::size_t begin = 0; (begin = text.find_first_not_of("\n ", begin)) != std::string_view::npos;) {
    const std::size_t next = text.size() - begin <= kPieceBytes ? text.size() : find_cut(text, whole.sections, begin);
    const std::size_t end = text.find_last_not_of("\n ", next - 1) + 1;
    pieces.push_back({.number = static_cast<int>(pieces.size()) + 1,
                      .text = std::string(text.substr(begin, end - begin)),
                      .sections = sections_of(whole.sections, begin, end)});
    begin = next;
  }
  return pieces;
}

}  // namespace jackdaw::extract
