// The content of an OpenDocument text, spreadsheet or presentation; the first byte says which.
#include "extract/confined/read_document.h"
#include "extract/testing/sample_archive.h"
#include "fuzz/parsed_text_check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace jackdaw::extract;
  if (size == 0) return 0;
  const char* kind = data[0] % 3 == 0 ? "text" : data[0] % 3 == 1 ? "spreadsheet" : "presentation";
  return check_reader(data + 1, size - 1, [&](const std::string& bytes) {
    return read_document(testing::make_opendocument(kind, bytes), fuzz_limits());
  });
}
