#include "extract/confined/plain_text.h"

#include "extract/confined/text_builder.h"

namespace jackdaw::extract {

ParsedText read_plain_text(std::string_view utf8, const ReadLimits& limits) {
  TextBuilder text(limits);
  text.paragraph(utf8);
  return {.media_type = "text/plain", .pages = text.finish()};
}

}  // namespace jackdaw::extract
