// The first bytes of any upload.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "extract/media_type.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto type = jackdaw::extract::detect_media_type(bytes);
  if (jackdaw::extract::describe(type).empty() || jackdaw::extract::mime_name(type).empty()) std::abort();
  // What stands behind the first bytes must not matter.
  if (type != jackdaw::extract::detect_media_type(bytes.substr(0, jackdaw::extract::kMediaTypeBytes))) std::abort();
  return 0;
}
