#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace jackdaw::index {

// The form of the index's file, "jdindex1". All numbers are little endian, nothing is aligned, no byte is outside a
// checksum (checksum.h).
//
//   header
//     magic           8 bytes  "jdindex1"
//     version         u32      kSnapshotVersion
//     header_bytes    u32      from the magic to the header's checksum, both included
//     file_bytes      u64
//     stamp           u32 length, then the bytes: of which state of the collection this is
//     configuration   u32 length, then the bytes: what the index was made with; an index made otherwise must not use it
//     segments        u32 count, then for each
//       rows, documents, terms, name_bytes, text_bytes, posting_bytes, vector_bytes   u64 each
//       checksum      u64      of all bytes of the segment but the floats that have checksums of their own
//     checksum        u64      of all bytes of the header before it
//   then each segment, without gaps; only live rows are saved, so that nothing is left of what was removed
//     chunks          i64 x rows               ids, ascending
//     lengths         u32 x rows               terms of each chunk, by the weights of their fields
//     name_ends       u64 x documents          where each document's id ends in `names`
//     names           name_bytes               ids, ascending
//     row_begins      u32 x (documents + 1)    where each document's rows begin in `document_rows`
//     document_rows   u32 x rows               ascending within a document
//     text_ends       u64 x terms              where each term ends in `text`
//     text            text_bytes               terms, ascending
//     posting_begins  u64 x terms              where each term's postings begin in `postings`
//     posting_counts  u32 x terms
//     postings        posting_bytes            as posting_list.h describes them
//     vectors         vector_bytes             by the engine, which is part of the configuration as the dimensions are
//
// Vectors of "faiss" and "flat": f32 x dimensions x rows. Of "int8" and "int8-approximate" (int8_codes.h,
// sign_codes.h), where `stride` is the dimensions rounded up to whole 64s:
//     codes           i8 x stride x rows       zeros past the dimensions
//     scales, slacks  f32 x rows each
//     sums            i32 x rows               of the codes of each row
//     only int8-approximate, only in a segment of at least 4,096 rows:
//       mean          f32 x stride
//       bits          stride / 8 bytes x rows, the rows rounded up to whole 32s (sign_kernels.h)
//       factors, excesses  f32 x rows each
//     row_checksums   u64 x rows               of the floats of each row
//     floats          f32 x dimensions x rows  read when they are needed, each row with its checksum

inline constexpr std::string_view kSnapshotMagic = "jdindex1";
inline constexpr std::uint32_t kSnapshotVersion = 3;
inline constexpr std::size_t kSnapshotPreludeBytes = 24;  // magic to file_bytes
inline constexpr std::size_t kMaxSnapshotHeaderBytes = std::size_t{64} << 20;

// The header up to file_bytes.
struct SnapshotPrelude {
  std::uint32_t version = 0;
  std::uint32_t header_bytes = 0;
  std::uint64_t file_bytes = 0;
};

struct SnapshotSegment {
  std::uint64_t rows = 0;
  std::uint64_t documents = 0;
  std::uint64_t terms = 0;
  std::uint64_t name_bytes = 0;
  std::uint64_t text_bytes = 0;
  std::uint64_t posting_bytes = 0;
  std::uint64_t vector_bytes = 0;
  std::uint64_t checksum = 0;
};

struct SnapshotHeader {
  std::string stamp;
  std::string configuration;
  std::vector<SnapshotSegment> segments;
};

// Of a segment's part of the file; nothing when that is more than `limit`, or a segment cannot be so large.
std::optional<std::uint64_t> segment_bytes(const SnapshotSegment& segment, std::uint64_t limit);

// The whole header. Throws Error kInternal when it would be too large to be read.
std::string encode_header(const SnapshotHeader& header);

// Of the first kSnapshotPreludeBytes bytes; nothing when this is no such file.
std::optional<SnapshotPrelude> decode_prelude(std::string_view bytes) noexcept;
// Of all header_bytes; nothing when it is damaged.
std::optional<SnapshotHeader> decode_header(std::string_view bytes);

}  // namespace jackdaw::index
