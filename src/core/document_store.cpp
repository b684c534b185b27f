#include "core/document_store.h"

#include <algorithm>
#include <string_view>

#include "core/error.h"
#include "core/text.h"

namespace jackdaw {
namespace {

[[noreturn]] void refuse(const std::string& why) {
  throw Error(ErrorCode::kInvalidArgument, why).with_field("tags");
}

void check_tag(std::string_view tag) {
  if (!text::is_valid_utf8(tag)) refuse("A tag is not valid UTF-8.");
  if (tag.empty()) refuse("A tag is empty. Leave it out, or give it a name.");
  if (text::count_code_points(tag) > kMaxTagCharacters) {
    refuse("A tag is longer than " + std::to_string(kMaxTagCharacters) + " characters. Choose a shorter one.");
  }
  const auto decoded = text::decode(tag);
  if (std::any_of(decoded.begin(), decoded.end(),
                  [](const auto& c) { return c.value < 0x20 || text::is_control(c.value); })) {
    refuse("A tag holds a control character. Leave that out.");
  }
}

}  // namespace

std::vector<std::string> clean_tags(const std::vector<std::string>& tags) {
  std::vector<std::string> clean;
  for (const std::string& tag : tags) {
    const std::string trimmed(text::trim(tag));
    check_tag(trimmed);
    if (std::find(clean.begin(), clean.end(), trimmed) == clean.end()) clean.push_back(trimmed);
  }
  if (clean.size() > kMaxTags)
    refuse("There are " + std::to_string(clean.size()) + " tags; at most " + std::to_string(kMaxTags) + " are kept.");
  return clean;
}

}  // namespace jackdaw
