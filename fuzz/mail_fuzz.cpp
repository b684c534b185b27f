// A mail.
#include "extract/confined/mail.h"
#include "fuzz/parsed_text_check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace jackdaw::extract;
  return check_reader(data, size, [](const std::string& bytes) { return read_mail(bytes, fuzz_limits()); });
}
