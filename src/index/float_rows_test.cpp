#include "index/float_rows.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/error.h"
#include "core/ids.h"

namespace jackdaw::index {
namespace {

constexpr std::size_t kDimensions = 512;  // 2 KiB a row: 512 rows are a block that is not small

// Row r of a block that begins with `first` holds first + r everywhere.
std::shared_ptr<const FloatRows> in_memory(std::size_t rows, float first) {
  auto block = std::make_shared<FloatBlock>();
  block->rows = rows;
  block->memory = LargeArray<float>(rows * kDimensions);
  auto checksums = std::make_shared<LargeArray<std::uint64_t>>(rows);
  for (std::size_t row = 0; row < rows; ++row) {
    const std::span<float> floats(block->memory.data() + row * kDimensions, kDimensions);
    std::fill(floats.begin(), floats.end(), first + static_cast<float>(row));
    (*checksums)[row] = checksum_of(floats);
  }
  return std::make_shared<const FloatRows>(kDimensions, std::move(block), std::move(checksums));
}

float first_of(const FloatRows& rows, std::size_t row) {
  std::vector<float> scratch(kDimensions);
  return rows.row(row, scratch)[kDimensions - 1];
}

class FloatRowsInAFile : public ::testing::Test {
 protected:
  ~FloatRowsInAFile() override { std::filesystem::remove(path_); }

  // The rows, in that order, behind three other bytes.
  std::shared_ptr<const RowFile> written(const FloatRows& rows, std::span<const std::uint32_t> chosen) const {
    std::ofstream out(path_, std::ios::binary);
    out << "abc";
    std::vector<float> scratch(kDimensions);
    for (const std::uint32_t row : chosen) {
      out.write(reinterpret_cast<const char*>(rows.row(row, scratch)), kDimensions * sizeof(float));
    }
    out.close();
    return std::make_shared<const RowFile>(::open(path_.c_str(), O_RDONLY | O_CLOEXEC), path_);
  }

  const std::filesystem::path path_ = std::filesystem::temp_directory_path() / ("jackdaw-rows-" + random_id());
};

TEST(FloatRows, AMergeSharesBlocksOfWhichMostIsWantedAndCopiesTheRest) {
  const auto large = in_memory(1000, 0);
  const auto little_wanted = in_memory(1000, 10'000);
  const auto small = in_memory(10, 20'000);
  std::vector<FloatRows::Source> sources;
  for (std::uint32_t row = 0; row < 1000; ++row) {
    if (row % 5 != 0) sources.push_back({large.get(), row});
    if (row % 5 == 0) sources.push_back({little_wanted.get(), row});
    if (row < 10) sources.push_back({small.get(), row});
  }
  const auto merged = FloatRows::gathered(kDimensions, sources, Cancellation());
  for (std::size_t row = 0; row < sources.size(); ++row) {
    ASSERT_EQ(first_of(*merged, row), first_of(*sources[row].rows, sources[row].row));
    const bool is_shared = merged->block_of(row) == large->block_of(0);
    ASSERT_EQ(is_shared, sources[row].rows == large.get());
    ASSERT_TRUE(is_shared || merged->block_of(row)->rows == 210) << "what is copied lies together";
    ASSERT_EQ(merged->checksums()[row], sources[row].rows->checksums()[sources[row].row]);
  }
}

// A deadline passes while it runs: a look at the beginning would not see that.
TEST(FloatRows, AMergeEndsWhereItIsCancelled) {
  const auto small = in_memory(100, 0);
  std::vector<FloatRows::Source> sources;
  for (std::uint32_t row = 0; row < 30'000; ++row) sources.push_back({small.get(), row % 100});
  const Cancellation never;
  const auto soon = never.child(SteadyClock::now() + std::chrono::milliseconds(1));
  EXPECT_THROW(FloatRows::gathered(kDimensions, sources, soon), Error);
}

TEST_F(FloatRowsInAFile, AreTheSameAfterTheyMovedAlsoThoseThatWereNotSaved) {
  const auto rows = in_memory(20, 0);
  const std::uint32_t first_saved[] = {1, 2, 3, 5, 8, 13, 19};
  const auto once = rows->moved(first_saved, written(*rows, first_saved), 3);
  const std::uint32_t second_saved[] = {2, 4, 8, 16};
  std::filesystem::remove(path_);  // the first file lives on without its name
  const auto twice = once->moved(second_saved, written(*once, second_saved), 3);
  for (std::size_t row = 0; row < 20; ++row) {
    EXPECT_EQ(first_of(*once, row), static_cast<float>(row));
    EXPECT_EQ(first_of(*twice, row), static_cast<float>(row));
  }
  EXPECT_TRUE(once->block_of(19)->file);
  EXPECT_FALSE(once->block_of(0)->file);
  EXPECT_NE(twice->block_of(2)->file, once->block_of(2)->file);
}

TEST_F(FloatRowsInAFile, ThatIsDamagedAreRefusedAndTheFileIsRemoved) {
  const auto rows = in_memory(3, 0);
  const std::uint32_t all[] = {0, 1, 2};
  const auto moved = rows->moved(all, written(*rows, all), 3);
  std::fstream(path_, std::ios::in | std::ios::out | std::ios::binary).seekp(3 + kDimensions * sizeof(float)).put('x');
  EXPECT_EQ(first_of(*moved, 0), 0.0F);
  try {
    first_of(*moved, 1);
    ADD_FAILURE() << "was read";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInternal);
    EXPECT_NE(std::string(error.what()).find(path_.string()), std::string::npos);
  }
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(FloatRowsInAFile, ThatEndsTooEarlyAreRefusedAndAnotherFileOfTheNameStays) {
  const auto rows = in_memory(3, 0);
  const std::uint32_t all[] = {0, 1, 2};
  const auto moved = rows->moved(all, written(*rows, all), 3);
  std::filesystem::resize_file(path_, 3 + 2 * kDimensions * sizeof(float));
  std::filesystem::rename(path_, path_.string() + ".old");
  std::ofstream(path_) << "another one";
  EXPECT_THROW(first_of(*moved, 2), Error);
  EXPECT_TRUE(std::filesystem::exists(path_));
  EXPECT_EQ(first_of(*moved, 1), 1.0F);
  std::filesystem::remove(path_.string() + ".old");
}

}  // namespace
}  // namespace jackdaw::index
