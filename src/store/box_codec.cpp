#include "store/box_codec.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "core/error.h"
#include "store/byte_codec.h"

namespace jackdaw::store {
namespace {

constexpr std::byte kVersion{1};
constexpr const char* kDamage =
    "Stored word boxes are damaged. Delete the document and upload it again, or restore a backup.";
constexpr std::size_t kMinWordBytes = 3;
constexpr std::size_t kMinBoxBytes = 4;

[[noreturn]] void not_storable() {
  throw Error(ErrorCode::kInternal,
              "A page holds a word or box that cannot be stored: a coordinate is not a finite "
              "number, or a word ends before it begins.");
}

class BoxWriter : public ByteWriter {
 public:
  BoxWriter() : ByteWriter(kVersion) {}

  // A box is expected on the line of the last one, beginning where that one ended.
  void box(const Box& box) {
    coordinate(box.x0, last_.x1);
    coordinate(box.y0, last_.y0);
    coordinate(box.x1, box.x0);
    coordinate(box.y1, last_.y1);
    last_ = box;
  }

 private:
  // Neighbours share sign, exponent and often all bits, so the difference of the bit patterns is short.
  void coordinate(float value, float expected) {
    if (!std::isfinite(value)) not_storable();
    const std::uint32_t difference = std::bit_cast<std::uint32_t>(value) - std::bit_cast<std::uint32_t>(expected);
    signed_number(static_cast<std::int32_t>(difference));
  }

  Box last_;
};

class BoxReader : public ByteReader {
 public:
  explicit BoxReader(std::span<const std::byte> bytes) : ByteReader(bytes, kVersion, kDamage) {}

  // The difference of two 32-bit offsets needs 33 bits.
  std::int64_t difference() { return signed_number(kVarintBytesOf35Bits); }

  std::uint32_t offset(std::int64_t value) const {
    if (value < 0 || value > std::numeric_limits<std::uint32_t>::max()) refuse();
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

 private:
  float coordinate(float expected) {
    const std::int64_t read = difference();
    if (read != static_cast<std::int32_t>(read)) refuse();
    const float value = std::bit_cast<float>(std::bit_cast<std::uint32_t>(expected) + static_cast<std::uint32_t>(read));
    if (!std::isfinite(value)) refuse();
    return value;
  }

  Box last_;
};

}  // namespace

std::vector<std::byte> encode_words(std::span<const Word> words) {
  BoxWriter writer;
  writer.number(words.size());
  std::int64_t last_end = 0;
  for (const Word& word : words) {
    if (word.end < word.begin) not_storable();
    writer.signed_number(static_cast<std::int64_t>(word.begin) - last_end);
    writer.number(word.end - word.begin);
    last_end = word.end;
    writer.number(word.boxes.size());
    for (const Box& box : word.boxes) writer.box(box);
  }
  return writer.take();
}

std::vector<Word> decode_words(std::span<const std::byte> bytes) {
  BoxReader reader(bytes);
  std::vector<Word> words(reader.count(kMinWordBytes));
  std::int64_t last_end = 0;
  for (Word& word : words) {
    word.begin = reader.offset(last_end + reader.difference());
    word.end = reader.offset(static_cast<std::int64_t>(word.begin) +
                             static_cast<std::int64_t>(reader.number(kVarintBytesOf35Bits)));
    last_end = word.end;
    word.boxes = reader.boxes();
  }
  reader.expect_end();
  return words;
}

std::vector<std::byte> encode_boxes(std::span<const Box> boxes) {
  BoxWriter writer;
  writer.number(boxes.size());
  for (const Box& box : boxes) writer.box(box);
  return writer.take();
}

std::vector<Box> decode_boxes(std::span<const std::byte> bytes) {
  BoxReader reader(bytes);
  std::vector<Box> boxes = reader.boxes();
  reader.expect_end();
  return boxes;
}

}  // namespace jackdaw::store
