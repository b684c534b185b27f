#include "inference/model_files.h"

#include <algorithm>
#include <array>
#include <system_error>

#include "core/error.h"
#include "inference/mapped_file.h"
#include "inference/sha256.h"

namespace jackdaw::inference {
namespace {

constexpr std::string_view kVocabularySha256 = "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3";

constexpr std::array<ModelFile, 6> kFiles{{
    {"all-MiniLM-L6-v2", "model.safetensors", "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
     90'868'376},
    {"all-MiniLM-L6-v2", "vocab.txt", kVocabularySha256, 231'508},
    {"jackdaw-rerank-l6", "model.safetensors", "840ffcc76e1a6243f4db5a24b97be524c4632abe5aa9af1e23bda567b97e3708",
     23'470'036},
    {"jackdaw-rerank-l6", "vocab.txt", kVocabularySha256, 231'508},
    {"ms-marco-MiniLM-L-12-v2", "model.onnx", "1225ccd6afd0f1b43a1b08bf67cd1cb68c05aafb443e9d8450015b8b3837ffd1",
     34'001'604},
    {"ms-marco-MiniLM-L-12-v2", "vocab.txt", kVocabularySha256, 231'508},
}};

ModelFileState state_of(const ModelFile& file, const std::filesystem::path& path) {
  std::error_code failed;
  const auto bytes = std::filesystem::file_size(path, failed);
  if (failed) return ModelFileState::kMissing;
  if (bytes != file.bytes) return ModelFileState::kDamaged;
  const MappedFile mapped(path, file.bytes);
  return sha256_hex(mapped.bytes()) == file.sha256 ? ModelFileState::kGood : ModelFileState::kDamaged;
}

}  // namespace

std::span<const ModelFile> model_files() noexcept {
  return kFiles;
}

std::filesystem::path path_of(const ModelFile& file, const std::filesystem::path& model_dir) {
  return model_dir / file.model / file.name;
}

std::vector<VerifiedModelFile> verify_models(const std::filesystem::path& model_dir) {
  std::vector<VerifiedModelFile> out;
  for (const ModelFile& file : kFiles) {
    auto path = path_of(file, model_dir);
    const ModelFileState state = state_of(file, path);
    out.push_back({.file = file, .path = std::move(path), .state = state});
  }
  return out;
}

std::filesystem::path require_model_file(const std::filesystem::path& model_dir, std::string_view model,
                                         std::string_view name) {
  const auto file =
      std::ranges::find_if(kFiles, [&](const ModelFile& f) { return f.model == model && f.name == name; });
  if (file == kFiles.end()) {
    throw Error(ErrorCode::kInternal, "No pinned model file is called " + std::string(model) + "/" + std::string(name));
  }
  auto path = path_of(*file, model_dir);
  std::error_code failed;
  const auto bytes = std::filesystem::file_size(path, failed);
  if (failed) {
    throw Error(ErrorCode::kUnavailable, "The model file " + path.string() +
                                             " is missing. Run `jackdaw models pull` to fetch it, or point "
                                             "JACKDAW_MODELS at the folder that holds it.");
  }
  if (bytes != file->bytes) {
    throw Error(ErrorCode::kUnavailable, "The model file " + path.string() + " has " + std::to_string(bytes) +
                                             " bytes instead of " + std::to_string(file->bytes) +
                                             ". Run `jackdaw models pull` to fetch it again.");
  }
  return path;
}

}  // namespace jackdaw::inference
