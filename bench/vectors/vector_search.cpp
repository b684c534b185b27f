#include <time.h>

#include <cstdint>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/clock.h"
#include "index/vector_segment.h"

// The side of compare.py that is ours:
//
//   vector_search ENGINE DIMENSIONS VECTORS.f32 ROWS QUERIES.f32 LIMIT
//
// Makes one segment of the first ROWS rows of bare floats, says "ready <seconds> <bytes of memory>", and then answers
// each line of standard input, the number of a query, by "<nanoseconds> <row> <row> ...", best first.
namespace {

using namespace jackdaw;
using namespace jackdaw::index;

std::vector<float> read_floats(const char* file, std::size_t most) {
  const std::size_t count = std::min<std::size_t>(most, std::filesystem::file_size(file) / sizeof(float));
  std::vector<float> floats(count);
  std::ifstream(file, std::ios::binary)
      .read(reinterpret_cast<char*>(floats.data()), static_cast<std::streamsize>(count * sizeof(float)));
  return floats;
}

// Without the pages of files.
std::uint64_t memory_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("RssAnon:")) return std::strtoull(line.c_str() + 8, nullptr, 10) * 1024;
  }
  return 0;
}

struct Built {
  std::unique_ptr<const VectorSegment> segment;
  std::vector<ChunkId> chunks;
  double seconds;
  std::uint64_t bytes;
};

Built build(VectorEngine engine, std::size_t dimensions, const char* file, std::size_t rows) {
  const std::uint64_t before = memory_bytes();
  Built built;
  {
    const std::vector<float> floats = read_floats(file, rows * dimensions);
    std::vector<const float*> pointers;
    for (std::size_t at = 0; at < floats.size(); at += dimensions) {
      built.chunks.push_back(ChunkId{static_cast<std::int64_t>(pointers.size())});
      pointers.push_back(floats.data() + at);
    }
    const Stopwatch building;
    built.segment = make_vector_segment(engine, dimensions, pointers);
    built.seconds = building.elapsed_ms() / 1000;
  }
  built.bytes = memory_bytes() - before;
  return built;
}

std::int64_t nanoseconds() {
  timespec now = {};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

void answer(const Built& built, std::span<const float> query, std::size_t limit) {
  const std::int64_t begin = nanoseconds();
  TopK best(limit);
  built.segment->search_approximately(query, nullptr, built.chunks, best);
  const Ranking found = best.take();
  std::cout << nanoseconds() - begin;
  for (const ScoredChunk& each : found) std::cout << ' ' << each.chunk.value;
  std::cout << std::endl;
}

}  // namespace

int main(int argc, char** argv) {
  const auto engine = argc == 7 ? vector_engine_named(argv[1]) : std::nullopt;
  if (!engine) {
    std::cerr
        << "usage: vector_search faiss|flat|int8|int8-approximate DIMENSIONS VECTORS.f32 ROWS QUERIES.f32 LIMIT\n";
    return 2;
  }
  try {
    const std::size_t dimensions = std::strtoull(argv[2], nullptr, 10);
    const Built built = build(*engine, dimensions, argv[3], std::strtoull(argv[4], nullptr, 10));
    const std::vector<float> queries = read_floats(argv[5], SIZE_MAX);
    const std::size_t limit = std::strtoull(argv[6], nullptr, 10);
    std::cout << "ready " << built.seconds << ' ' << built.bytes << std::endl;
    for (std::size_t query = 0; std::cin >> query;) {
      answer(built, std::span(queries).subspan(query * dimensions, dimensions), limit);
    }
    return 0;
  } catch (const std::exception& failure) {
    std::cerr << failure.what() << "\n";
    return 1;
  }
}
