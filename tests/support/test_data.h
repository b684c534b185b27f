#pragma once

#include <cstdlib>
#include <filesystem>

namespace jackdaw::testing {

// The folder that JACKDAW_TEST_DATA names, or ../shared/data beside the source.
inline std::filesystem::path test_data(const std::filesystem::path& source_dir) {
  const char* named = std::getenv("JACKDAW_TEST_DATA");
  return named != nullptr ? std::filesystem::path(named) : source_dir / ".." / "shared" / "data";
}

}  // namespace jackdaw::testing
