#include "store/list_codec.h"

#include <cstdint>
#include <limits>

#include "store/byte_codec.h"

namespace jackdaw::store {
namespace {

constexpr std::byte kVersion{1};
constexpr const char* kDamage =
    "A list in the database is damaged. Stop the server and run 'jackdaw verify', or restore a backup.";

}  // namespace

std::vector<std::byte> encode_numbers(std::span<const int> numbers) {
  ByteWriter writer(kVersion);
  writer.number(numbers.size());
  std::int64_t last = 0;
  for (const int number : numbers) {
    writer.signed_number(number - last);
    last = number;
  }
  return writer.take();
}

std::vector<int> decode_numbers(std::span<const std::byte> bytes) {
  ByteReader reader(bytes, kVersion, kDamage);
  std::vector<int> numbers(reader.count(1));
  std::int64_t last = 0;
  for (int& number : numbers) {
    last += reader.signed_number(kVarintBytesOf35Bits);
    if (last < std::numeric_limits<int>::min() || last > std::numeric_limits<int>::max()) reader.refuse();
    number = static_cast<int>(last);
  }
  reader.expect_end();
  return numbers;
}

std::vector<std::byte> encode_texts(std::span<const std::string> texts) {
  ByteWriter writer(kVersion);
  writer.number(texts.size());
  for (const std::string& text : texts) writer.text(text);
  return writer.take();
}

std::vector<std::string> decode_texts(std::span<const std::byte> bytes) {
  ByteReader reader(bytes, kVersion, kDamage);
  std::vector<std::string> texts(reader.count(1));
  for (std::string& text : texts) text = reader.text();
  reader.expect_end();
  return texts;
}

}  // namespace jackdaw::store
