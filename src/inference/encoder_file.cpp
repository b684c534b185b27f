#include "inference/encoder_file.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>
#include <string_view>
#include <type_traits>

#include "core/checksum.h"
#include "core/error.h"
#include "inference/encoder_layout.h"
#include "inference/sha256.h"

namespace jackdaw::inference {
namespace {

static_assert(std::endian::native == std::endian::little, "the file's numbers are little endian");

constexpr std::size_t kMaxFileBytes = std::size_t{4} << 30;
constexpr std::align_val_t kAlignment{64};

template <class T>
const T* at(std::span<const std::byte> bytes, std::size_t offset) noexcept {
  return reinterpret_cast<const T*>(bytes.data() + offset);
}

QuantizedMatrix quantized(std::span<const std::byte> bytes, const MatrixPlace& place, Additions additions) {
  return {.panels = at<std::int8_t>(bytes, place.panels),
          .scales = at<float>(bytes, place.scales),
          .bias = at<float>(bytes, place.bias),
          .offsets = at<std::int32_t>(bytes, place.offsets),
          .inputs = place.inputs,
          .outputs = place.outputs,
          .additions = additions};
}

FloatMatrix floats(std::span<const std::byte> bytes, const MatrixPlace& place) {
  return {.panels = at<float>(bytes, place.panels),
          .bias = at<float>(bytes, place.bias),
          .inputs = place.inputs,
          .outputs = place.outputs};
}

}  // namespace

void EncoderFile::Free::operator()(std::byte* bytes) const noexcept {
  ::operator delete[](bytes, kAlignment);
}

EncoderFile::EncoderFile(const std::filesystem::path& path, const std::string& source)
    : file_(std::make_unique<const MappedFile>(path, kMaxFileBytes)), bytes_(file_->bytes()), name_(path.string()) {
  read(source);
}

EncoderFile::EncoderFile(std::vector<std::byte> bytes, std::string name, const std::string& source)
    : memory_(static_cast<std::byte*>(::operator new[](std::max<std::size_t>(bytes.size(), 1), kAlignment))),
      bytes_(memory_.get(), bytes.size()),
      name_(std::move(name)) {
  std::ranges::copy(bytes, memory_.get());
  read(source);
}

void EncoderFile::refuse(const std::string& why) const {
  throw Error(ErrorCode::kUnavailable, "The prepared model " + name_ + " " + why + ".");
}

void EncoderFile::read(const std::string& source) {
  if (bytes_.size() < sizeof(EncoderHeader)) refuse("is too short");
  EncoderHeader header;
  std::memcpy(&header, bytes_.data(), sizeof(header));
  if (std::string_view(header.magic, sizeof(header.magic)) != kEncoderMagic) refuse("is not a prepared model");
  if (header.version != kEncoderFileVersion) {
    refuse("has version " + std::to_string(header.version) + ", this program reads " +
           std::to_string(kEncoderFileVersion));
  }
  Checksum of_header;
  of_header.add(bytes_.first(sizeof(EncoderHeader) - sizeof(header.header_checksum)));
  if (of_header.value() != header.header_checksum) refuse("is damaged in its header");
  if (hex_of_source(header) != source) refuse("was made from other weights");
  if (header.precision > static_cast<std::uint32_t>(Precision::kInt8)) refuse("has an unknown precision");
  precision_ = static_cast<Precision>(header.precision);
  additions_ = static_cast<Additions>(header.additions);
  if (additions_ != Additions::kTwo && additions_ != Additions::kFour) refuse("is rounded in an unknown way");
  shape_ = shape_of(header);
  if (const std::string wrong = what_is_wrong(shape_); !wrong.empty()) refuse("has " + wrong);
  if (header.file_bytes != bytes_.size() || EncoderLayout(shape_, precision_).bytes != bytes_.size()) {
    refuse("has " + std::to_string(bytes_.size()) + " bytes, which do not fit its sizes");
  }
  Checksum of_body;
  of_body.add(bytes_.subspan(sizeof(EncoderHeader)));
  if (of_body.value() != header.body_checksum) refuse("is damaged");
  point();
}

void EncoderFile::point() {
  const EncoderLayout layout(shape_, precision_);
  const auto floats_at = [&](std::size_t offset) { return at<float>(bytes_, offset); };
  words_ = bytes_.data() + layout.words;
  word_scales_ = floats_at(layout.word_scales);
  positions_ = floats_at(layout.positions);
  types_ = floats_at(layout.types);
  gamma_ = floats_at(layout.norm.gamma);
  beta_ = floats_at(layout.norm.beta);
  for (const LayerPlace& place : layout.layers) {
    EncoderLayer& layer = layers_.emplace_back();
    layer.attention_gamma = floats_at(place.attention_norm.gamma);
    layer.attention_beta = floats_at(place.attention_norm.beta);
    layer.output_gamma = floats_at(place.output_norm.gamma);
    layer.output_beta = floats_at(place.output_norm.beta);
    if (precision_ == Precision::kInt8) {
      layer.query_key_value8 = quantized(bytes_, place.query_key_value, additions_);
      layer.attention_output8 = quantized(bytes_, place.attention_output, additions_);
      layer.widening8 = quantized(bytes_, place.widening, additions_);
      layer.narrowing8 = quantized(bytes_, place.narrowing, additions_);
    } else {
      layer.query_key_value = floats(bytes_, place.query_key_value);
      layer.attention_output = floats(bytes_, place.attention_output);
      layer.widening = floats(bytes_, place.widening);
      layer.narrowing = floats(bytes_, place.narrowing);
    }
  }
  if (!shape_.has_classifier) return;
  pooler_ = floats(bytes_, layout.pooler);
  classifier_ = floats_at(layout.classifier);
  classifier_bias_ = floats_at(layout.classifier_bias);
}

void EncoderFile::copy_word(std::size_t word, std::span<float> out) const noexcept {
  const std::size_t hidden = shape_.hidden;
  if (precision_ == Precision::kFp32) {
    std::memcpy(out.data(), words_ + word * hidden * sizeof(float), hidden * sizeof(float));
    return;
  }
  const auto* const numbers = reinterpret_cast<const std::int8_t*>(words_ + word * hidden);
  const float scale = word_scales_[word];
  for (std::size_t i = 0; i < hidden; ++i) out[i] = scale * static_cast<float>(numbers[i]);
}

}  // namespace jackdaw::inference
