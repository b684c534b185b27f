#include "store/score_codec.h"

#include <array>
#include <bit>
#include <cstdint>
#include <limits>
#include <optional>

#include "store/byte_codec.h"
#include "store/enum_codec.h"

namespace jackdaw::store {
namespace {

constexpr std::byte kVersion{1};
constexpr const char* kDamage = "The scores of a stored answer's passage are damaged.";

constexpr std::array kScoreKinds{ScoreKind::kRerank, ScoreKind::kCosine};

// Bits of the mask.
constexpr std::size_t kHasKeyword = 1;
constexpr std::size_t kHasVector = 2;
constexpr std::size_t kHasRerank = 4;
constexpr std::size_t kMasks = 8;

void write_float(ByteWriter& writer, float value) {
  writer.bits(std::bit_cast<std::uint32_t>(value));
}

float read_float(ByteReader& reader) {
  return std::bit_cast<float>(reader.bits32());
}

void write_place(ByteWriter& writer, const std::optional<Place>& place) {
  if (!place) return;
  write_float(writer, place->score);
  writer.signed_number(place->rank);
}

Place read_place(ByteReader& reader) {
  Place place{.score = read_float(reader), .rank = 0};
  const std::int64_t rank = reader.signed_number();
  if (rank < std::numeric_limits<int>::min() || rank > std::numeric_limits<int>::max()) reader.refuse();
  place.rank = static_cast<int>(rank);
  return place;
}

}  // namespace

std::vector<std::byte> encode_scores(const RetrievedPassage& passage) {
  const Reasons& reasons = passage.reasons;
  ByteWriter writer(kVersion);
  writer.number(place_of(passage.score_kind, kScoreKinds));
  write_float(writer, passage.score);
  write_float(writer, reasons.fused);
  writer.number((reasons.keyword ? kHasKeyword : 0) | (reasons.vector ? kHasVector : 0) |
                (reasons.rerank ? kHasRerank : 0));
  write_place(writer, reasons.keyword);
  write_place(writer, reasons.vector);
  if (reasons.rerank) write_float(writer, *reasons.rerank);
  return writer.take();
}

void decode_scores(std::span<const std::byte> bytes, RetrievedPassage& passage) {
  ByteReader reader(bytes, kVersion, kDamage);
  passage.score_kind = read_one_of(reader, kScoreKinds);
  passage.score = read_float(reader);
  passage.reasons = {};
  passage.reasons.fused = read_float(reader);
  const std::size_t mask = reader.number_below(kMasks);
  if ((mask & kHasKeyword) != 0) passage.reasons.keyword = read_place(reader);
  if ((mask & kHasVector) != 0) passage.reasons.vector = read_place(reader);
  if ((mask & kHasRerank) != 0) passage.reasons.rerank = read_float(reader);
  reader.expect_end();
}

bool same_reference(const RetrievedPassage& one, const RetrievedPassage& other) {
  return one.passage.chunk == other.passage.chunk && one.passage.document == other.passage.document &&
         encode_scores(one) == encode_scores(other);
}

}  // namespace jackdaw::store
