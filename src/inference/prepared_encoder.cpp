#include "inference/prepared_encoder.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/log.h"
#include "inference/model_files.h"
#include "inference/sha256.h"

namespace jackdaw::inference {
namespace {

constexpr std::array<EncoderModel, 4> kModels{{
    {.name = "all-MiniLM-L6-v2", .weights = "model.safetensors", .head = Head::kNone, .pooling = Pooling::kMean},
    {.name = "jackdaw-rerank-l3", .weights = "model.safetensors", .head = Head::kClassifier},
    {.name = "jackdaw-rerank-l6", .weights = "model.safetensors", .head = Head::kClassifier},
    {.name = "ms-marco-MiniLM-L-12-v2", .weights = "model.onnx", .head = Head::kClassifier},
}};

std::string file_name(const EncoderModel& model, Precision precision) {
  return std::string(model.name) + "-" + std::string(to_string(precision)) + ".encoder";
}

const ModelFile& pinned_weights(const EncoderModel& model) {
  const auto files = model_files();
  const auto found = std::ranges::find_if(
      files, [&](const ModelFile& file) { return file.model == model.name && file.name == model.weights; });
  if (found != files.end()) return *found;
  throw Error(ErrorCode::kInternal, "The weights of " + std::string(model.name) + " have no pin.");
}

// Null when there is none that can be used.
std::shared_ptr<const EncoderFile> open_prepared(const std::filesystem::path& path, const std::string& source) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return nullptr;
  try {
    return std::make_shared<const EncoderFile>(path, source);
  } catch (const Error& error) {
    log::warning(std::string(error.what()) + " It is made again now.");
    return nullptr;
  }
}

std::vector<std::byte> prepare(const EncoderModel& model, Precision precision, const std::filesystem::path& model_dir) {
  const auto path = require_model_file(model_dir, model.name, model.weights);
  const BertWeights weights = read_bert_weights(path, model.head, model.head_width);
  const std::string expected(pinned_weights(model).sha256);
  if (sha256_hex(weights.file->bytes()) != expected) {
    throw Error(ErrorCode::kUnavailable, "The model file " + path.string() +
                                             " is not the one that it should be: its SHA-256 is another. Run `jackdaw "
                                             "models pull` to fetch it again.");
  }
  return encode_encoder(weights, precision, Additions::kFour, expected);
}

// Under a name of its own first, so that the file is whole or not there. False when it could not be written.
bool write_whole(const std::filesystem::path& path, const std::vector<std::byte>& bytes) {
  std::error_code failed;
  std::filesystem::create_directories(path.parent_path(), failed);
  std::filesystem::path part = path;
  part += ".part" + std::to_string(::getpid());
  std::ofstream out(part, std::ios::binary | std::ios::trunc);
  out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (out) std::filesystem::rename(part, path, failed);
  if (out && !failed) return true;
  std::filesystem::remove(part, failed);
  return false;
}

}  // namespace

const EncoderModel& encoder_model(std::string_view name) {
  const auto found = std::ranges::find(kModels, name, &EncoderModel::name);
  if (found != kModels.end()) return *found;
  throw Error(ErrorCode::kInternal, "No encoder is called " + std::string(name) + ".");
}

std::string_view to_string(Precision precision) noexcept {
  return precision == Precision::kInt8 ? "int8" : "fp32";
}

std::filesystem::path prepared_path(const std::filesystem::path& model_dir, const EncoderModel& model,
                                    Precision precision) {
  return model_dir / model.name / file_name(model, precision);
}

std::shared_ptr<const EncoderFile> open_encoder(const EncoderModel& model, Precision precision,
                                                const std::filesystem::path& model_dir,
                                                const std::filesystem::path& cache_dir) {
  const std::string source(pinned_weights(model).sha256);
  std::vector<std::filesystem::path> places{prepared_path(model_dir, model, precision)};
  if (!cache_dir.empty()) places.push_back(cache_dir / file_name(model, precision));
  for (const auto& place : places) {
    if (auto found = open_prepared(place, source)) return found;
  }
  std::vector<std::byte> bytes = prepare(model, precision, model_dir);
  for (const auto& place : places) {
    if (write_whole(place, bytes)) return std::make_shared<const EncoderFile>(place, source);
  }
  log::warning("The prepared form of " + std::string(model.name) + " could not be kept in " +
               places.front().parent_path().string() + ": it is made at every start, which takes some seconds.");
  return std::make_shared<const EncoderFile>(std::move(bytes), file_name(model, precision), source);
}

void prepare_encoders(const std::filesystem::path& model_dir) {
  for (const EncoderModel& model : kModels) {
    std::error_code ignored;
    if (!std::filesystem::exists(model_dir / model.name / model.weights, ignored)) continue;
    open_encoder(model, Precision::kInt8, model_dir, {});
  }
}

}  // namespace jackdaw::inference
