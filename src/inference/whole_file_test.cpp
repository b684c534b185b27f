#include "inference/whole_file.h"

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/inference_files.h"

namespace jackdaw::inference {
namespace {

namespace fs = std::filesystem;

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::size_t files_in(const fs::path& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST(WholeFile, IsWrittenInANewFolderAndOverAnOlderOne) {
  const testing::ScratchFolder folder;
  const fs::path path = folder.path() / "a" / "b" / "file";
  ASSERT_TRUE(write_whole(path, bytes_of("first")));
  EXPECT_EQ(read(path), "first");
  ASSERT_TRUE(write_whole(path, bytes_of("2")));
  EXPECT_EQ(read(path), "2");
  EXPECT_EQ(files_in(path.parent_path()), 1U);
}

TEST(WholeFile, TakesThePlaceOfWhatACrashLeft) {
  const testing::ScratchFolder folder;
  folder.write("file.part", "longer than what is written now");
  ASSERT_TRUE(write_whole(folder.path() / "file", bytes_of("whole")));
  EXPECT_EQ(read(folder.path() / "file"), "whole");
  EXPECT_EQ(files_in(folder.path()), 1U);
}

TEST(WholeFile, LeavesNothingWhereItCannotBePut) {
  const testing::ScratchFolder folder;
  fs::create_directories(folder.path() / "file" / "not_empty");
  EXPECT_FALSE(write_whole(folder.path() / "file", bytes_of("whole")));
  EXPECT_EQ(files_in(folder.path()), 1U);
  folder.write("no_folder", "x");
  EXPECT_FALSE(write_whole(folder.path() / "no_folder" / "file", bytes_of("whole")));
}

// Whoever looks finds one writer's bytes, never a mixture.
TEST(WholeFile, IsOneWritersHoweverManyWriteAtOnce) {
  const testing::ScratchFolder folder;
  const fs::path path = folder.path() / "file";
  const auto text_of = [](int writer) { return std::string(50'000 + static_cast<std::size_t>(writer), '0' + writer); };
  ASSERT_TRUE(write_whole(path, bytes_of(text_of(0))));
  std::atomic<int> writing{4};
  std::vector<std::thread> writers;
  for (int writer = 0; writer < 4; ++writer) {
    writers.emplace_back([&, writer] {
      for (int i = 0; i < 25; ++i) EXPECT_TRUE(write_whole(path, bytes_of(text_of(writer))));
      --writing;
    });
  }
  do {
    const std::string found = read(path);
    EXPECT_TRUE(!found.empty() && found == text_of(found[0] - '0'));
  } while (writing > 0);
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(files_in(folder.path()), 1U);
}

}  // namespace
}  // namespace jackdaw::inference
