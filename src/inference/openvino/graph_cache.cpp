#include "inference/openvino/graph_cache.h"

#include <fcntl.h>
#include <openvino/runtime/compiled_model.hpp>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <system_error>

#include "core/error.h"
#include "core/log.h"
#include "inference/sha256.h"

namespace jackdaw::inference {
namespace {

constexpr std::size_t kMaxGraphBytes = std::size_t{1} << 30;
constexpr std::string_view kGraphVersion = "1";  // grows when bert_graph.cpp changes what it builds

void sync_to_disk(const std::filesystem::path& file, std::error_code& failed) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0 || ::fsync(descriptor) != 0) failed = std::error_code(errno, std::generic_category());
  if (descriptor >= 0) ::close(descriptor);
}

}  // namespace

GraphCache::GraphCache(std::filesystem::path folder, const std::filesystem::path& model)
    : folder_(std::move(folder)), model_(model) {}

std::filesystem::path GraphCache::path_of(const std::string& runtime) const {
  std::error_code ignored;
  const auto bytes = std::filesystem::file_size(model_, ignored);
  const auto changed = std::filesystem::last_write_time(model_, ignored).time_since_epoch().count();
  const std::string key = std::string(kGraphVersion) + '\n' + std::filesystem::absolute(model_, ignored).string() +
                          '\n' + std::to_string(bytes) + '\n' + std::to_string(changed) + '\n' + runtime;
  const std::string hash = sha256_hex(std::as_bytes(std::span(key))).substr(0, 16);
  return folder_ / (model_.parent_path().filename().string() + "-" + hash + ".graph");
}

std::shared_ptr<const MappedFile> GraphCache::find(const std::string& runtime) const {
  std::error_code ignored;
  if (folder_.empty() || !std::filesystem::exists(path_of(runtime), ignored)) return nullptr;
  try {
    return std::make_shared<const MappedFile>(path_of(runtime), kMaxGraphBytes);
  } catch (const Error& error) {
    log::warning(error.what());
    return nullptr;
  }
}

std::shared_ptr<const MappedFile> GraphCache::store(const std::string& runtime, ov::CompiledModel& compiled) const {
  if (folder_.empty()) return nullptr;
  const auto path = path_of(runtime);
  auto fresh = path;
  fresh += "." + std::to_string(::getpid()) + ".new";
  std::error_code failed;
  std::filesystem::create_directories(folder_, failed);
  {
    std::ofstream out(fresh, std::ios::binary);
    compiled.export_model(out);
    out.flush();
    if (!out) failed = std::make_error_code(std::errc::io_error);
  }
  // Whole or not at all, also after a power cut: a graph with holes would load and compute wrong vectors.
  if (!failed) sync_to_disk(fresh, failed);
  if (!failed) std::filesystem::rename(fresh, path, failed);
  if (failed) {
    std::error_code ignored;
    std::filesystem::remove(fresh, ignored);
    log::warning("The compiled model could not be kept in " + folder_.string() +
                 "; the next start will take longer. Check that the folder can be written and has room.");
    return nullptr;
  }
  return find(runtime);
}

}  // namespace jackdaw::inference
