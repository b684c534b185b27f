#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace jackdaw::server {

// What a model made of texts, kept in a file so that the next measurement need not ask it again: a row of `width`
// floats for each key. The key is the SHA-256 of the texts, the file is of one model's name. Used by one thread.
//
// The file, all numbers little-endian:
//
//   8 bytes   "JDKEVAL1"
//   u32       width
//   u32       length of the model's name, then the name
//   u64       number of rows
//   rows      32 bytes of key, width IEEE 754 binary32 values; ascending by key
//   32 bytes  SHA-256 of everything before
//
// A file that is not wholly so is left out with a warning in the log, and replaced by the next save().
class EvalCache {
 public:
  using Key = std::array<std::byte, 32>;

  // Reads the file `<kind>-<16 hexadecimal digits of the model's name>.cache` in `folder`, if there is one. An empty
  // folder: nothing is read or written.
  EvalCache(const std::filesystem::path& folder, std::string_view kind, std::string model, std::size_t width);

  // Of one text, or of several in their order; {"ab", "c"} and {"a", "bc"} differ.
  static Key key_of(std::span<const std::string_view> texts);

  // Empty where the key is unknown; valid until the next put().
  std::span<const float> find(const Key& key) const;
  // Takes `width` numbers.
  void put(const Key& key, std::span<const float> row);

  // Writes the file if something was added, in place of the one before, in one step. Throws Error kStorageFull,
  // kUnavailable or kInternal.
  void save();

  std::size_t size() const noexcept { return rows_.size(); }
  const std::filesystem::path& file() const noexcept { return file_; }

  // The file's bytes, and back: nothing where they are damaged or of another model or width.
  std::vector<std::byte> bytes() const;
  static bool parse(std::span<const std::byte> bytes, std::string_view model, std::size_t width,
                    std::map<Key, std::vector<float>>& rows);

 private:
  std::filesystem::path file_;  // empty: none
  std::string model_;
  std::size_t width_;
  std::map<Key, std::vector<float>> rows_;
  bool changed_ = false;
};

// $XDG_CACHE_HOME/jackdaw/eval, else ~/.cache/jackdaw/eval. Throws Error kInvalidArgument where HOME is not set.
std::filesystem::path default_eval_cache();

}  // namespace jackdaw::server
