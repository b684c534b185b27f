#include "core/squeeze.h"

#include <utility>

#include "core/text.h"

namespace jackdaw::text {

std::string squeeze(std::string_view utf8) {
  std::string out;
  bool pending = false;
  for (const auto& c : decode(utf8)) {
    if (is_white_space(c.value)) {
      pending = !out.empty();
      continue;
    }
    if (std::exchange(pending, false)) out += ' ';
    append_utf8(out, c.value);
  }
  return out;
}

}  // namespace jackdaw::text
