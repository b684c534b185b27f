// A page, in whatever encoding.
#include "extract/confined/html.h"
#include "fuzz/parsed_text_check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace jackdaw::extract;
  return check_reader(data, size, [](const std::string& bytes) { return read_html(bytes, fuzz_limits()); });
}
