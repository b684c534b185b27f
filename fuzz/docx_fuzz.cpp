// The main part of a Word document.
#include "extract/confined/read_document.h"
#include "extract/testing/sample_archive.h"
#include "fuzz/parsed_text_check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace jackdaw::extract;
  return check_reader(data, size,
                      [](const std::string& bytes) { return read_document(testing::make_docx(bytes), fuzz_limits()); });
}
