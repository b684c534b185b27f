#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "inference/mapped_file.h"

namespace ov {
class CompiledModel;
}

namespace jackdaw::inference {

// Compiled graphs as files of one folder, so that the next start skips the compilation and leaves the weights in the
// page cache. A file is named after everything that it depends on: the model file, the runtime's version, the
// processor. Files appear by rename, whole or not at all; one that cannot be loaded is made again. A folder that cannot
// be written is a warning in the log, not a failure. Used by one thread.
class GraphCache {
 public:
  // `folder` may be empty: then nothing is kept.
  GraphCache(std::filesystem::path folder, const std::filesystem::path& model);

  // The mapped file, or null when there is none yet.
  std::shared_ptr<const MappedFile> find(const std::string& runtime) const;
  // Writes the graph and returns it as find() would; null when it could not be written.
  std::shared_ptr<const MappedFile> store(const std::string& runtime, ov::CompiledModel& compiled) const;

 private:
  std::filesystem::path path_of(const std::string& runtime) const;

  std::filesystem::path folder_;
  std::filesystem::path model_;
};

}  // namespace jackdaw::inference
