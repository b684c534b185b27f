#include "index/snapshot_format.h"

#include <bit>
#include <concepts>
#include <cstring>
#include <limits>
#include <span>

#include "core/checksum.h"
#include "core/error.h"

namespace jackdaw::index {
namespace {

static_assert(std::endian::native == std::endian::little, "the file is written as numbers lie in memory");

constexpr std::uint64_t kMaxRows = std::uint64_t{1} << 31;  // Posting::row

std::uint64_t checksum_of(std::string_view bytes) noexcept {
  Checksum checksum;
  checksum.add(std::as_bytes(std::span(bytes)));
  return checksum.value();
}

template <std::unsigned_integral Number>
void put(std::string& out, Number value) {
  char bytes[sizeof(Number)];
  std::memcpy(bytes, &value, sizeof(Number));
  out.append(bytes, sizeof(Number));
}

void put_text(std::string& out, std::string_view text) {
  put(out, static_cast<std::uint32_t>(text.size()));
  out.append(text);
}

// Reads numbers and texts one after another; what is asked for past the end is 0 or empty, and has_failed().
class Fields {
 public:
  explicit Fields(std::string_view bytes) : left_(bytes) {}

  template <std::unsigned_integral Number>
  Number number() noexcept {
    const std::string_view bytes = take(sizeof(Number));
    Number value = 0;
    if (!bytes.empty()) std::memcpy(&value, bytes.data(), sizeof(Number));
    return value;
  }
  std::string_view text() noexcept { return take(number<std::uint32_t>()); }

  std::size_t left() const noexcept { return left_.size(); }
  bool has_failed() const noexcept { return failed_; }

 private:
  std::string_view take(std::size_t count) noexcept {
    if (count > left_.size()) {
      failed_ = true;
      return {};
    }
    const std::string_view taken = left_.substr(0, count);
    left_.remove_prefix(count);
    return taken;
  }

  std::string_view left_;
  bool failed_ = false;
};

constexpr std::size_t kSegmentFields = 8;

SnapshotSegment read_segment(Fields& fields) {
  SnapshotSegment segment;
  for (std::uint64_t* field : {&segment.rows, &segment.documents, &segment.terms, &segment.name_bytes,
                               &segment.text_bytes, &segment.posting_bytes, &segment.vector_bytes, &segment.checksum}) {
    *field = fields.number<std::uint64_t>();
  }
  return segment;
}

}  // namespace

std::optional<std::uint64_t> segment_bytes(const SnapshotSegment& segment, std::uint64_t limit) {
  if (segment.rows == 0 || segment.rows > kMaxRows) return std::nullopt;
  std::uint64_t total = 0;
  const std::uint64_t per_row = sizeof(std::int64_t) + 2 * sizeof(std::uint32_t);
  const std::pair<std::uint64_t, std::uint64_t> parts[] = {
      {segment.rows, per_row},    {segment.documents, sizeof(std::uint64_t) + sizeof(std::uint32_t)},
      {1, sizeof(std::uint32_t)}, {segment.terms, 2 * sizeof(std::uint64_t) + sizeof(std::uint32_t)},
      {segment.name_bytes, 1},    {segment.text_bytes, 1},
      {segment.posting_bytes, 1}, {segment.vector_bytes, 1}};
  for (const auto& [count, bytes] : parts) {
    // The first keeps the product far below 2^64.
    if (count > limit || count * bytes > limit - total) return std::nullopt;
    total += count * bytes;
  }
  return total;
}

std::string encode_header(const SnapshotHeader& header) {
  const std::size_t header_bytes =
      kSnapshotPreludeBytes + 3 * sizeof(std::uint32_t) + header.stamp.size() + header.configuration.size() +
      header.segments.size() * kSegmentFields * sizeof(std::uint64_t) + sizeof(std::uint64_t);
  std::uint64_t file_bytes = header_bytes;
  for (const SnapshotSegment& segment : header.segments) {
    const auto bytes = segment_bytes(segment, std::numeric_limits<std::int64_t>::max());
    if (!bytes || header_bytes > kMaxSnapshotHeaderBytes) {
      throw Error(ErrorCode::kInternal, "The index is too large to be saved. It is built anew at the next start.");
    }
    file_bytes += *bytes;
  }
  std::string out(kSnapshotMagic);
  put(out, kSnapshotVersion);
  put(out, static_cast<std::uint32_t>(header_bytes));
  put(out, file_bytes);
  put_text(out, header.stamp);
  put_text(out, header.configuration);
  put(out, static_cast<std::uint32_t>(header.segments.size()));
  for (const SnapshotSegment& segment : header.segments) {
    for (const std::uint64_t field :
         {segment.rows, segment.documents, segment.terms, segment.name_bytes, segment.text_bytes, segment.posting_bytes,
          segment.vector_bytes, segment.checksum}) {
      put(out, field);
    }
  }
  put(out, checksum_of(out));
  return out;
}

std::optional<SnapshotPrelude> decode_prelude(std::string_view bytes) noexcept {
  if (bytes.size() != kSnapshotPreludeBytes || !bytes.starts_with(kSnapshotMagic)) return std::nullopt;
  Fields fields(bytes.substr(kSnapshotMagic.size()));
  SnapshotPrelude prelude;
  prelude.version = fields.number<std::uint32_t>();
  prelude.header_bytes = fields.number<std::uint32_t>();
  prelude.file_bytes = fields.number<std::uint64_t>();
  return prelude;
}

std::optional<SnapshotHeader> decode_header(std::string_view bytes) {
  if (bytes.size() < kSnapshotPreludeBytes + sizeof(std::uint64_t)) return std::nullopt;
  const std::string_view summed = bytes.substr(0, bytes.size() - sizeof(std::uint64_t));
  if (Fields(bytes.substr(summed.size())).number<std::uint64_t>() != checksum_of(summed)) return std::nullopt;
  Fields fields(summed.substr(kSnapshotPreludeBytes));
  SnapshotHeader header;
  header.stamp = fields.text();
  header.configuration = fields.text();
  const std::size_t segments = fields.number<std::uint32_t>();
  if (fields.has_failed() || fields.left() != segments * kSegmentFields * sizeof(std::uint64_t)) return std::nullopt;
  header.segments.reserve(segments);
  for (std::size_t i = 0; i < segments; ++i) header.segments.push_back(read_segment(fields));
  return header;
}

}  // namespace jackdaw::index
