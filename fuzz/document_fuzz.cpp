// Any file that is no PDF.
#include "extract/confined/read_document.h"
#include "fuzz/parsed_text_check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace jackdaw::extract;
  return check_reader(data, size, [](const std::string& bytes) { return read_document(bytes, fuzz_limits()); });
}
