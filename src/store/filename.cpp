#include "store/filename.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "core/text.h"

namespace jackdaw::store {
namespace {

constexpr std::size_t kMaxNameBytes = 255;  // of one name in every common file system
constexpr std::size_t kMaxExtensionBytes = 16;
constexpr std::string_view kNameless = "document";

// Joiners and other format characters stay: emoji and several scripts need them.
bool is_dropped(char32_t c) noexcept {
  return c < 0x20 || (c >= 0x7f && c <= 0x9f) ||                          // controls
         c == 0x061c || c == 0x200e || c == 0x200f ||                     // direction marks
         (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) ||  // direction overrides, isolates
         c == 0xfeff;                                                     // byte order mark
}

bool becomes_space(char32_t c) noexcept {
  return c == '\t' || c == '\n' || c == '\r' || c == 0x2028 || c == 0x2029;
}

std::string without_controls(std::string_view name) {
  std::string out;
  for (const text::CodePoint& point : text::decode(name)) {
    if (becomes_space(point.value)) {
      out.push_back(' ');
    } else if (!is_dropped(point.value)) {
      text::append_utf8(out, point.value);
    }
  }
  return std::string(text::trim(out));
}

// ".pdf" of "a.pdf"; empty where there is none or it is too long to be one.
std::string_view extension_of(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || name.size() - dot > kMaxExtensionBytes) return {};
  return name.substr(dot);
}

std::string shortened(const std::string& name) {
  if (name.size() <= kMaxNameBytes) return name;
  const std::string_view extension = extension_of(name);
  const std::vector<std::size_t> borders = text::grapheme_borders(name);
  const auto beyond = std::upper_bound(borders.begin(), borders.end(), kMaxNameBytes - extension.size());
  const std::string stem(text::trim(std::string_view(name).substr(0, *std::prev(beyond))));
  return (stem.empty() ? std::string(kNameless) : stem) + std::string(extension);
}

}  // namespace

std::string clean_filename(std::string_view raw) {
  const std::size_t separator = raw.find_last_of("/\\");
  if (separator != std::string_view::npos) raw.remove_prefix(separator + 1);
  std::string name = without_controls(raw);
  if (name.empty() || name == "." || name == "..") return std::string(kNameless);
  return shortened(name);
}

}  // namespace jackdaw::store
