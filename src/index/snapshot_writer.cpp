#include "index/snapshot_writer.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "core/checksum.h"
#include "index/replacing_file.h"
#include "index/segment_merge.h"
#include "index/snapshot_format.h"

namespace jackdaw::index {
namespace {

constexpr std::size_t kSliceBytes = std::size_t{1} << 20;

// The bytes of one segment on their way into the file: gathered into slices, summed, written.
class SegmentBytes {
 public:
  SegmentBytes(ReplacingFile& file, const Cancellation& cancellation) : file_(file), cancellation_(cancellation) {
    slice_.reserve(kSliceBytes);
  }

  template <class Number>
  void put(std::span<const Number> numbers) {
    put_bytes(std::as_bytes(numbers));
  }

  std::uint64_t finish() {
    flush();
    return checksum_.value();
  }

 private:
  void put_bytes(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const std::size_t some = std::min(bytes.size(), kSliceBytes - slice_.size());
      slice_.insert(slice_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(some));
      bytes = bytes.subspan(some);
      if (slice_.size() == kSliceBytes) flush();
    }
  }
  void flush() {
    cancellation_.throw_if_requested();
    checksum_.add(slice_);
    file_.append(slice_);
    slice_.clear();
  }

  ReplacingFile& file_;
  const Cancellation& cancellation_;
  Checksum checksum_;
  std::vector<std::byte> slice_;
};

struct Names {
  std::vector<std::uint64_t> ends;
  std::string text;
};

Names names_of(std::span<const DocumentId> documents) {
  Names names;
  for (const DocumentId& document : documents) {
    names.text += document.value;
    names.ends.push_back(names.text.size());
  }
  return names;
}

template <class Number>
std::span<const Number> all(const std::vector<Number>& numbers) {
  return numbers;
}

SnapshotSegment write_segment(const SegmentWords& words, std::span<const float* const> vectors, std::size_t dimensions,
                              SegmentBytes bytes) {
  const Names names = names_of(words.documents.documents);
  const PostingsParts& postings = words.postings.parts();
  bytes.put(all(words.chunks));
  bytes.put(all(words.lengths));
  bytes.put(all(names.ends));
  bytes.put(std::span<const char>(names.text));
  bytes.put(all(words.documents.begins));
  bytes.put(all(words.documents.rows));
  bytes.put(all(postings.text_ends));
  bytes.put(std::span<const char>(postings.text));
  bytes.put(all(postings.begins));
  bytes.put(all(postings.counts));
  bytes.put(all(postings.bytes));
  for (const float* vector : vectors) bytes.put(std::span(vector, dimensions));
  return {.rows = words.chunks.size(),
          .documents = names.ends.size(),
          .terms = postings.counts.size(),
          .name_bytes = names.text.size(),
          .text_bytes = postings.text.size(),
          .posting_bytes = postings.bytes.size(),
          .checksum = bytes.finish()};
}

SnapshotSegment write_live_rows(const LiveSegment& segment, std::size_t dimensions, ReplacingFile& file,
                                const Cancellation& cancellation) {
  if (segment.live) {
    const LiveRows live = gather_live_rows({&segment, 1}, cancellation);
    return write_segment(live.words, live.vectors, dimensions, SegmentBytes(file, cancellation));
  }
  std::vector<const float*> vectors;
  vectors.reserve(segment.segment->rows());
  for (std::uint32_t row = 0; row < segment.segment->rows(); ++row) {
    vectors.push_back(segment.segment->vectors().row(row).data());
  }
  return write_segment(segment.segment->words(), vectors, dimensions, SegmentBytes(file, cancellation));
}

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

}  // namespace

void write_snapshot(const std::filesystem::path& file, const std::string& stamp, const std::string& configuration,
                    std::size_t dimensions, const SegmentSet& segments, const Cancellation& cancellation) {
  cancellation.throw_if_requested();
  SnapshotHeader header{stamp, configuration, {}};
  // Its size is known already, its numbers are not.
  header.segments.resize(segments.segments.size(), SnapshotSegment{.rows = 1});
  ReplacingFile writing(file);
  writing.append(bytes_of(encode_header(header, dimensions)));
  for (std::size_t i = 0; i < header.segments.size(); ++i) {
    header.segments[i] = write_live_rows(segments.segments[i], dimensions, writing, cancellation);
  }
  writing.overwrite(0, bytes_of(encode_header(header, dimensions)));
  cancellation.throw_if_requested();
  writing.put_in_place();
}

}  // namespace jackdaw::index
