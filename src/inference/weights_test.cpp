#include "inference/weights.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>

#include "core/error.h"
#include "inference/encoder_file.h"
#include "tests/support/inference_files.h"

namespace jackdaw::inference {
namespace {

using testing::ScratchFolder;

std::string safetensors(const std::string& header, const std::string& data) {
  std::string out(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) out[i] = static_cast<char>(header.size() >> (8 * i) & 0xff);
  return out + header + data;
}

TensorFile parse(const ScratchFolder& folder, const std::string& bytes) {
  return read_safetensors(std::make_shared<const MappedFile>(folder.write("m.safetensors", bytes), 1 << 20));
}

TensorFile parse_onnx(const ScratchFolder& folder, const std::string& bytes) {
  return read_onnx(std::make_shared<const MappedFile>(folder.write("m.onnx", bytes), 1 << 20));
}

std::string two_floats() {
  const float values[2] = {1.5F, -2};
  std::string out(sizeof values, '\0');
  std::memcpy(out.data(), values, sizeof values);
  return out;
}

TEST(Safetensors, GivesTheTensorsWhereTheyLie) {
  const ScratchFolder folder;
  const TensorFile file =
      parse(folder,
            safetensors(R"({"__metadata__":{"format":"pt"},"a.bias":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                        R"("ids":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}})",
                        two_floats()));
  ASSERT_EQ(file.tensors.size(), 1U);
  EXPECT_EQ(to_f32(file.tensors.at("a.bias")), (std::vector<float>{1.5F, -2}));
}

TEST(Safetensors, RefusesWhatIsDamaged) {
  const ScratchFolder folder;
  const auto entry = [](const std::string& fields) { return R"({"a":{"dtype":"F32",)" + fields + "}}"; };
  const std::vector<std::string> bad{
      "short",
      std::string(8, '\xff') + "{}",
      safetensors("not json", two_floats()),
      safetensors("[]", two_floats()),
      safetensors(R"({"a":1})", two_floats()),
      safetensors(entry(R"("shape":[2])"), two_floats()),
      safetensors(entry(R"("shape":[3],"data_offsets":[0,8])"), two_floats()),
      safetensors(entry(R"("shape":[2],"data_offsets":[0,9])"), two_floats()),
      safetensors(entry(R"("shape":[2],"data_offsets":[8,0])"), two_floats()),
      safetensors(entry(R"("shape":[-2],"data_offsets":[0,8])"), two_floats()),
      safetensors(entry(R"("shape":[4294967296,4294967296],"data_offsets":[0,0])"), two_floats()),
      safetensors(entry(R"("shape":[16777216,16777216,16777216],"data_offsets":[0,8])"), two_floats()),
  };
  for (const std::string& bytes : bad) {
    try {
      parse(folder, bytes);
      ADD_FAILURE() << "took " << bytes;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
    }
  }
}

// One length-delimited protobuf field.
std::string field(int number, const std::string& bytes) {
  std::string out(1, static_cast<char>(number << 3 | 2));
  for (std::size_t size = bytes.size();; size >>= 7) {
    out += static_cast<char>((size & 0x7f) | (size > 0x7f ? 0x80 : 0));
    if (size <= 0x7f) return out + bytes;
  }
}

std::string number_field(int number, int value) {
  return {static_cast<char>(number << 3), static_cast<char>(value)};
}

// A graph of one multiplication with a 2 x 2 matrix of signed bytes, scale 0.5, zero point -1.
std::string small_onnx() {
  const float half = 0.5F;
  std::string scale_bytes(sizeof half, '\0');
  std::memcpy(scale_bytes.data(), &half, sizeof half);
  const std::string minus_one = std::string(9, '\xff') + '\x01';
  const std::string matrix = number_field(1, 2) + number_field(1, 2) + number_field(2, 3) + field(8, "w_quantized") +
                             field(9, std::string("\x01\x02\xff\x80", 4));
  const std::string scale = number_field(2, 1) + field(8, "w_scale") + field(4, scale_bytes);
  const std::string zero = number_field(2, 3) + field(8, "w_zero_point") + field(5, minus_one);
  const std::string node = field(1, "x") + field(1, "w_quantized") + field(1, "xz") + field(1, "w_zero_point") +
                           field(3, "/bert/encoder/layer.0/output/dense/MatMul_quant") + field(4, "MatMulInteger");
  return field(7, field(1, node) + field(5, matrix) + field(5, scale) + field(5, zero));
}

