#include "server/eval_cache.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "core/log.h"

namespace jackdaw::server {
namespace {

class EvalCacheTest : public ::testing::Test {
 protected:
  EvalCacheTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "jackdaw-eval-cache-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    log::set_level(log::Level::kError);
  }
  ~EvalCacheTest() override {
    log::set_level(log::Level::kInfo);
    std::filesystem::remove_all(folder_);
  }

  static EvalCache::Key key(std::string_view text) { return EvalCache::key_of({&text, 1}); }

  void store_one() const {
    EvalCache cache(folder_, "embeddings", "a model", 2);
    cache.put(key("text"), std::vector{0.25F, -1.5F});
    cache.save();
  }

  static void change_byte(const std::filesystem::path& file, std::streamoff at) {
    std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekg(at);
    const char before = static_cast<char>(bytes.get());
    bytes.seekp(at);
    bytes.put(static_cast<char>(before ^ 0x20));
  }

  std::filesystem::path folder_;
};

TEST_F(EvalCacheTest, WhatIsSavedIsThereNextTime) {
  store_one();
  const EvalCache cache(folder_, "embeddings", "a model", 2);
  const auto row = cache.find(key("text"));
  ASSERT_EQ(row.size(), 2U);
  EXPECT_EQ(row[0], 0.25F);
  EXPECT_EQ(row[1], -1.5F);
  EXPECT_TRUE(cache.find(key("another text")).empty());
}

TEST_F(EvalCacheTest, AnotherModelWidthOrKindKnowsNothingOfIt) {
  store_one();
  EXPECT_EQ(EvalCache(folder_, "embeddings", "another model", 2).size(), 0U);
  EXPECT_EQ(EvalCache(folder_, "logits", "a model", 2).size(), 0U);
  EXPECT_EQ(EvalCache(folder_, "embeddings", "a model", 3).size(), 0U);
}

TEST_F(EvalCacheTest, AFileWithOneChangedByteIsLeftOutWhereverThatIs) {
  store_one();
  const std::filesystem::path file = EvalCache(folder_, "embeddings", "a model", 2).file();
  const auto size = static_cast<std::streamoff>(std::filesystem::file_size(file));
  for (std::streamoff at = 0; at < size; ++at) {
    change_byte(file, at);
    EXPECT_EQ(EvalCache(folder_, "embeddings", "a model", 2).size(), 0U) << "byte " << at;
    change_byte(file, at);
  }
  EXPECT_EQ(EvalCache(folder_, "embeddings", "a model", 2).size(), 1U);
}

TEST_F(EvalCacheTest, AFileThatWasCutShortIsLeftOut) {
  store_one();
  const std::filesystem::path file = EvalCache(folder_, "embeddings", "a model", 2).file();
  for (auto size = std::filesystem::file_size(file); size-- > 0;) {
    std::filesystem::resize_file(file, size);
    EXPECT_EQ(EvalCache(folder_, "embeddings", "a model", 2).size(), 0U) << size << " bytes";
  }
}

TEST_F(EvalCacheTest, ADamagedFileIsReplacedByTheNextSave) {
  store_one();
  const std::filesystem::path file = EvalCache(folder_, "embeddings", "a model", 2).file();
  change_byte(file, 10);
  store_one();
  EXPECT_EQ(EvalCache(folder_, "embeddings", "a model", 2).size(), 1U);
}

TEST_F(EvalCacheTest, NothingIsWrittenWithoutAFolder) {
  EvalCache cache({}, "embeddings", "a model", 1);
  cache.put(key("text"), std::vector{1.0F});
  cache.save();
  EXPECT_EQ(cache.size(), 1U);
}

TEST_F(EvalCacheTest, TheBordersOfTextsArePartOfTheKey) {
  const std::vector<std::string_view> first{"ab", "c"}, second{"a", "bc"}, joined{"abc"};
  EXPECT_NE(EvalCache::key_of(first), EvalCache::key_of(second));
  EXPECT_NE(EvalCache::key_of(first), EvalCache::key_of(joined));
}

}  // namespace
}  // namespace jackdaw::server
