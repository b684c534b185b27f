#pragma once

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

// Files for the tests of this room. The evaluation data stays outside the project: archives are unpacked once into the
// build folder; tests that need one skip when it is absent.
namespace jackdaw::extract::testing {

inline std::filesystem::path data_folder() {
  if (const char* folder = std::getenv("JACKDAW_TEST_DATA"); folder != nullptr) return folder;
  return std::filesystem::weakly_canonical(JACKDAW_SOURCE_DIR) / "../shared/data";
}

inline std::filesystem::path program(std::string_view name) {
  return std::filesystem::path(JACKDAW_BINARY_DIR) / name;
}

// The folder with the files of pdf/<name>.tar.xz; empty when the archive is absent.
inline std::filesystem::path unpacked(const std::string& name) {
  namespace fs = std::filesystem;
  const fs::path archive = data_folder() / "pdf" / (name + ".tar.xz");
  if (!fs::exists(archive)) return {};
  const fs::path folder = program("test_corpus") / name;
  if (fs::exists(folder)) return folder;
  // Several tests may be at it at once: each unpacks for itself, the first to be ready wins.
  std::string own = (program("test_corpus") / (name + ".XXXXXX")).string();
  fs::create_directories(folder.parent_path());
  if (mkdtemp(own.data()) == nullptr) return {};
  if (std::system(("tar -xJf '" + archive.string() + "' -C '" + own + "'").c_str()) != 0) return {};
  std::error_code taken;
  fs::rename(own, folder, taken);
  if (taken) fs::remove_all(own);
  return folder;
}

// All PDFs below a folder, sorted by path.
inline std::vector<std::filesystem::path> pdfs_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && entry.path().extension() == ".pdf") found.push_back(entry.path());
  }
  std::ranges::sort(found);
  return found;
}

// A file of its own, removed at the end.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view content) : path_(program("jackdaw_extract_test.XXXXXX").string()) {
    const int descriptor = mkstemp(path_.data());
    if (descriptor < 0) std::abort();
    std::ofstream(path_, std::ios::binary) << content;
    close(descriptor);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() { std::filesystem::remove(path_); }

  std::filesystem::path path() const { return path_; }
  void make_executable() const { std::filesystem::permissions(path_, std::filesystem::perms::owner_all); }

 private:
  std::string path_;
};

inline std::string content_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace jackdaw::extract::testing
