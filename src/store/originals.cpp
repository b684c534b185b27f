#include "store/originals.h"

#include <algorithm>
#include <cstdio>
#include <string_view>
#include <system_error>
#include <utility>

#include "core/error.h"
#include "store/durable_file.h"

namespace jackdaw::store {
namespace {

constexpr std::size_t kSha256Digits = 64;

bool is_sha256(std::string_view text) noexcept {
  return text.size() == kSha256Digits &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

Originals::Originals(const std::filesystem::path& data_dir) : folder_(data_dir / "originals") {
  make_folder(folder_);
}

std::filesystem::path Originals::path_of(const std::string& sha256) const {
  if (!is_sha256(sha256)) throw Error(ErrorCode::kInvalidArgument, "A SHA-256 has 64 lower-case hexadecimal digits.");
  return folder_ / sha256.substr(0, 2) / sha256;
}

void Originals::move_in(const IncomingFile& file) const {
  const std::filesystem::path path = path_of(file.sha256);
  make_folder(path.parent_path());
  rename_file(file.path, path);
}

void Originals::make_durable(const std::string& sha256) const {
  sync_folder(path_of(sha256).parent_path());
}

void Originals::give_back(const IncomingFile& file) const noexcept {
  std::rename((folder_ / file.sha256.substr(0, 2) / file.sha256).c_str(), file.path.c_str());
}

void Originals::remove(const std::string& sha256) const {
  const std::filesystem::path path = path_of(sha256);
  if (delete_file(path)) sync_folder(path.parent_path());
}

std::vector<std::string> Originals::all_in(const std::filesystem::path& data_dir) {
  std::vector<std::string> names;
  std::error_code none;
  for (const auto& shelf : std::filesystem::directory_iterator(data_dir / "originals", none)) {
    if (!shelf.is_directory()) continue;
    for (const auto& entry : std::filesystem::directory_iterator(shelf.path())) {
      std::string name = entry.path().filename().string();
      if (is_sha256(name) && name.starts_with(shelf.path().filename().string())) names.push_back(std::move(name));
    }
  }
  return names;
}

std::vector<std::string> Originals::unreferenced(const std::function<bool(const std::string&)>& is_named) const {
  std::vector<std::string> names = all_in(folder_.parent_path());
  std::erase_if(names, is_named);
  return names;
}

}  // namespace jackdaw::store
