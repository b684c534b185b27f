#include "inference/prepared_encoder.h"

#include <algorithm>
#include <array>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/log.h"
#include "inference/model_files.h"
#include "inference/sha256.h"
#include "inference/whole_file.h"

namespace jackdaw::inference {
namespace {

constexpr Additions kAdditions = Additions::kFour;

// All are MiniLMs (Wang et al. 2020) over the words of BERT.
constexpr EncoderShape mini_lm(std::size_t layers, bool has_classifier) {
  return {.layers = layers,
          .heads = 12,
          .hidden = 384,
          .intermediate = 1536,
          .vocabulary = 30522,
          .positions = 512,
          .types = 2,
          .has_classifier = has_classifier};
}

constexpr std::array<EncoderModel, 3> kModels{{
    {.name = "all-MiniLM-L6-v2", .weights = "model.safetensors", .shape = mini_lm(6, false), .pooling = Pooling::kMean},
    {.name = "jackdaw-rerank-l6", .weights = "model.safetensors", .shape = mini_lm(6, true)},
    {.name = "ms-marco-MiniLM-L-12-v2", .weights = "model.onnx", .shape = mini_lm(12, true)},
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

// The prepared forms of one model: where they may be, and what is wrong with those that cannot be used.
class Prepared {
 public:
  Prepared(const EncoderModel& model, Precision precision) : model_(model), precision_(precision) {}

  // Null when there is none that can be used.
  std::shared_ptr<const EncoderFile> open(const std::filesystem::path& path) {
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) return nullptr;
    try {
      auto file = std::make_shared<const EncoderFile>(path, std::string(pinned_weights(model_).sha256));
      if (is_the_model(*file)) return file;
      complaints_.push_back("The prepared model " + path.string() + " is not what its name says.");
    } catch (const Error& error) {
      complaints_.emplace_back(error.what());
    }
    return nullptr;
  }

  const std::vector<std::string>& complaints() const noexcept { return complaints_; }

 private:
  bool is_the_model(const EncoderFile& file) const {
    const bool is_rounded_alike = file.precision() == Precision::kFp32 || file.additions() == kAdditions;
    return file.shape() == model_.shape && file.precision() == precision_ && is_rounded_alike;
  }

  const EncoderModel& model_;
  Precision precision_;
  std::vector<std::string> complaints_;
};

std::vector<std::byte> prepare(const EncoderModel& model, Precision precision, const std::filesystem::path& model_dir) {
  const auto path = require_model_file(model_dir, model.name, model.weights);
  auto file = std::make_shared<const MappedFile>(path, kMaxWeightsBytes);
  const std::string expected(pinned_weights(model).sha256);
  if (sha256_hex(file->bytes()) != expected) {
    throw Error(ErrorCode::kUnavailable, "The model file " + path.string() +
                                             " is not the one that it should be: its SHA-256 is another. Run `jackdaw "
                                             "models pull` to fetch it again.");
  }
  const EncoderShape& shape = model.shape;
  const Head head = shape.has_classifier ? Head::kClassifier : Head::kNone;
  return encode_encoder(read_bert_weights(std::move(file), head, shape.hidden / shape.heads), precision, kAdditions,
                        expected);
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
  std::vector<std::filesystem::path> places{prepared_path(model_dir, model, precision)};
  if (!cache_dir.empty()) places.push_back(cache_dir / file_name(model, precision));
  Prepared prepared(model, precision);
  for (const auto& place : places) {
    if (auto found = prepared.open(place)) return found;
  }
  // Of no interest where another place had a good one.
  for (const std::string& complaint : prepared.complaints()) log::warning(complaint + " It is made again now.");
  std::vector<std::byte> bytes = prepare(model, precision, model_dir);
  for (const auto& place : places) {
    if (!write_whole(place, bytes)) continue;
    if (auto found = prepared.open(place)) return found;
  }
  const std::string name(model.name);
  log::warning("The prepared form of " + name + " cannot be kept in " + places.front().parent_path().string() +
               (cache_dir.empty()
                    ? ": a server keeps it in its data folder."
                    : " nor in " + cache_dir.string() + ": it is made at every start, which takes some seconds."));
  return std::make_shared<const EncoderFile>(std::move(bytes), file_name(model, precision),
                                             std::string(pinned_weights(model).sha256));
}

void prepare_encoders(const std::filesystem::path& model_dir) {
  for (const EncoderModel& model : kModels) {
    std::error_code ignored;
    if (!std::filesystem::exists(model_dir / model.name / model.weights, ignored)) continue;
    open_encoder(model, Precision::kInt8, model_dir, {});
  }
}

}  // namespace jackdaw::inference
