#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "core/checksum.h"
#include "core/error.h"
#include "inference/encoder.h"
#include "inference/encoder_layout.h"

namespace {

using namespace jackdaw::inference;

const std::string kSource(64, '0');

// A file of a shape and precision that the first bytes choose, with the others as its body.
std::vector<std::byte> well_formed(std::span<const std::byte> input) {
  const auto pick = [&](std::size_t i, std::uint32_t most) {
    return i < input.size() ? 1 + std::to_integer<std::uint32_t>(input[i]) % most : 1;
  };
  EncoderHeader header{};
  header.version = kEncoderFileVersion;
  header.precision = pick(0, 2) - 1;
  header.additions = 2 * pick(1, 2);
  header.layers = pick(2, 2);
  header.heads = pick(3, 2);
  header.hidden = header.heads * 16 * pick(4, 2);
  header.intermediate = 16 * pick(5, 3);
  header.vocabulary = pick(6, 9);
  header.positions = pick(7, 9);
  header.types = pick(8, 3);
  header.has_classifier = pick(9, 2) - 1;
  const auto precision = static_cast<Precision>(header.precision);
  header.file_bytes = EncoderLayout(shape_of(header), precision).bytes;
  std::vector<std::byte> bytes(header.file_bytes);
  std::memcpy(bytes.data(), &header, sizeof(header));
  const auto body = input.subspan(std::min<std::size_t>(10, input.size()));
  for (std::size_t i = sizeof(header); i < bytes.size() && !body.empty(); ++i) bytes[i] = body[i % body.size()];
  return bytes;
}

// Makes the checksums right, and on demand what else is compared first, so that the reader looks behind them.
void seal(std::vector<std::byte>& bytes, bool also_sizes) {
  EncoderHeader header;
  if (bytes.size() < sizeof(header)) return;
  std::memcpy(&header, bytes.data(), sizeof(header));
  std::memcpy(header.magic, kEncoderMagic.data(), sizeof(header.magic));
  set_source(header, kSource);
  if (also_sizes) {
    header.version = kEncoderFileVersion;
    header.file_bytes = bytes.size();
  }
  jackdaw::Checksum body;
  body.add(std::span(bytes).subspan(sizeof(header)));
  header.body_checksum = body.value();
  jackdaw::Checksum whole;
  whole.add(std::as_bytes(std::span(&header, 1)).first(sizeof(header) - sizeof(header.header_checksum)));
  header.header_checksum = whole.value();
  std::memcpy(bytes.data(), &header, sizeof(header));
}

void run(std::shared_ptr<const EncoderFile> file) {
  const EncoderShape& shape = file->shape();
  const std::size_t tokens = std::min<std::size_t>(shape.positions, 5);
  PackedBatch batch{.lengths = {tokens}};
  for (std::size_t i = 0; i < tokens; ++i) {
    batch.ids.push_back(static_cast<std::int32_t>((i + 1) * 7919 % shape.vocabulary));
    batch.types.push_back(static_cast<std::uint8_t>(i % shape.types));
  }
  for (const Kernels& kernels : kernel_sets()) {
    const Encoder encoder(file, kernels);
    if (encoder.states(batch, jackdaw::Cancellation()).size() != tokens * shape.hidden) std::abort();
    if (shape.has_classifier && encoder.logits(batch, jackdaw::Cancellation()).size() != 1) std::abort();
  }
}

}  // namespace

// Any bytes are refused with an Error, or are a model that runs, whatever numbers it then gives.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::span<const std::byte> input = std::as_bytes(std::span(data, size)).subspan(1);
  std::vector<std::byte> bytes = data[0] % 4 == 0 ? well_formed(input) : std::vector(input.begin(), input.end());
  if (data[0] % 4 < 3) seal(bytes, data[0] % 4 < 2);
  try {
    run(std::make_shared<const EncoderFile>(std::move(bytes), "the fuzz target", kSource));
  } catch (const jackdaw::Error& error) {
    if (error.code() != jackdaw::ErrorCode::kUnavailable) std::abort();
  }
  return 0;
}
