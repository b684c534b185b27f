#include "store/box_codec.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

#include "core/error.h"

namespace jackdaw::store {
namespace {

constexpr std::byte kVersion{1};
constexpr std::size_t kMaxVarintBytes = 5;  // 35 bits: the zigzag of a difference of two 32-bit offsets needs 33
constexpr std::size_t kMinWordBytes = 3;
constexpr std::size_t kMinBoxBytes = 4;

[[noreturn]] void damaged() {
  throw Error(ErrorCode::kInternal,
              "Stored word boxes are damaged. Delete the document and upload it again, or restore a backup.");
}

[[noreturn]] void not_storable() {
  throw Error(ErrorCode::kInternal,
              "A page holds a word or box that cannot be stored: a coordinate is not a finite "
              "number, or a word ends before it begins.");
}

std::uint64_t zigzag(std::int64_t value) noexcept {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}

std::int64_t unzigzag(std::uint64_t value) noexcept {
  return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

class Writer {
 public:
  Writer() { bytes_.push_back(kVersion); }

  void number(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_.push_back(static_cast<std::byte>(value | 0x80));
    bytes_.push_back(static_cast<std::byte>(value));
  }

  // A box is expected on the line of the last one, beginning where that one ended.
  void box(const Box& box) {
    coordinate(box.x0, last_.x1);
    coordinate(box.y0, last_.y0);
    coordinate(box.x1, box.x0);
    coordinate(box.y1, last_.y1);
    last_ = box;
  }

  std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  // Neighbours share sign, exponent and often all bits, so the difference of the bit patterns is short.
  void coordinate(float value, float expected) {
    if (!std::isfinite(value)) not_storable();
    const std::uint32_t difference = std::bit_cast<std::uint32_t>(value) - std::bit_cast<std::uint32_t>(expected);
    number(zigzag(static_cast<std::int32_t>(difference)));
  }

  std::vector<std::byte> bytes_;
  Box last_;
};

class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : bytes_(bytes) {
    if (bytes_.empty() || bytes_[0] != kVersion) damaged();
    at_ = 1;
  }

  // Only the shortest form of each number is accepted, so that one value has one encoding.
  std::uint64_t number() {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < kMaxVarintBytes && at_ < bytes_.size(); ++i) {
      const auto byte = std::to_integer<std::uint64_t>(bytes_[at_++]);
      value |= (byte & 0x7f) << (7 * i);
      if (byte >= 0x80) continue;
      if (byte == 0 && i > 0) break;
      return value;
    }
    damaged();
  }

  // How many entries follow; never more than the remaining bytes could hold.
  std::size_t count(std::size_t min_bytes_each) {
    const std::uint64_t count = number();
    if (count > (bytes_.size() - at_) / min_bytes_each) damaged();
    return static_cast<std::size_t>(count);
  }

  std::uint32_t offset(std::int64_t value) const {
    if (value < 0 || value > std::numeric_limits<std::uint32_t>::max()) damaged();
    return static_cast<std::uint32_t>(value);
  }

  Box box() {
    Box box;
    box.x0 = coordinate(last_.x1);
    box.y0 = coordinate(last_.y0);
    box.x1 = coordinate(box.x0);
    box.y1 = coordinate(last_.y1);
    last_ = box;
    return box;
  }

  std::vector<Box> boxes() {
    std::vector<Box> boxes(count(kMinBoxBytes));
    for (Box& each : boxes) each = box();
    return boxes;
  }

  void expect_end() const {
    if (at_ != bytes_.size()) damaged();
  }

 private:
  float coordinate(float expected) {
    const std::int64_t difference = unzigzag(number());
    if (difference != static_cast<std::int32_t>(difference)) damaged();
    const float value =
        std::bit_cast<float>(std::bit_cast<std::uint32_t>(expected) + static_cast<std::uint32_t>(difference));
    if (!std::isfinite(value)) damaged();
    return value;
  }

  std::span<const std::byte> bytes_;
  std::size_t at_ = 0;
  Box last_;
};

}  // namespace

std::vector<std::byte> encode_words(std::span<const Word> words) {
  Writer writer;
  writer.number(words.size());
  std::int64_t last_end = 0;
  for (const Word& word : words) {
    if (word.end < word.begin) not_storable();
    writer.number(zigzag(static_cast<std::int64_t>(word.begin) - last_end));
    writer.number(word.end - word.begin);
    last_end = word.end;
    writer.number(word.boxes.size());
    for (const Box& box : word.boxes) writer.box(box);
  }
  return writer.take();
}

std::vector<Word> decode_words(std::span<const std::byte> bytes) {
  Reader reader(bytes);
  std::vector<Word> words(reader.count(kMinWordBytes));
  std::int64_t last_end = 0;
  for (Word& word : words) {
    word.begin = reader.offset(last_end + unzigzag(reader.number()));
    word.end = reader.offset(static_cast<std::int64_t>(word.begin) + static_cast<std::int64_t>(reader.number()));
    last_end = word.end;
    word.boxes = reader.boxes();
  }
  reader.expect_end();
  return words;
}

std::vector<std::byte> encode_boxes(std::span<const Box> boxes) {
  Writer writer;
  writer.number(boxes.size());
  for (const Box& box : boxes) writer.box(box);
  return writer.take();
}

std::vector<Box> decode_boxes(std::span<const std::byte> bytes) {
  Reader reader(bytes);
  std::vector<Box> boxes = reader.boxes();
  reader.expect_end();
  return boxes;
}

}  // namespace jackdaw::store
