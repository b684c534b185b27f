#include "inference/prepared_encoder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "core/checksum.h"
#include "core/error.h"
#include "inference/encoder_layout.h"
#include "inference/model_files.h"
#include "tests/support/inference_files.h"

namespace jackdaw::inference {
namespace {

namespace fs = std::filesystem;
using testing::ScratchFolder;

constexpr const char* kModel = "jackdaw-rerank-l6";  // the smallest

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
  static std::string file_source() {
    const auto files = model_files();
    return std::string(std::ranges::find_if(files, [](const ModelFile& file) {
                         return file.model == kModel && file.name == "model.safetensors";
                       })->sha256);
  }
  static void seal(EncoderHeader& header) {
    Checksum checksum;
    checksum.add(std::as_bytes(std::span(&header, 1)).first(sizeof(header) - sizeof(header.header_checksum)));
    header.header_checksum = checksum.value();
  }
  // An encoder of zeros in the place of the model's, which claims to be made of the model's weights.
  static void write_prepared(const fs::path& models, const EncoderShape& shape) {
    EncoderHeader header{};
    std::memcpy(header.magic, kEncoderMagic.data(), sizeof(header.magic));
    header.version = kEncoderFileVersion;
    header.precision = static_cast<std::uint32_t>(Precision::kFp32);
    header.additions = static_cast<std::uint32_t>(Additions::kFour);
    set_source(header, file_source());
    header.layers = static_cast<std::uint32_t>(shape.layers);
    header.heads = static_cast<std::uint32_t>(shape.heads);
    header.hidden = static_cast<std::uint32_t>(shape.hidden);
    header.intermediate = static_cast<std::uint32_t>(shape.intermediate);
    header.vocabulary = static_cast<std::uint32_t>(shape.vocabulary);
    header.positions = static_cast<std::uint32_t>(shape.positions);
    header.types = static_cast<std::uint32_t>(shape.types);
    header.has_classifier = shape.has_classifier ? 1 : 0;
    std::vector<std::byte> bytes(EncoderLayout(shape, Precision::kFp32).bytes);
    header.file_bytes = bytes.size();
    Checksum body;
    body.add(std::span(bytes).subspan(sizeof(header)));
    header.body_checksum = body.value();
    seal(header);
    std::memcpy(bytes.data(), &header, sizeof(header));
    std::ofstream out(prepared(models), std::ios::binary);
    out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
  // The model in 8 bits, in its place; rounding it here would take longer.
  static fs::path rounded(const fs::path& models) {
    const EncoderModel& model = encoder_model(kModel);
    const fs::path place = prepared_path(models, model, Precision::kInt8);
    open_encoder(model, Precision::kInt8, testing::models_dir(), models / kModel);
    if (!fs::exists(place)) fs::copy_file(prepared_path(testing::models_dir(), model, Precision::kInt8), place);
    return place;
  }
  static std::size_t files_in(const fs::path& folder) {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
  }

  ScratchFolder scratch_;
};

void expect_the_model(const EncoderFile& file) {
  EXPECT_EQ(file.shape().layers, 6U);
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

// Well-formed files of these very weights by their word, with right checksums.
TEST_F(PreparedEncoder, IsMadeAgainWhereItIsNotWhatItsNameSays) {
  const fs::path folder = models();
  open(folder);
  const EncoderShape good = encoder_model(kModel).shape;
  const auto changed = [&](auto change) {
    EncoderShape shape = good;
    change(shape);
    return shape;
  };
  const std::vector<EncoderShape> others{
      changed([](EncoderShape& shape) { shape.has_classifier = false; }),
      changed([](EncoderShape& shape) { shape.types = 1; }),
      changed([](EncoderShape& shape) { shape.positions = 16; }),
      changed([](EncoderShape& shape) { shape.layers = 2; }),
  };
  for (std::size_t i = 0; i < others.size(); ++i) {
    SCOPED_TRACE(i);
    write_prepared(folder, others[i]);
    ASSERT_EQ(EncoderFile(prepared(folder), file_source()).shape(), others[i]) << "it is well-formed";
    expect_the_model(*open(folder));
  }
}

TEST_F(PreparedEncoder, IsMadeAgainWhereItIsOfAnotherPrecision) {
  const fs::path folder = models();
  fs::rename(rounded(folder), prepared(folder));
  const auto exact = open(folder);
  expect_the_model(*exact);
  EXPECT_EQ(exact->precision(), Precision::kFp32);
}

TEST_F(PreparedEncoder, IsMadeAgainWhereItWasRoundedInAnotherWay) {
  const fs::path folder = models();
  const fs::path place = rounded(folder);
  {
    std::fstream file(place, std::ios::in | std::ios::out | std::ios::binary);
    EncoderHeader header;
    file.read(reinterpret_cast<char*>(&header), sizeof(header));
    header.additions = static_cast<std::uint32_t>(Additions::kTwo);
    seal(header);
    file.seekp(0).write(reinterpret_cast<const char*>(&header), sizeof(header));
  }
  ASSERT_EQ(EncoderFile(place, file_source()).additions(), Additions::kTwo);
  const auto file = open_encoder(encoder_model(kModel), Precision::kInt8, folder, {});
  expect_the_model(*file);
  EXPECT_EQ(file->additions(), Additions::kFour);
}

// Nobody needs to know of it.
TEST_F(PreparedEncoder, IsTakenFromTheCacheWithoutAWordWhereTheModelsHoldADamagedOne) {
  const fs::path folder = models();
  const fs::path cache = scratch_.path() / "cache";
  open(folder);
  fs::create_directories(cache);
  fs::rename(prepared(folder), cache / prepared(folder).filename());
  scratch_.write("models/" + std::string(kModel) + "/" + prepared(folder).filename().string(), "damaged");
  ::testing::internal::CaptureStderr();
  expect_the_model(*open(folder, cache));
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

TEST_F(PreparedEncoder, SaysInTheLogThatADamagedOneIsMadeAgainAndAsksForNothing) {
  const fs::path folder = models();
  scratch_.write("models/" + std::string(kModel) + "/" + prepared(folder).filename().string(), "damaged");
  ::testing::internal::CaptureStderr();
  expect_the_model(*open(folder));
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(said.find("It is made again now."), std::string::npos) << said;
  EXPECT_EQ(said.find("models pull"), std::string::npos) << said;
}

// As `jackdaw models pull` asks for it.
TEST_F(PreparedEncoder, WithoutACacheNobodyIsToldThatEveryStartTakesLonger) {
  ::testing::internal::CaptureStderr();
  expect_the_model(*open(unwritable_models()));
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(said.find("every start"), std::string::npos) << said;
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
    file.put('\x77').put('\x77');  // no reader of the format would take it
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
    EXPECT_NE(sentence.find("SHA-256"), std::string::npos) << "parsed before it was compared: " << sentence;
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
  EXPECT_FALSE(encoder_model("all-MiniLM-L6-v2").shape.has_classifier);
  EXPECT_TRUE(encoder_model("jackdaw-rerank-l6").shape.has_classifier);
  EXPECT_THROW(encoder_model("no-such-model"), Error);
}

}  // namespace
}  // namespace jackdaw::inference
