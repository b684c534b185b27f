#include "tests/support/recorded_disk.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <fstream>
#include <iterator>
#include <string_view>

namespace jackdaw::store {
namespace {

constexpr std::uint64_t kSectorBytes = 512;

std::atomic<RecordedDisk*> the_recording{nullptr};

bool is_recorded(std::string_view name) {
  return !name.ends_with("-shm");
}

void put(std::string& bytes, std::uint64_t offset, std::string_view piece) {
  // What lies between the end and the offset reads as zeros.
  if (bytes.size() < offset + piece.size()) bytes.resize(offset + piece.size(), '\0');
  std::copy(piece.begin(), piece.end(), bytes.begin() + static_cast<std::ptrdiff_t>(offset));
}

}  // namespace

void DiskImage::write_to(const std::filesystem::path& folder) const {
  for (const std::string& each : folders) std::filesystem::create_directory(folder / each);
  for (const auto& [path, bytes] : files) {
    std::ofstream(folder / path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
}

RecordedDisk::RecordedDisk(const std::filesystem::path& folder)
    : root_path_(std::filesystem::canonical(folder).string() + "/"), root_(std::make_shared<Node>()) {
  struct stat status{};
  ::stat(root_path_.c_str(), &status);
  device_ = status.st_dev;
  root_->is_folder = true;
  root_->inode = status.st_ino;
  by_inode_[root_->inode] = root_;
  scan(root_);
  the_recording = this;
}

RecordedDisk::~RecordedDisk() {
  the_recording = nullptr;
}

RecordedDisk* RecordedDisk::recording() noexcept {
  return the_recording.load(std::memory_order_acquire);
}

void RecordedDisk::scan(const NodePointer& folder) {
  for (const auto& entry : std::filesystem::directory_iterator(root_path_ + folder->path)) {
    const std::string name = entry.path().filename();
    if (!is_recorded(name)) continue;
    struct stat status{};
    ::stat(entry.path().c_str(), &status);
    auto& node = by_inode_[status.st_ino];
    if (!node) node = std::make_shared<Node>();
    node->path = folder->path.empty() ? name : folder->path + "/" + name;
    node->is_folder = entry.is_directory();
    node->inode = status.st_ino;
    ++node->names_of_it;
    folder->names[name] = folder->names_on_disk[name] = node;
    if (node->is_folder) {
      scan(node);
    } else {
      std::ifstream in(entry.path(), std::ios::binary);
      node->bytes_on_disk.assign(std::istreambuf_iterator<char>(in), {});
    }
  }
}

RecordedDisk::Place RecordedDisk::place_of(const char* path) const {
  const std::string_view whole(path);
  if (!whole.starts_with(root_path_)) return {};
  Place place{.folder = root_, .name = {}, .path = std::string(whole.substr(root_path_.size()))};
  std::string_view rest = place.path;
  for (std::size_t slash = rest.find('/'); slash != std::string_view::npos; slash = rest.find('/')) {
    const auto next = place.folder->names.find(std::string(rest.substr(0, slash)));
    if (next == place.folder->names.end()) return {};
    place.folder = next->second;
    rest.remove_prefix(slash + 1);
  }
  if (rest.empty() || !is_recorded(rest)) return {};
  place.name = rest;
  return place;
}

RecordedDisk::NodePointer RecordedDisk::node_of(ino_t inode) const {
  const auto found = by_inode_.find(inode);
  return found == by_inode_.end() ? nullptr : found->second;
}

void RecordedDisk::apply(const NameChange& change, Names& names) {
  if (change.node) {
    names[change.name] = change.node;
  } else {
    names.erase(change.name);
  }
}

void RecordedDisk::forget_name_of(Node& node) {
  // The system may give the number to another file.
  if (--node.names_of_it == 0) by_inode_.erase(node.inode);
}

void RecordedDisk::give_name(const Place& place, const NodePointer& node) {
  // What stood there goes in the same step, as rename(2) promises.
  const auto before = place.folder->names.find(place.name);
  if (before != place.folder->names.end()) forget_name_of(*before->second);
  ++node->names_of_it;
  node->path = place.path;
  apply(place.folder->name_changes.emplace_back(place.name, node), place.folder->names);
}

void RecordedDisk::take_name(const Place& place) {
  const auto found = place.folder->names.find(place.name);
  if (found == place.folder->names.end()) return;
  forget_name_of(*found->second);
  apply(place.folder->name_changes.emplace_back(place.name, nullptr), place.folder->names);
}

void RecordedDisk::created(const char* path, ino_t inode, bool folder) {
  {
    const std::lock_guard lock(mutex_);
    const Place place = place_of(path);
    if (!place.folder) return;
    const auto node = std::make_shared<Node>();
    node->is_folder = folder;
    node->inode = inode;
    by_inode_[inode] = node;
    give_name(place, node);
  }
  changed();
}

void RecordedDisk::linked(const char* from, const char* to) {
  {
    const std::lock_guard lock(mutex_);
    const Place source = place_of(from);
    const Place target = place_of(to);
    if (!source.folder || !target.folder) return;
    give_name(target, source.folder->names.at(source.name));
  }
  changed();
}

void RecordedDisk::renamed(const char* from, const char* to) {
  {
    const std::lock_guard lock(mutex_);
    const Place source = place_of(from);
    const Place target = place_of(to);
    if (!source.folder || !target.folder) return;
    const NodePointer node = source.folder->names.at(source.name);
    give_name(target, node);
    take_name(source);
  }
  changed();
}

void RecordedDisk::deleted(const char* path) {
  {
    const std::lock_guard lock(mutex_);
    const Place place = place_of(path);
    if (!place.folder) return;
    take_name(place);
  }
  changed();
}

void RecordedDisk::wrote(ino_t inode, std::uint64_t offset, std::span<const char> bytes) {
  {
    const std::lock_guard lock(mutex_);
    const NodePointer node = node_of(inode);
    if (!node) return;
    node->changes.push_back({offset, {bytes.begin(), bytes.end()}, false});
  }
  changed();
}

void RecordedDisk::cut(ino_t inode, std::uint64_t size) {
  {
    const std::lock_guard lock(mutex_);
    const NodePointer node = node_of(inode);
    if (!node) return;
    node->changes.push_back({size, {}, true});
  }
  changed();
}

void RecordedDisk::synced(ino_t inode) {
  {
    const std::lock_guard lock(mutex_);
    const NodePointer node = node_of(inode);
    if (!node || (ignores_sync && ignores_sync(node->path))) return;
    std::mt19937 unused;
    if (!node->is_folder) node->bytes_on_disk = surviving_bytes(*node, Luck::kEverything, unused);
    node->changes.clear();
    node->names_on_disk = node->names;
    node->name_changes.clear();
  }
  changed();
}

void RecordedDisk::changed() const {
  if (on_change) on_change();
}

std::string RecordedDisk::surviving_bytes(const Node& node, Luck luck, std::mt19937& random) {
  // A file whose writes nearly all came through is another danger than one of which little did.
  constexpr std::array kShares = {0.0, 0.1, 0.5, 0.9, 1.0};
  const double share = luck == Luck::kNothing ? 0 : luck == Luck::kEverything ? 1 : kShares[random() % kShares.size()];
  std::bernoulli_distribution survives(share);
  std::string bytes = node.bytes_on_disk;
  if (share == 0) return bytes;
  for (const Change& change : node.changes) {
    if (change.is_length) {
      if (survives(random)) bytes.resize(change.offset, '\0');
      continue;
    }
    const std::string_view written = change.bytes;
    for (std::uint64_t begin = 0; begin < written.size();) {
      const std::uint64_t in_sector = kSectorBytes - (change.offset + begin) % kSectorBytes;
      const std::string_view piece = written.substr(begin, in_sector);
      if (share == 1 || survives(random)) put(bytes, change.offset + begin, piece);
      begin += piece.size();
    }
  }
  return bytes;
}

void RecordedDisk::add_folder(const Node& folder, const std::string& path, Luck luck, std::mt19937& random,
                              DiskImage& image) {
  Names names = folder.names_on_disk;
  std::size_t first = folder.name_changes.size();
  if (luck == Luck::kNothing) first = 0;
  if (luck == Luck::kChance) first = std::uniform_int_distribution<std::size_t>(0, first)(random);
  for (std::size_t i = 0; i < first; ++i) apply(folder.name_changes[i], names);
  for (const auto& [name, node] : names) {
    const std::string inside = path.empty() ? name : path + "/" + name;
    if (node->is_folder) {
      image.folders.push_back(inside);
      add_folder(*node, inside, luck, random, image);
    } else {
      image.files[inside] = surviving_bytes(*node, luck, random);
    }
  }
}

DiskImage RecordedDisk::after_power_loss(Luck luck, std::mt19937& random) const {
  const std::lock_guard lock(mutex_);
  DiskImage image;
  add_folder(*root_, "", luck, random, image);
  return image;
}

}  // namespace jackdaw::store
