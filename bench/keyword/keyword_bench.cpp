#include <boost/json.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "core/error.h"
#include "index/segmented_index.h"

// Keyword search alone, for compare.py:
//
//   keyword_bench FOLDER CHUNKS QUERIES    FOLDER holds corpus.jsonl and queries.jsonl as bench/grow/corpus.py writes
//   them
//
// Builds the index of the first CHUNKS chunks and prints a line about it; then each line "LIMIT" on standard input
// searches the first QUERIES queries once, on one thread, and prints a JSON array of the microseconds that each took; a
// line "top LIMIT" prints the ids of what each found. Vectors have one dimension, so that next to nothing but words is
// kept.
namespace jackdaw {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kBatchChunks = 4096;  // as the program adds documents when it rebuilds its index

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

std::string text_of(const boost::json::object& object, std::string_view field) {
  const auto* value = object.if_contains(field);
  return value == nullptr ? std::string() : std::string(value->as_string());
}

// Documents of the file's first chunks; chunks of one document follow each other.
std::vector<IndexedDocument> read_corpus(const std::filesystem::path& file, std::size_t chunks) {
  std::vector<IndexedDocument> documents;
  std::ifstream in(file);
  std::string line;
  for (std::size_t n = 0; n < chunks && std::getline(in, line); ++n) {
    const boost::json::value parsed = boost::json::parse(line);
    const auto& object = parsed.as_object();
    const DocumentId document{text_of(object, "document")};
    if (documents.empty() || documents.back().document != document) documents.push_back({document, {}});
    documents.back().chunks.push_back({ChunkId{object.at("id").as_int64()}, text_of(object, "text"), {1.0F}});
  }
  return documents;
}

std::vector<std::string> read_queries(const std::filesystem::path& file, std::size_t count) {
  std::vector<std::string> queries;
  std::ifstream in(file);
  for (std::string line; queries.size() < count && std::getline(in, line);) {
    queries.push_back(text_of(boost::json::parse(line).as_object(), "text"));
  }
  return queries;
}

void build(const std::vector<IndexedDocument>& documents, SearchIndex& index) {
  for (std::size_t begin = 0; begin < documents.size();) {
    std::size_t end = begin;
    for (std::size_t chunks = 0; end < documents.size() && chunks < kBatchChunks; ++end) {
      chunks += documents[end].chunks.size();
    }
    index.add(std::span(documents).subspan(begin, end - begin));
    begin = end;
  }
  index.merge_if_due(Cancellation());
}

// The index in its file: what is in memory but for the hash tables, which there are none of.
std::uintmax_t saved_bytes(const SearchIndex& index) {
  const auto file = std::filesystem::temp_directory_path() / ("jackdaw-keyword-bench-" + random_id());
  index.save(file, "", Cancellation());
  const auto bytes = std::filesystem::file_size(file);
  std::filesystem::remove(file);
  return bytes;
}

void answer(const std::string& line, const KeywordIndex& index, const std::vector<std::string>& queries) {
  const bool is_top = line.starts_with("top ");
  const std::size_t limit = std::stoul(is_top ? line.substr(4) : line);
  boost::json::array out;
  for (const std::string& query : queries) {
    const auto begin = Clock::now();
    const Ranking found = index.search(query, limit, {});
    const double microseconds = seconds_since(begin) * 1e6;
    if (!is_top) {
      out.emplace_back(microseconds);
      continue;
    }
    boost::json::array ids;
    for (const ScoredChunk& each : found) ids.emplace_back(each.chunk.value);
    out.emplace_back(std::move(ids));
  }
  std::cout << boost::json::serialize(out) << std::endl;
}

void run(const std::filesystem::path& folder, std::size_t chunks, std::size_t query_count) {
  index::SegmentedIndex index({.dimensions = 1, .vectors = index::VectorEngine::kFlat});
  const auto queries = read_queries(folder / "queries.jsonl", query_count);
  double build_seconds = 0;
  {
    const auto documents = read_corpus(folder / "corpus.jsonl", chunks);
    const std::clock_t begin = std::clock();  // of the processor: other programs may use it too
    build(documents, index);
    build_seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  }
  const auto snapshot = index.snapshot();
  std::cout << boost::json::serialize(boost::json::object{{"chunks", snapshot->chunks},
                                                          {"queries", queries.size()},
                                                          {"build_seconds", build_seconds},
                                                          {"bytes", saved_bytes(index)}})
            << std::endl;
  for (std::string line; std::getline(std::cin, line);) answer(line, *snapshot->keyword, queries);
}

}  // namespace
}  // namespace jackdaw

int main(int count, char** arguments) {
  if (count != 4) {
    std::fprintf(stderr, "usage: keyword_bench FOLDER CHUNKS QUERIES\n");
    return 2;
  }
  try {
    jackdaw::run(arguments[1], std::stoul(arguments[2]), std::stoul(arguments[3]));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "keyword_bench: %s\n", error.what());
    return 1;
  }
  return 0;
}
