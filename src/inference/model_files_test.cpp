#include "inference/model_files.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "inference/sha256.h"
#include "tests/support/inference_files.h"

namespace jackdaw::inference {
namespace {

TEST(ModelFiles, MatchTheirPins) {
  if (!testing::has_models()) GTEST_SKIP() << testing::kNoModels;
  const auto verified = verify_models(testing::models_dir());
  EXPECT_EQ(verified.size(), model_files().size());
  for (const VerifiedModelFile& file : verified) EXPECT_EQ(file.state, ModelFileState::kGood) << file.path;
}

TEST(ModelFiles, ThatAreMissingAreSaidToBe) {
  const testing::ScratchFolder folder;
  for (const VerifiedModelFile& file : verify_models(folder.path())) {
    EXPECT_EQ(file.state, ModelFileState::kMissing);
    EXPECT_EQ(file.path, folder.path() / file.file.model / file.file.name);
  }
}

TEST(ModelFiles, OfTheRightSizeButOtherBytesAreDamaged) {
  const testing::ScratchFolder folder;
  folder.write("all-MiniLM-L6-v2/vocab.txt", std::string(231'508, 'x'));
  for (const VerifiedModelFile& file : verify_models(folder.path())) {
    const bool written = file.file.model == "all-MiniLM-L6-v2" && file.file.name == "vocab.txt";
    EXPECT_EQ(file.state, written ? ModelFileState::kDamaged : ModelFileState::kMissing);
  }
}

TEST(ModelFiles, OfTheWrongSizeAreRefusedWithTheCommandThatFetchesThem) {
  const testing::ScratchFolder folder;
  folder.write("all-MiniLM-L6-v2/vocab.txt", "short");
  for (const char* name : {"vocab.txt", "model.safetensors"}) {
    try {
      require_model_file(folder.path(), "all-MiniLM-L6-v2", name);
      FAIL() << name << " was taken";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
      EXPECT_NE(std::string(error.what()).find("jackdaw models pull"), std::string::npos) << error.what();
    }
  }
}

TEST(Sha256, IsThatOfTheStandard) {
  const std::string abc = "abc";
  EXPECT_EQ(sha256_hex(std::as_bytes(std::span(abc))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace jackdaw::inference
