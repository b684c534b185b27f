#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "server/glob.h"

namespace jackdaw::server {

struct WalkOptions {
  // A pattern without '/' excludes every file and folder of that name, one with '/' those at that place below the
  // folder that is walked (or anywhere on the disk, when it begins with '/').
  std::vector<std::string> exclude{};
  bool include_hidden = false;  // names that begin with a dot
};

// A file that somebody means.
struct FoundFile {
  std::filesystem::path path;  // absolute, no symbolic link in it; as it was given when there is a failure
  std::uint64_t bytes = 0;
  bool named = false;              // this very file was named, not a folder or pattern that it is found by
  std::optional<Error> failure{};  // why it cannot be read
};

// Which files the words of a command line mean: files, folders with everything below them, patterns (glob.h). A word
// that names something on the disk is never a pattern. Below a folder and by a pattern, hidden names are left out,
// links to folders are not followed, and what is neither file nor folder is passed over. Immutable; any thread. What is
// on the disk changes: every find() looks again.
class FileSelection {
 public:
  FileSelection(const std::vector<std::string>& words, const WalkOptions& options);

  // In the order of the words, below a folder by path; each file once. What cannot be read is among them, with the
  // reason. Throws nothing for what it finds on the disk.
  std::vector<FoundFile> find() const;

  // A file that has come or changed since; named when its path is one of the words.
  FoundFile look_at(const std::filesystem::path& path) const;

  // Whether a file of that absolute path would be found, if it were there.
  bool wants(const std::filesystem::path& path) const;
  // Whether files below that folder could be found: false for hidden and excluded ones.
  bool enters(const std::filesystem::path& folder) const;
  // The folders in which a wanted file can appear, each with whether those below it count too.
  struct Place {
    std::filesystem::path folder;
    bool with_folders_below = false;
  };
  std::vector<Place> places() const;

 private:
  struct Root {
    enum class Kind { kFile, kFolder, kPattern, kMissing } kind = Kind::kFile;
    std::filesystem::path path;  // of a pattern: the folder that it begins in
    std::optional<Glob> pattern{};
    bool hidden_too = false;
    std::string word;
  };
  struct Exclusion {
    Glob pattern;
    bool by_name = false;
    bool absolute = false;
  };

  Root root_of(const std::string& word) const;
  Root pattern_root(const std::string& word) const;
  bool is_excluded(const Root& root, const std::filesystem::path& path) const;
  // Every folder between root and path, and path itself.
  bool is_reached(const Root& root, const std::filesystem::path& path) const;
  void walk(const Root& root, std::vector<FoundFile>& found) const;

  std::vector<Exclusion> exclusions_;
  std::vector<Root> roots_;
  bool include_hidden_;
};

}  // namespace jackdaw::server
