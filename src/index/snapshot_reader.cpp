#include "index/snapshot_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <span>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

#include "core/checksum.h"
#include "core/error.h"
#include "index/segment_check.h"
#include "index/snapshot_format.h"

namespace jackdaw::index {
namespace {

// Read and summed at once, so that the second pass finds the bytes in the core's second-level cache.
constexpr std::size_t kBlockBytes = std::size_t{256} << 10;

class SnapshotFile {
 public:
  explicit SnapshotFile(const std::filesystem::path& path)
      : path_(path),
        descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)),
        is_absent_(!is_open() && errno == ENOENT) {
    if (is_absent_) return;
    if (!is_open()) refuse("cannot be opened: " + std::generic_category().message(errno));
    struct stat status = {};
    if (::fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode))
      size_ = static_cast<std::uint64_t>(status.st_size);
    ::posix_fadvise(descriptor_, 0, 0, POSIX_FADV_SEQUENTIAL);
  }
  ~SnapshotFile() {
    if (is_open()) ::close(descriptor_);
  }
  SnapshotFile(const SnapshotFile&) = delete;
  SnapshotFile& operator=(const SnapshotFile&) = delete;

  bool is_absent() const noexcept { return is_absent_; }
  std::uint64_t size() const noexcept { return size_; }
  std::uint64_t at() const noexcept { return at_; }
  void skip(std::uint64_t bytes) noexcept { at_ += bytes; }

  // The same file, for as long as rows of it are needed.
  std::shared_ptr<const RowFile> rows() {
    if (rows_) return rows_;
    const int descriptor = ::fcntl(descriptor_, F_DUPFD_CLOEXEC, 0);
    if (descriptor < 0) refuse("cannot be opened: " + std::generic_category().message(errno));
    return rows_ = std::make_shared<const RowFile>(descriptor, path_);
  }

  // The next bytes, all of them.
  void read(std::span<std::byte> out) {
    while (!out.empty()) {
      const ssize_t some = ::pread(descriptor_, out.data(), out.size(), static_cast<off_t>(at_));
      if (some < 0 && errno == EINTR) continue;
      if (some < 0) refuse("cannot be read: " + std::generic_category().message(errno));
      if (some == 0) refuse("ends too early");
      at_ += static_cast<std::uint64_t>(some);
      out = out.subspan(static_cast<std::size_t>(some));
    }
  }
  std::string read_text(std::size_t count) {
    std::string text(count, '\0');
    read(std::as_writable_bytes(std::span(text)));
    return text;
  }

  [[noreturn]] void refuse(const std::string& why) const {
    throw Error(ErrorCode::kInternal, "The index's file '" + path_.string() + "' " + why + ".");
  }

 private:
  bool is_open() const noexcept { return descriptor_ >= 0; }

  const std::filesystem::path path_;
  const int descriptor_;
  const bool is_absent_;
  std::uint64_t size_ = 0;
  std::uint64_t at_ = 0;
  std::shared_ptr<const RowFile> rows_;
};

// Whole floats. Infinities and NaNs are those whose magnitude, as a number, is at least that of infinity.
bool all_finite(std::span<const std::byte> block) {
  constexpr std::uint32_t kMagnitude = 0x7FFFFFFF;
  constexpr std::uint32_t kInfinity = 0x7F800000;
  constexpr std::size_t kLanes = 8;  // that the compiler may keep in vectors
  std::uint32_t largest[kLanes] = {};
  std::size_t at = 0;
  for (; at + sizeof(largest) <= block.size(); at += sizeof(largest)) {
    std::uint32_t bits[kLanes];
    std::memcpy(bits, block.data() + at, sizeof(bits));
    for (std::size_t lane = 0; lane < kLanes; ++lane) largest[lane] = std::max(largest[lane], bits[lane] & kMagnitude);
  }
  for (; at < block.size(); at += sizeof(std::uint32_t)) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, block.data() + at, sizeof(bits));
    largest[0] = std::max(largest[0], bits & kMagnitude);
  }
  return *std::max_element(std::begin(largest), std::end(largest)) < kInfinity;
}

// One segment's part of the file.
class SegmentReader final : public VectorSource {
 public:
  SegmentReader(SnapshotFile& file, const SnapshotSegment& segment) : file_(file), segment_(segment) {}

  std::shared_ptr<const Segment> read(VectorEngine engine, std::size_t dimensions) {
    if (segment_.vector_bytes != saved_vector_bytes(engine, dimensions, segment_.rows)) {
      file_.refuse("is damaged: its vectors have not the size that they must have");
    }
    SegmentWords words = read_words();
    auto vectors = load_vector_segment(engine, dimensions, segment_.rows, *this);
    if (checksum_.value() != segment_.checksum) file_.refuse("is damaged: a checksum is wrong");
    words.documents.documents = read_names();
    if (!are_finite_ || !is_sound(words) || !vectors->is_sound()) file_.refuse("holds what no index wrote");
    return std::make_shared<const Segment>(std::move(words), std::move(vectors));
  }

