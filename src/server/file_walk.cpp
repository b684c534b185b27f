#include "server/file_walk.h"

#include <algorithm>
#include <system_error>
#include <unordered_map>
#include <utility>

namespace jackdaw::server {
namespace {

namespace fs = std::filesystem;

FoundFile failed(const fs::path& path, const std::string& why, bool named) {
  return {.path = path, .bytes = 0, .named = named, .failure = Error(ErrorCode::kNotFound, why)};
}

std::string cannot(const fs::path& path, const std::error_code& reason) {
  return "'" + path.string() + "' cannot be read: " + reason.message() + ". Check the name and the permissions.";
}

FoundFile look(const fs::path& path, bool named) {
  std::error_code reason;
  fs::path real = fs::canonical(path, reason);
  if (reason) return failed(path, cannot(path, reason), named);
  if (!fs::is_regular_file(real, reason)) {
    return failed(path, "'" + path.string() + "' is no file: it is a device, a pipe or a socket. Give a file.", named);
  }
  const std::uint64_t bytes = fs::file_size(real, reason);
  if (reason) return failed(path, cannot(path, reason), named);
  return {.path = std::move(real), .bytes = bytes, .named = named, .failure = {}};
}

bool is_hidden(const fs::path& name) {
  return name.native().starts_with('.');
}

bool is_below(const fs::path& folder, const fs::path& path) {
  const auto [end, _] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return end == folder.end();
}

}  // namespace

FileSelection::FileSelection(const std::vector<std::string>& words, const WalkOptions& options)
    : include_hidden_(options.include_hidden) {
  for (const std::string& pattern : options.exclude) {
    exclusions_.push_back({.pattern = Glob(pattern),
                           .by_name = pattern.find('/') == std::string::npos,
                           .absolute = pattern.starts_with('/')});
  }
  for (const std::string& word : words) roots_.push_back(root_of(word));
}

FileSelection::Root FileSelection::root_of(const std::string& word) const {
  std::error_code reason;
  const fs::file_status link = fs::symlink_status(word, reason);
  if (!fs::exists(link) && has_wildcard(word)) return pattern_root(word);
  Root root{.kind = Root::Kind::kMissing, .path = word, .pattern = {}, .hidden_too = include_hidden_, .word = word};
  fs::path real = fs::canonical(word, reason);
  if (reason) return root;  // look() says why
  root.kind = fs::is_directory(real, reason) ? Root::Kind::kFolder : Root::Kind::kFile;
  root.path = std::move(real);
  return root;
}

// What stands before the first segment with a wildcard is a folder; the rest is matched below it.
FileSelection::Root FileSelection::pattern_root(const std::string& word) const {
  const std::size_t wildcard = word.find_first_of("*?[");
  const std::size_t slash = word.rfind('/', wildcard);
  const bool has_folder = slash != std::string::npos;
  const std::string folder = has_folder ? word.substr(0, slash + 1) : ".";
  const std::string rest = has_folder ? word.substr(slash + 1) : word;
  Root root{.kind = Root::Kind::kPattern,
            .path = folder,
            .pattern = Glob(rest),
            .hidden_too = include_hidden_ || rest.starts_with('.') || rest.find("/.") != std::string::npos,
            .word = word};
  std::error_code reason;
  if (fs::path real = fs::canonical(folder, reason); !reason && fs::is_directory(real, reason)) {
    root.path = std::move(real);
  }
  return root;
}

bool FileSelection::is_excluded(const Root& root, const fs::path& path) const {
  return std::any_of(exclusions_.begin(), exclusions_.end(), [&](const Exclusion& exclusion) {
    if (exclusion.by_name) return exclusion.pattern.matches(path.filename().native());
    if (exclusion.absolute) return exclusion.pattern.matches(path.native());
    return exclusion.pattern.matches(path.lexically_relative(root.path).native());
  });
}

bool FileSelection::is_reached(const Root& root, const fs::path& path) const {
  if (!is_below(root.path, path)) return false;
  fs::path step = root.path;
  for (const fs::path& name : path.lexically_relative(root.path)) {
    if (name == ".") continue;
    step /= name;
    if ((!root.hidden_too && is_hidden(name)) || is_excluded(root, step)) return false;
  }
  return true;
}

// Names first, then the look at each: a folder that changes meanwhile changes only what it changes.
void FileSelection::walk(const Root& root, std::vector<FoundFile>& found) const {
  std::vector<fs::path> folders{root.path};
  std::vector<FoundFile> here;
  while (!folders.empty()) {
    const fs::path folder = std::move(folders.back());
    folders.pop_back();
    std::error_code reason;
    fs::directory_iterator entries(folder, reason);
    if (reason) here.push_back(failed(folder, cannot(folder, reason), folder == root.path));
    for (; !reason && entries != fs::directory_iterator(); entries.increment(reason)) {
      const fs::path path = entries->path();
      if ((!root.hidden_too && is_hidden(path.filename())) || is_excluded(root, path)) continue;
      std::error_code ignored;
      const fs::file_status link = entries->symlink_status(ignored);
      if (fs::is_directory(link)) {
        folders.push_back(path);
        continue;
      }
      if (root.pattern && !root.pattern->matches(path.lexically_relative(root.path).native())) continue;
      const fs::file_status status = fs::status(path, ignored);
      const bool broken_link = fs::is_symlink(link) && !fs::exists(status);
      if (fs::is_regular_file(status) || broken_link) here.push_back(look(path, false));
    }
  }
  std::sort(here.begin(), here.end(), [](const FoundFile& a, const FoundFile& b) { return a.path < b.path; });
  std::move(here.begin(), here.end(), std::back_inserter(found));
}

std::vector<FoundFile> FileSelection::find() const {
  std::vector<FoundFile> all;
  for (const Root& root : roots_) {
    const std::size_t before = all.size();
    if (root.kind == Root::Kind::kFile || root.kind == Root::Kind::kMissing) {
      all.push_back(look(root.path, true));
    } else {
      walk(root, all);
    }
    if (root.kind == Root::Kind::kPattern && all.size() == before) {
      all.push_back(failed(root.word, "No file fits '" + root.word + "'. Check the pattern and the folder.", true));
    }
  }
  std::vector<FoundFile> once;
  std::unordered_map<std::string, std::size_t> places;
  for (FoundFile& file : all) {
    const auto [place, is_new] = places.emplace(file.path.native(), once.size());
    if (is_new) {
      once.push_back(std::move(file));
    } else {
      once[place->second].named |= file.named;
    }
  }
  return once;
}

FoundFile FileSelection::look_at(const fs::path& path) const {
  const bool named = std::any_of(roots_.begin(), roots_.end(), [&](const Root& root) {
    return root.kind != Root::Kind::kFolder && root.kind != Root::Kind::kPattern && root.path == path;
  });
  return look(path, named);
}

bool FileSelection::wants(const fs::path& path) const {
  return std::any_of(roots_.begin(), roots_.end(), [&](const Root& root) {
    switch (root.kind) {
      case Root::Kind::kFile: return root.path == path;
      case Root::Kind::kMissing: return fs::absolute(root.path).lexically_normal() == path;
      case Root::Kind::kFolder: return root.path != path && is_reached(root, path);
      case Root::Kind::kPattern: break;
    }
    return is_reached(root, path) && root.pattern->matches(path.lexically_relative(root.path).native());
  });
}

bool FileSelection::enters(const fs::path& folder) const {
  return std::any_of(roots_.begin(), roots_.end(), [&](const Root& root) {
    const bool walks = root.kind == Root::Kind::kFolder || root.kind == Root::Kind::kPattern;
    return walks && is_reached(root, folder);
  });
}

std::vector<FileSelection::Place> FileSelection::places() const {
  std::vector<Place> places;
  for (const Root& root : roots_) {
    const bool walks = root.kind == Root::Kind::kFolder || root.kind == Root::Kind::kPattern;
    fs::path folder = walks ? root.path : fs::absolute(root.path).parent_path();
    places.push_back({.folder = std::move(folder), .with_folders_below = walks});
  }
  return places;
}

}  // namespace jackdaw::server
