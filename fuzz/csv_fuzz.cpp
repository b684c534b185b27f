// A table in a text; the first byte is the delimiter.
#include "extract/confined/csv.h"
#include "fuzz/parsed_text_check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace jackdaw::extract;
  if (size == 0) return 0;
  const char delimiter = static_cast<char>(data[0]);
  return check_reader(data + 1, size - 1, [&](const std::string& bytes) {
    csv_delimiter(bytes);
    return read_csv(bytes, delimiter, fuzz_limits());
  });
}