  void read(std::span<std::byte> bytes) override { fill(bytes); }
  void read_floats(std::span<float> floats) override {
    fill(std::as_writable_bytes(floats),
         [&](std::span<const std::byte> block) { are_finite_ = are_finite_ && all_finite(block); });
  }
  Place leave(std::uint64_t bytes) override {
    const std::uint64_t begin = file_.at();
    file_.skip(bytes);
    return {file_.rows(), begin};
  }

 private:
  SegmentWords read_words() {
    SegmentWords words;
    words.chunks = numbers<ChunkId>(segment_.rows);
    words.lengths = numbers<std::uint32_t>(segment_.rows);
    name_ends_ = numbers<std::uint64_t>(segment_.documents);
    names_ = numbers<char>(segment_.name_bytes);
    words.documents.begins = numbers<std::uint32_t>(segment_.documents + 1);
    words.documents.rows = numbers<std::uint32_t>(segment_.rows);
    PostingsParts parts;
    parts.text_ends = numbers<std::uint64_t>(segment_.terms);
    parts.text.resize(segment_.text_bytes);
    fill(std::as_writable_bytes(std::span(parts.text)));
    parts.begins = numbers<std::uint64_t>(segment_.terms);
    parts.counts = numbers<std::uint32_t>(segment_.terms);
    parts.bytes = numbers<std::uint8_t>(segment_.posting_bytes);
    words.postings = Postings(std::move(parts));
    return words;
  }

  std::vector<DocumentId> read_names() const {
    std::vector<DocumentId> documents;
    documents.reserve(name_ends_.size());
    std::uint64_t begin = 0;
    for (const std::uint64_t end : name_ends_) {
      if (end < begin || end > names_.size()) file_.refuse("holds what no index wrote");
      documents.push_back({std::string(names_.data() + begin, end - begin)});
      begin = end;
    }
    if (begin != names_.size()) file_.refuse("holds what no index wrote");
    return documents;
  }

  template <class Number>
  std::vector<Number> numbers(std::size_t count) {
    static_assert(std::is_trivially_copyable_v<Number>);
    std::vector<Number> out(count);
    fill(std::as_writable_bytes(std::span(out)));
    return out;
  }

  void fill(std::span<std::byte> out) {
    fill(out, [](std::span<const std::byte>) {});
  }
  template <class See>
  void fill(std::span<std::byte> out, See see) {
    for (std::size_t at = 0; at < out.size(); at += kBlockBytes) {
      const auto block = out.subspan(at, std::min(kBlockBytes, out.size() - at));
      file_.read(block);
      checksum_.add(block);
      see(block);
    }
  }

  SnapshotFile& file_;
  const SnapshotSegment& segment_;
  Checksum checksum_;
  std::vector<std::uint64_t> name_ends_;
  std::vector<char> names_;
  bool are_finite_ = true;
};

void check_sizes(const SnapshotFile& file, const SnapshotPrelude& prelude, const SnapshotHeader& header) {
  std::uint64_t total = prelude.header_bytes;
  for (const SnapshotSegment& segment : header.segments) {
    const auto bytes = segment_bytes(segment, file.size() - total);
    if (!bytes) file.refuse("is damaged: its parts do not fit into it");
    total += *bytes;
  }
  if (total != file.size()) file.refuse("is damaged: its parts do not fill it");
}

// The header of a file that may be used; nothing for one of another kind.
std::optional<SnapshotHeader> read_header(SnapshotFile& file, std::string_view stamp, std::string_view configuration) {
  if (file.size() < kSnapshotPreludeBytes) file.refuse("ends too early");
  std::string bytes = file.read_text(kSnapshotPreludeBytes);
  const auto prelude = decode_prelude(bytes);
  if (!prelude || prelude->version != kSnapshotVersion) return std::nullopt;
  if (prelude->file_bytes != file.size()) file.refuse("is damaged: it has not the size that it names");
  if (prelude->header_bytes < kSnapshotPreludeBytes || prelude->header_bytes > file.size() ||
      prelude->header_bytes > kMaxSnapshotHeaderBytes) {
    file.refuse("is damaged: its header cannot be so large");
  }
  bytes += file.read_text(prelude->header_bytes - kSnapshotPreludeBytes);
  auto header = decode_header(bytes);
  if (!header) file.refuse("is damaged: the header's checksum is wrong");
  if (header->stamp != stamp || header->configuration != configuration) return std::nullopt;
  check_sizes(file, *prelude, *header);
  return header;
}

}  // namespace

std::optional<std::vector<std::shared_ptr<const Segment>>> read_snapshot(const std::filesystem::path& path,
                                                                         std::string_view stamp,
                                                                         std::string_view configuration,
                                                                         VectorEngine engine, std::size_t dimensions) {
  SnapshotFile file(path);
  if (file.is_absent()) return std::nullopt;
  const auto header = read_header(file, stamp, configuration);
  if (!header) return std::nullopt;
  std::vector<std::shared_ptr<const Segment>> segments;
  for (const SnapshotSegment& segment : header->segments) {
    segments.push_back(SegmentReader(file, segment).read(engine, dimensions));
  }
  if (!are_disjoint(segments)) file.refuse("holds what no index wrote");
  return segments;
}

}  // namespace jackdaw::index