TEST(Onnx, GivesTheMatrixUnderTheNameOfItsMultiplication) {
  const ScratchFolder folder;
  const TensorFile file = parse_onnx(folder, small_onnx());
  const Tensor& matrix = file.tensors.at("encoder.layer.0.output.dense.weight");
  EXPECT_TRUE(matrix.input_major);
  EXPECT_EQ(matrix.zero_point, -1);
  EXPECT_EQ(to_f32(matrix), (std::vector<float>{1, 1.5F, 0, -63.5F}));
}

// Whatever the bytes say, there is a result or an Error; sanitizers watch the rest.
TEST(Onnx, SurvivesEveryCutAndManyDamages) {
  const ScratchFolder folder;
  const std::string good = small_onnx();
  const auto attempt = [&](const std::string& bytes) {
    try {
      for (const auto& [name, tensor] : parse_onnx(folder, bytes).tensors) to_f32(tensor);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
    }
  };
  for (std::size_t cut = 1; cut < good.size(); ++cut) attempt(good.substr(0, cut));
  std::mt19937 random(11);
  for (int i = 0; i < 300; ++i) {
    std::string bytes = good;
    for (int k = 0; k < 3; ++k) bytes[random() % bytes.size()] = static_cast<char>(random());
    attempt(bytes);
  }
}

TEST(Weights, KnowTheShapeOfBothModels) {
  if (!testing::has_models()) GTEST_SKIP() << testing::kNoModels;
  const BertWeights embedder =
      read_bert_weights(testing::models_dir() / "all-MiniLM-L6-v2" / "model.safetensors", Head::kNone);
  EXPECT_EQ(embedder.layers.size(), 6U);
  EXPECT_EQ(embedder.heads, 12U);
  EXPECT_FALSE(embedder.classifier);
  const BertWeights encoder =
      read_bert_weights(testing::models_dir() / "ms-marco-MiniLM-L-12-v2" / "model.onnx", Head::kClassifier);
  EXPECT_EQ(encoder.layers.size(), 12U);
  EXPECT_EQ(encoder.hidden, 384U);
  EXPECT_EQ(encoder.intermediate, 1536U);
  EXPECT_EQ(encoder.vocabulary, 30522U);
  EXPECT_EQ(encoder.positions_count, 512U);
  EXPECT_TRUE(encoder.classifier);
}

