// Any text is either refused with Error or is exactly what its manifest is written as.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/error.h"
#include "store/backup_manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    if (jackdaw::store::format_manifest(jackdaw::store::parse_manifest(text)) != text) std::abort();
  } catch (const jackdaw::Error&) {
  }
  return 0;
}
