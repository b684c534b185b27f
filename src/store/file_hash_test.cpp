#include "store/file_hash.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "core/error.h"

namespace jackdaw::store {
namespace {

std::filesystem::path fresh_folder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "jackdaw-hash-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
  return pattern;
}

TEST(FileHash, IsTheSha256OfTheBytes) {
  const auto folder = fresh_folder();
  std::ofstream(folder / "abc", std::ios::binary) << "abc";
  std::ofstream(folder / "empty", std::ios::binary);
  // FIPS 180-4, example "abc", and the hash of nothing.
  EXPECT_EQ(sha256_of_file(folder / "abc", {}), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_of_file(folder / "empty", {}), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  std::filesystem::remove_all(folder);
}

TEST(FileHash, NamesAFileThatCannotBeRead) {
  try {
    sha256_of_file("/no/such/file.pdf", {});
    FAIL() << "it was read";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNotFound);
    EXPECT_NE(std::string(error.what()).find("/no/such/file.pdf"), std::string::npos);
  }
}

TEST(FileHash, StopsWhenNobodyWaits) {
  const Cancellation stopped;
  stopped.cancel(CancelReason::kClient);
  EXPECT_THROW(sha256_of_file("/proc/self/exe", stopped), Error);
}

}  // namespace
}  // namespace jackdaw::store
