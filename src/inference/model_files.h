#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace jackdaw::inference {

// A file that a model needs, as it was pinned.
struct ModelFile {
  std::string_view model;   // "all-MiniLM-L6-v2": also the folder, under the folder of models
  std::string_view name;    // of the file in that folder
  std::string_view sha256;  // 64 lower-case hex digits
  std::uint64_t bytes = 0;
};

enum class ModelFileState { kGood, kMissing, kDamaged };

struct VerifiedModelFile {
  ModelFile file;
  std::filesystem::path path;
  ModelFileState state = ModelFileState::kMissing;
};

// Every file of every model that the program knows; it runs with an embedder and one of the rerankers.
std::span<const ModelFile> model_files() noexcept;

// Where a file is, under the folder of models.
std::filesystem::path path_of(const ModelFile& file, const std::filesystem::path& model_dir);

// Reads every file whole and compares it with its pin; takes about a tenth of a second for each 100 MB.
std::vector<VerifiedModelFile> verify_models(const std::filesystem::path& model_dir);

// The path of a file that is there and has the pinned size. Throws Error kUnavailable otherwise, with the command that
// fetches it.
std::filesystem::path require_model_file(const std::filesystem::path& model_dir, std::string_view model,
                                         std::string_view name);

}  // namespace jackdaw::inference