// The smallest encoder with the compact names, in ONNX; `quantized` are matrices that come from a multiplication.
std::string compact_onnx(const std::vector<std::string>& quantized, std::size_t types = 2) {
  constexpr std::size_t kHidden = 16;
  constexpr std::size_t kWide = 32;
  struct Named {
    std::string name;
    std::vector<std::size_t> shape;  // [outputs, inputs] of a matrix
  };
  const std::vector<Named> all{{"embeddings.word", {5, kHidden}},
                               {"embeddings.position", {3, kHidden}},
                               {"embeddings.token_type", {types, kHidden}},
                               {"embeddings.layer_norm.weight", {kHidden}},
                               {"embeddings.layer_norm.bias", {kHidden}},
                               {"layers.0.attention.qkv.weight", {3 * kHidden, kHidden}},
                               {"layers.0.attention.qkv.bias", {3 * kHidden}},
                               {"layers.0.attention.output.weight", {kHidden, kHidden}},
                               {"layers.0.attention.output.bias", {kHidden}},
                               {"layers.0.attention.layer_norm.weight", {kHidden}},
                               {"layers.0.attention.layer_norm.bias", {kHidden}},
                               {"layers.0.ffn.up.weight", {kWide, kHidden}},
                               {"layers.0.ffn.up.bias", {kWide}},
                               {"layers.0.ffn.down.weight", {kHidden, kWide}},
                               {"layers.0.ffn.down.bias", {kHidden}},
                               {"layers.0.ffn.layer_norm.weight", {kHidden}},
                               {"layers.0.ffn.layer_norm.bias", {kHidden}},
                               {"pooler.weight", {kHidden, kHidden}},
                               {"pooler.bias", {kHidden}},
                               {"classifier.weight", {1, kHidden}},
                               {"classifier.bias", {1}}};
  std::string graph;
  for (const auto& [name, shape] : all) {
    const bool is_quantized = std::ranges::find(quantized, name) != quantized.end();
    auto dimensions = shape;
    if (is_quantized) std::ranges::reverse(dimensions);
    std::string tensor;
    for (const std::size_t size : dimensions) tensor += number_field(1, static_cast<int>(size));
    if (!is_quantized) {
      const std::string values(4 * count_elements(shape), '\0');
      graph += field(5, tensor + number_field(2, 1) + field(8, name) + field(9, values));
      continue;
    }
    const std::string one_half("\0\0\0\x3f", 4);
    graph += field(5, tensor + number_field(2, 3) + field(8, name + "_quantized") +
                          field(9, std::string(count_elements(shape), '\1')));
    graph += field(5, number_field(2, 1) + field(8, name + "_scale") + field(4, one_half));
    graph += field(5, number_field(2, 3) + field(8, name + "_zero_point") + field(5, std::string(1, '\0')));
    std::string node = name.substr(0, name.rfind(".weight"));
    std::ranges::replace(node, '.', '/');
    graph += field(1, field(1, "x") + field(1, name + "_quantized") + field(3, "/" + node + "/MatMul_quant") +
                          field(4, "MatMulInteger"));
  }
  return field(7, graph);
}

TEST(Weights, TakeMatricesThatLieTheOtherWayRoundWhereThatIsClear) {
  const ScratchFolder folder;
  const auto bytes = compact_onnx(
      {"layers.0.attention.output.weight", "layers.0.ffn.up.weight", "layers.0.ffn.down.weight", "pooler.weight"});
  const BertWeights weights = read_bert_weights(folder.write("m.onnx", bytes), Head::kClassifier, 16);
  EXPECT_TRUE(weights.layers.at(0).intermediate.weight.input_major);
  EXPECT_EQ(weights.intermediate, 32U);
  EXPECT_FALSE(encode_encoder(weights, Precision::kFp32, Additions::kFour, std::string(64, '0')).empty());
}

// Queries, keys and values stand in one matrix, of which rows are cut out: three times as wide, they reach beyond it.
TEST(Weights, RefuseAStackedMatrixThatLiesTheOtherWayRound) {
  const ScratchFolder folder;
  try {
    read_bert_weights(folder.write("m.onnx", compact_onnx({"layers.0.attention.qkv.weight"})), Head::kNone, 16);
    FAIL() << "did not throw";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
    EXPECT_NE(std::string(error.what()).find("layers.0.attention.qkv.weight"), std::string::npos) << error.what();
  }
}

TEST(Weights, RefuseVectorsOfBytesAndTablesOfAnotherShape) {
  const ScratchFolder folder;
  for (const std::string name : {"layers.0.ffn.layer_norm.weight", "embeddings.layer_norm.weight"}) {
    EXPECT_THROW(read_bert_weights(folder.write("m.onnx", compact_onnx({name})), Head::kNone, 16), Error) << name;
  }
  EXPECT_THROW(read_bert_weights(folder.write("m.onnx", compact_onnx({}, 3)), Head::kNone, 16), Error);
}

TEST(Weights, SayWhatIsMissing) {
  const ScratchFolder folder;
  const auto path = folder.write("m.safetensors", safetensors("{}", ""));
  try {
    read_bert_weights(path, Head::kNone);
    FAIL() << "did not throw";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
    EXPECT_NE(std::string(error.what()).find("word_embeddings"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace jackdaw::inference
