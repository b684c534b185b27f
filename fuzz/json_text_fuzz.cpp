// JSON, or one value a line.
#include "extract/confined/json_text.h"
#include "fuzz/parsed_text_check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace jackdaw::extract;
  return check_reader(data, size, [](const std::string& bytes) {
    return read_json(bytes, fuzz_limits()).value_or(ParsedText{.media_type = "text/plain"});
  });
}
