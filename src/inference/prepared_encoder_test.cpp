#include "inference/prepared_encoder.h"

#include <gtest/gtest.h>

#include <fstream>

#include "core/error.h"
#include "tests/support/inference_files.h"

namespace jackdaw::inference {
namespace {

namespace fs = std::filesystem;
using testing::ScratchFolder;

constexpr const char* kModel = "jackdaw-rerank-l3";  // the smallest

class PreparedEncoder : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(real_weights())) GTEST_SKIP() << testing::kNoModels;
  }

  static fs::path real_weights() { return testing::models_dir() / kModel / "model.safetensors"; }

  // A folder of models with this one in it.
  fs::path models() const {
    const fs::path folder = scratch_.path() / "models";
    fs::create_directories(folder / kModel);
    if (!fs::exists(folder / kModel / "model.safetensors")) {
      fs::create_symlink(fs::absolute(real_weights()), folder / kModel / "model.safetensors");
    }
    return folder;
  }

  // A path that nobody, not even root, can make a folder of.
  fs::path no_folder() const { return scratch_.write("a_file", "x") / "below"; }

  // Blocks the place of the prepared file in the folder of models.
  fs::path unwritable_models() const {
    const fs::path folder = models();
    fs::create_directories(prepared(folder) / "not_empty");
    return folder;
  }

  // fp32, since rounding takes longer.
  static std::shared_ptr<const EncoderFile> open(const fs::path& models, const fs::path& cache = {}) {
    return open_encoder(encoder_model(kModel), Precision::kFp32, models, cache);
  }
  static fs::path prepared(const fs::path& models) {
    return prepared_path(models, encoder_model(kModel), Precision::kFp32);
  }
  static std::size_t files_in(const fs::path& folder) {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
  }

  ScratchFolder scratch_;
};

void expect_the_model(const EncoderFile& file) {
  EXPECT_EQ(file.shape().layers, 3U);
  EXPECT_EQ(file.shape().hidden, 384U);
  EXPECT_EQ(file.shape().heads, 12U);
  EXPECT_EQ(file.shape().vocabulary, 30522U);
  EXPECT_TRUE(file.shape().has_classifier);
}

TEST_F(PreparedEncoder, IsMadeOnceAndMappedFromThenOn) {
  const fs::path folder = models();
  expect_the_model(*open(folder));
  ASSERT_TRUE(fs::exists(prepared(folder)));
  EXPECT_EQ(files_in(folder / kModel), 2U) << "something was left behind";
  // Without weights there is nothing to make it of any more.
  fs::remove(folder / kModel / "model.safetensors");
  const auto written = fs::last_write_time(prepared(folder));
  expect_the_model(*open(folder));
  EXPECT_EQ(fs::last_write_time(prepared(folder)), written);
}

TEST_F(PreparedEncoder, IsMadeAgainWhereItIsDamaged) {
  const fs::path folder = models();
  const std::size_t bytes = open(folder)->bytes();
  {
    std::fstream file(prepared(folder), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(bytes / 2));
    file.put('\x55').put('\x2a');
  }
  expect_the_model(*open(folder));
  fs::remove(folder / kModel / "model.safetensors");
  EXPECT_EQ(open(folder)->bytes(), bytes);
}

TEST_F(PreparedEncoder, IsKeptInTheCacheWhereTheModelsCannotBeWritten) {
  const fs::path folder = unwritable_models();
  const fs::path cache = scratch_.path() / "cache" / "models";
  expect_the_model(*open(folder, cache));
  EXPECT_EQ(files_in(cache), 1U);
  fs::remove(folder / kModel / "model.safetensors");
  expect_the_model(*open(folder, cache));
}

TEST_F(PreparedEncoder, StaysInMemoryWhereNothingCanBeWritten) {
  const fs::path folder = unwritable_models();
  expect_the_model(*open(folder, no_folder()));
  EXPECT_EQ(files_in(folder / kModel), 2U) << "something was left behind";
}

TEST_F(PreparedEncoder, IsNeverMadeOfOtherWeights) {
  const fs::path folder = models();
  const fs::path weights = folder / kModel / "model.safetensors";
  fs::remove(weights);
  fs::copy_file(real_weights(), weights);
  fs::permissions(weights, fs::perms::owner_write, fs::perm_options::add);
  {
    std::fstream file(weights, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(fs::file_size(weights) - 1));
    file.put('\x77');
  }
  try {
    open(folder);
    FAIL() << "did not throw";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
    const std::string sentence = error.what();
    EXPECT_NE(sentence.find(weights.string()), std::string::npos) << sentence;
    EXPECT_NE(sentence.find("jackdaw models pull"), std::string::npos) << sentence;
  }
  EXPECT_FALSE(fs::exists(prepared(folder)));
}

TEST_F(PreparedEncoder, SaysHowToGetMissingWeights) {
  try {
    open(scratch_.path() / "nothing");
    FAIL() << "did not throw";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
    EXPECT_NE(std::string(error.what()).find("jackdaw models pull"), std::string::npos) << error.what();
  }
}

TEST(EncoderModels, AreKnownByName) {
  EXPECT_EQ(encoder_model("all-MiniLM-L6-v2").head, Head::kNone);
  EXPECT_EQ(encoder_model("jackdaw-rerank-l6").head, Head::kClassifier);
  EXPECT_THROW(encoder_model("no-such-model"), Error);
}

}  // namespace
}  // namespace jackdaw::inference
