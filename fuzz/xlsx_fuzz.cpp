// A workbook: its rows, its strings and its styles, apart from each other by bytes of zero.
#include "extract/confined/read_document.h"
#include "extract/testing/sample_archive.h"
#include "fuzz/parsed_text_check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace jackdaw::extract;
  return check_reader(data, size, [](const std::string& bytes) {
    const std::size_t first = std::min(bytes.find('\0'), bytes.size());
    const std::size_t second = std::min(bytes.find('\0', first + 1), bytes.size());
    const auto from = [&](std::size_t begin, std::size_t end) {
      return begin < end ? bytes.substr(begin, end - begin) : std::string();
    };
    return read_document(
        testing::make_xlsx({{"A", from(0, first)}}, from(first + 1, second), from(second + 1, bytes.size())),
        fuzz_limits());
  });
}
