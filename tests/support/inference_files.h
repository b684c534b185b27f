#pragma once

#include <boost/json.hpp>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace jackdaw::testing {

// Where the unpacked models are; the folder may be absent.
inline std::filesystem::path models_dir() {
  const char* given = std::getenv("JACKDAW_TEST_MODELS");
  return given != nullptr ? std::filesystem::path(given)
                          : std::filesystem::path(JACKDAW_SOURCE_DIR) / "third_party" / "models";
}

inline bool has_models() {
  return std::filesystem::exists(models_dir() / "all-MiniLM-L6-v2" / "model.safetensors") &&
         std::filesystem::exists(models_dir() / "ms-marco-MiniLM-L-12-v2" / "model.onnx");
}

inline constexpr const char* kNoModels = "The model files are not there: run 'make setup', or set JACKDAW_TEST_MODELS.";

// Big shared test data; the folder may be absent.
inline std::filesystem::path shared_data_dir() {
  const char* given = std::getenv("JACKDAW_TEST_DATA");
  return given != nullptr ? std::filesystem::path(given)
                          : std::filesystem::path(JACKDAW_SOURCE_DIR) / ".." / "shared" / "data";
}

// The objects of a file of JSON lines.
inline std::vector<boost::json::object> read_json_lines(const std::filesystem::path& path) {
  std::vector<boost::json::object> out;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) out.push_back(boost::json::parse(line).as_object());
  return out;
}

inline std::string text_of(const boost::json::object& object, const char* key) {
  const auto& text = object.at(key).as_string();
  return {text.data(), text.size()};
}

// A folder that is removed with all it holds.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "jackdaw-inference-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::filesystem::path& path() const noexcept { return path_; }
  std::filesystem::path write(const std::string& name, const std::string& bytes) const {
    const auto path = path_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace jackdaw::testing
