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
class SegmentBytes final : public VectorSink {
 public:
  SegmentBytes(ReplacingFile& file, const Cancellation& cancellation) : file_(file), cancellation_(cancellation) {
    slice_.reserve(kSliceBytes);
  }

  template <class Number>
  void put_numbers(std::span<const Number> numbers) {
    put(std::as_bytes(numbers));
  }

  void put(std::span<const std::byte> bytes) override { gather(bytes, true); }
  void put_unsummed(std::span<const std::byte> bytes) override { gather(bytes, false); }

  // All that was put so far.
  std::uint64_t bytes() const noexcept { return bytes_; }
  std::uint64_t finish() {
    flush();
    return checksum_.value();
  }

 private:
  void gather(std::span<const std::byte> bytes, bool is_summed) {
    if (is_summed != is_summed_) flush();
    is_summed_ = is_summed;
    bytes_ += bytes.size();
    while (!bytes.empty()) {
      const std::size_t some = std::min(bytes.size(), kSliceBytes - slice_.size());
      slice_.insert(slice_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(some));
      bytes = bytes.subspan(some);
      if (slice_.size() == kSliceBytes) flush();
    }
  }
  void flush() {
    cancellation_.throw_if_requested();
    if (is_summed_) checksum_.add(slice_);
    file_.append(slice_);
    slice_.clear();
  }

  ReplacingFile& file_;
  const Cancellation& cancellation_;
  Checksum checksum_;
  bool is_summed_ = true;  // the bytes of the slice
  std::uint64_t bytes_ = 0;
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

// `rows` of `vectors` are those of `words`.
SnapshotSegment write_segment(const SegmentWords& words, const VectorSegment& vectors,
                              std::span<const std::uint32_t> rows, SegmentBytes& bytes) {
  const Names names = names_of(words.documents.documents);
  const PostingsParts& postings = words.postings.parts();
  bytes.put_numbers(all(words.chunks));
  bytes.put_numbers(all(words.lengths));
  bytes.put_numbers(all(names.ends));
  bytes.put_numbers(std::span<const char>(names.text));
  bytes.put_numbers(all(words.documents.begins));
  bytes.put_numbers(all(words.documents.rows));
  bytes.put_numbers(all(postings.text_ends));
  bytes.put_numbers(std::span<const char>(postings.text));
  bytes.put_numbers(all(postings.begins));
  bytes.put_numbers(all(postings.counts));
  bytes.put_numbers(all(postings.bytes));
  const std::uint64_t before_vectors = bytes.bytes();
  vectors.save(rows, bytes);
  return {.rows = words.chunks.size(),
          .documents = names.ends.size(),
          .terms = postings.counts.size(),
          .name_bytes = names.text.size(),
          .text_bytes = postings.text.size(),
          .posting_bytes = postings.bytes.size(),
          .vector_bytes = bytes.bytes() - before_vectors,
          .checksum = bytes.finish()};
}

std::vector<std::uint32_t> live_rows(const LiveSegment& segment) {
  std::vector<std::uint32_t> rows;
  rows.reserve(segment.live_rows);
  for (std::uint32_t row = 0; row < segment.segment->rows(); ++row) {
    if (segment.is_live(row)) rows.push_back(row);
  }
  return rows;
}

SnapshotSegment write_live_rows(const LiveSegment& segment, std::span<const std::uint32_t> rows, SegmentBytes& bytes,
                                const Cancellation& cancellation) {
  const VectorSegment& vectors = segment.segment->vectors();
  if (!segment.live) return write_segment(segment.segment->words(), vectors, rows, bytes);
  return write_segment(gather_live_rows({&segment, 1}, cancellation).words, vectors, rows, bytes);
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
  writing.append(bytes_of(encode_header(header)));
  std::vector<std::vector<std::uint32_t>> rows;
  std::vector<std::uint64_t> float_begins;
  for (std::size_t i = 0; i < header.segments.size(); ++i) {
    rows.push_back(live_rows(segments.segments[i]));
    SegmentBytes bytes(writing, cancellation);
    header.segments[i] = write_live_rows(segments.segments[i], rows[i], bytes, cancellation);
    float_begins.push_back(writing.size() - rows[i].size() * dimensions * sizeof(float));
  }
  writing.overwrite(0, bytes_of(encode_header(header)));
  cancellation.throw_if_requested();
  writing.put_in_place();
  const auto saved = std::make_shared<const RowFile>(writing.duplicate(), file);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    segments.segments[i].segment->vectors().were_saved(rows[i], saved, float_begins[i]);
  }
}

}  // namespace jackdaw::index
