#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/checksum.h"
#include "core/log.h"
#include "index/segmented_index.h"
#include "index/snapshot_format.h"

namespace {

namespace index = jackdaw::index;

constexpr std::size_t kDimensions = 4;
constexpr std::size_t kPatchBytes = 3;

constexpr index::VectorEngine kEngines[] = {index::VectorEngine::kFaiss, index::VectorEngine::kFlat,
                                            index::VectorEngine::kInt8, index::VectorEngine::kInt8Approximate};

bool leaves_floats_in_the_file(index::VectorEngine engine) {
  return engine == index::VectorEngine::kInt8 || engine == index::VectorEngine::kInt8Approximate;
}

index::SegmentedIndexOptions options(index::VectorEngine engine) {
  return {.dimensions = kDimensions, .vectors = engine, .approximate_from = 0, .merge = {.fan_in = 2}};
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

Whole make_whole(index::VectorEngine engine) {
  index::SegmentedIndex made(options(engine));
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
                        &segment.posting_bytes, &segment.vector_bytes}) {
      counts.push_back(count);
    }
  }
  return counts;
}

std::uint64_t checksum_of(std::string_view bytes) {
  jackdaw::Checksum checksum;
  checksum.add(std::as_bytes(std::span(bytes)));
  return checksum.value();
}

// Makes the checksums of the floats right that stay in the file: they come last, their checksums before them. Returns
// how many bytes the segment's own checksum leaves out.
std::size_t seal_floats(std::span<char> segment, std::uint64_t rows) {
  constexpr std::size_t kRowBytes = kDimensions * sizeof(float);
  if (rows > segment.size() / (kRowBytes + sizeof(std::uint64_t))) return 0;
  char* const floats = segment.data() + segment.size() - rows * kRowBytes;
  for (std::size_t row = 0; row < rows; ++row) {
    const std::uint64_t checksum = checksum_of({floats + row * kRowBytes, kRowBytes});
    std::memcpy(floats - (rows - row) * sizeof(checksum), &checksum, sizeof(checksum));
  }
  return rows * kRowBytes;
}

// Makes every checksum right, so that what was changed is met by the checks behind them.
std::string seal(index::VectorEngine engine, Whole whole) {
  std::size_t at = 0;
  for (index::SnapshotSegment& segment : whole.header.segments) {
    const auto bytes = index::segment_bytes(segment, whole.segments.size() - at);
    if (!bytes) return {};
    const std::span<char> own(whole.segments.data() + at, *bytes);
    const std::size_t unsummed = leaves_floats_in_the_file(engine) ? seal_floats(own, segment.rows) : 0;
    segment.checksum = checksum_of({own.data(), own.size() - unsummed});
    at += *bytes;
  }
  whole.segments.resize(at);
  return index::encode_header(whole.header) + whole.segments;
}

// Each patch is a place and a value; places from the end of the segments on are counts of the header.
std::string patched(std::size_t engine, std::span<const std::uint8_t> patches) {
  static const Whole kWhole[] = {make_whole(kEngines[0]), make_whole(kEngines[1]), make_whole(kEngines[2]),
                                 make_whole(kEngines[3])};
  Whole whole = kWhole[engine];
  const auto counts = counts_of(whole.header);
  for (; patches.size() >= kPatchBytes; patches = patches.subspan(kPatchBytes)) {
    const std::size_t place = (patches[0] | patches[1] << 8) % (whole.segments.size() + counts.size() * 8);
    if (place < whole.segments.size()) {
      whole.segments[place] = static_cast<char>(patches[2]);
    } else {
      *counts[(place - whole.segments.size()) / 8] += static_cast<std::int8_t>(patches[2]);
    }
  }
  return seal(kEngines[engine], std::move(whole));
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
  const std::size_t engine = data[0] >> 1 & 3;
  const auto most = static_cast<std::size_t>(1 + (data[0] >> 3 & 7)) * kPatchBytes;
  const std::span<const std::uint8_t> rest(data + 1, size - 1);
  const std::string bytes =
      is_patched ? patched(engine, rest.first(std::min(rest.size(), most))) : std::string(rest.begin(), rest.end());
  const NamedBytes file(bytes);
  index::SegmentedIndex loaded(options(kEngines[engine]));
  const auto before = loaded.snapshot();
  if (loaded.load(file.path(), "stamp")) {
    use(loaded);
  } else if (loaded.snapshot() != before) {
    std::abort();
  }
  return 0;
}
