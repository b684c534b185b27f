#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "inference/encoder_file.h"
#include "inference/encoder_shape.h"

namespace jackdaw::inference {

// How the states of a text's tokens become one vector: their mean, or the first token's.
enum class Pooling { kMean, kFirst };

// A model that the program knows: its pinned files (model_files.h), its shape, and what no tensor tells.
struct EncoderModel {
  std::string_view name;     // the folder
  std::string_view weights;  // the file in it
  EncoderShape shape;
  Pooling pooling = Pooling::kMean;
};

// Embedders and rerankers by name. Throws Error kInternal for any other.
const EncoderModel& encoder_model(std::string_view name);

std::string_view to_string(Precision precision) noexcept;  // "fp32", "int8"

// Where the prepared form of a model is looked for and put, first the folder of models, then `cache_dir` (none when it
// is empty).
std::filesystem::path prepared_path(const std::filesystem::path& model_dir, const EncoderModel& model,
                                    Precision precision);

// The model, ready to run. One that was prepared before is mapped; otherwise its weights, which must have their pinned
// SHA-256, are converted (one to three seconds) and the result is kept for the next time, in the folder of models or
// else in `cache_dir`; where neither can be written, in memory alone, which the log says. A prepared file that is
// damaged, of another version, of other weights, or not of the model and the precision that its name tells is made
// again, which the log says too. Throws Error kUnavailable, naming the command that fetches the weights.
std::shared_ptr<const EncoderFile> open_encoder(const EncoderModel& model, Precision precision,
                                                const std::filesystem::path& model_dir,
                                                const std::filesystem::path& cache_dir);

// Prepares every model whose weights are there, in the folder of models, as `jackdaw models pull` does.
void prepare_encoders(const std::filesystem::path& model_dir);

}  // namespace jackdaw::inference
