// A text in whatever encoding.
#include "extract/confined/charset.h"
#include "extract/confined/plain_text.h"
#include "fuzz/parsed_text_check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace jackdaw::extract;
  return check_reader(data, size,
                      [](const std::string& bytes) { return read_plain_text(to_utf8(bytes), fuzz_limits()); });
}
