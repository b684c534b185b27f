#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/log.h"
#include "core/checksum.h"
#include "index/segmented_index.h"
#include "index/snapshot_format.h"

namespace {

namespace index = jackdaw::index;

constexpr std::size_t kDimensions = 4;
constexpr std::size_t kPatchBytes = 3;

index::SegmentedIndexOptions options(bool flat) {
  return {.dimensions = kDimensions,
          .vectors = flat ? index::VectorEngine::kFlat : index::VectorEngine::kFaiss,
          .merge = {.fan_in = 2}};
}

jackdaw::IndexedDocument document(const std::string& id, std::int64_t first_chunk) {
  jackdaw::IndexedDocument made{{id}, {}};
  for (std::int64_t i = 0; i < 3; ++i) {
    made.chunks.push_back({{first_chunk + i}, "alpha beta beta gamma" + std::to_string(i), {1, 0.5F, -1, 0}});
  }
  return made;
}

// A file in memory with a name, as long as it lives.
class NamedBytes {
 public:
  explicit NamedBytes(std::string_view bytes) : descriptor_(::memfd_create("snapshot", MFD_CLOEXEC)) {
    if (descriptor_ < 0 || ::write(descriptor_, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
      std::abort();
    }
  }
  ~NamedBytes() { ::close(descriptor_); }
  NamedBytes(const NamedBytes&) = delete;
  NamedBytes& operator=(const NamedBytes&) = delete;
  std::filesystem::path path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

// A whole file of two segments, in parts.
struct Whole {
  index::SnapshotHeader header;
  std::string segments;
};

Whole make_whole(bool flat) {
  index::SegmentedIndex made(options(flat));
  const jackdaw::IndexedDocument first[] = {document("a", 1), document("b", 10)};
  const jackdaw::IndexedDocument second[] = {document("c", 20)};
  made.add(first);
  made.add(second);
  std::string name = (std::filesystem::temp_directory_path() / "jackdaw-fuzz-XXXXXX").string();
  const int descriptor = ::mkstemp(name.data());
  if (descriptor < 0) std::abort();
  ::close(descriptor);
  made.save(name, "stamp", jackdaw::Cancellation());
  std::ifstream in(name, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  std::filesystem::remove(name);
  const auto prelude = index::decode_prelude(std::string_view(bytes).substr(0, index::kSnapshotPreludeBytes));
  if (!prelude) std::abort();
  const auto header = index::decode_header(std::string_view(bytes).substr(0, prelude->header_bytes));
  if (!header) std::abort();
  return {*header, bytes.substr(prelude->header_bytes)};
}

std::vector<std::uint64_t*> counts_of(index::SnapshotHeader& header) {
  std::vector<std::uint64_t*> counts;
  for (index::SnapshotSegment& segment : header.segments) {
    for (auto* count : {&segment.rows, &segment.documents, &segment.terms, &segment.name_bytes, &segment.text_bytes,
                        &segment.posting_bytes}) {
      counts.push_back(count);
    }
  }
  return counts;
}

// Makes every checksum right, so that what was changed is met by the checks behind them.
std::string seal(Whole whole) {
  std::size_t at = 0;
  for (index::SnapshotSegment& segment : whole.header.segments) {
    const auto bytes = index::segment_bytes(segment, kDimensions, whole.segments.size() - at);
    if (!bytes) return {};
    index::Checksum checksum;
    checksum.add(std::as_bytes(std::span(whole.segments)).subspan(at, *bytes));
    segment.checksum = checksum.value();
    at += *bytes;
  }
  whole.segments.resize(at);
  return index::encode_header(whole.header, kDimensions) + whole.segments;
}

// Each patch is a place and a value; places from the end of the segments on are counts of the header.
std::string patched(bool flat, std::span<const std::uint8_t> patches) {
  static const Whole kWhole[] = {make_whole(false), make_whole(true)};
  Whole whole = kWhole[flat ? 1 : 0];
  const auto counts = counts_of(whole.header);
  for (; patches.size() >= kPatchBytes; patches = patches.subspan(kPatchBytes)) {
    const std::size_t place = (patches[0] | patches[1] << 8) % (whole.segments.size() + counts.size() * 8);
    if (place < whole.segments.size()) {
      whole.segments[place] = static_cast<char>(patches[2]);
    } else {
      *counts[(place - whole.segments.size()) / 8] += static_cast<std::int8_t>(patches[2]);
    }
  }
  return seal(std::move(whole));
}

// Whatever was loaded can be searched, changed, merged and saved.
void use(index::SegmentedIndex& loaded) {
  const auto snapshot = loaded.snapshot();
  const std::vector<float> query(kDimensions, 0.5F);
  for (const std::size_t limit : {1, 100}) {
    if (snapshot->keyword->search("alpha beta gamma1", limit, {}).size() > snapshot->chunks) std::abort();
    for (const auto& found : snapshot->vector->search(query, limit, {{{"a"}, {"c"}}})) {
      snapshot->vector->similarity(query, found.chunk);
    }
    if (snapshot->vector->search(query, limit, {}).size() > snapshot->chunks) std::abort();
  }
  loaded.remove({"b"});
  loaded.replace(document("new", 1'000'000));
  loaded.merge_if_due(jackdaw::Cancellation());
}

}  // namespace

// The first byte says what the others are: the file itself, or patches of a whole one whose checksums are then made
// right; and the engine. No bytes crash the loader or what works with what it took in.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  jackdaw::log::set_level(jackdaw::log::Level::kOff);
  const bool is_patched = (data[0] & 1) != 0;
  const bool is_flat = (data[0] & 2) != 0;
  const auto most = static_cast<std::size_t>(1 + (data[0] >> 2 & 7)) * kPatchBytes;
  const std::span<const std::uint8_t> rest(data + 1, size - 1);
  const std::string bytes =
      is_patched ? patched(is_flat, rest.first(std::min(rest.size(), most))) : std::string(rest.begin(), rest.end());
  const NamedBytes file(bytes);
  index::SegmentedIndex loaded(options(is_flat));
  const auto before = loaded.snapshot();
  if (loaded.load(file.path(), "stamp")) {
    use(loaded);
  } else if (loaded.snapshot() != before) {
    std::abort();
  }
  return 0;
}
