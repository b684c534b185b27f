#pragma once

#include <cmath>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <span>
#include <string>
#include <string_view>

#include "core/document_store.h"
#include "core/error.h"
#include "core/job_store.h"
#include "store/spool.h"

namespace jackdaw::store {

// A folder of its own under the system's temporary folder, gone with this object.
class TemporaryFolder {
 public:
  TemporaryFolder() : path_(std::filesystem::temp_directory_path() / ("jackdaw-store-" + random_id())) {
    std::filesystem::create_directory(path_);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

inline std::string bytes_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

inline Spool spool_of(const std::filesystem::path& data_dir, std::string_view bytes) {
  Spool spool(data_dir);
  spool.append(std::as_bytes(std::span(bytes)));
  return spool;
}

inline Embedding unit_vector(std::mt19937& random, std::size_t dimensions = 384) {
  std::normal_distribution<float> normal;
  Embedding vector(dimensions);
  double squares = 0;
  for (float& component : vector) {
    component = normal(random);
    squares += static_cast<double>(component) * component;
  }
  for (float& component : vector) component = static_cast<float>(component / std::sqrt(squares));
  return vector;
}

// The shape of a document to make up.
struct SampleShape {
  int pages = 3;
  int words_per_page = 60;
  std::size_t chunk_bytes = 200;
};

inline Page sample_page(int number, const std::string& mark, const SampleShape& shape, std::mt19937& random) {
  Page page{.number = number,
            .label = "p" + std::to_string(number),
            .width = 595.25F,
            .height = 841.5F,
            .text = {},
            .words = {},
            .sections = {}};
  std::uniform_real_distribution<float> at(0, 500);
  for (int i = 0; i < shape.words_per_page; ++i) {
    const std::string word = mark + std::to_string(number) + "x" + std::to_string(i);
    const auto begin = static_cast<std::uint32_t>(page.text.size());
    page.text += word;
    const float x = at(random);
    const float y = 12.0F * static_cast<float>(i / 10);
    page.words.push_back({begin, begin + static_cast<std::uint32_t>(word.size()), {{x, y, x + 31.7F, y + 10}}});
    page.text += i % 10 == 9 ? '\n' : ' ';
  }
  return page;
}

// A document to bring in, with all that a store must give back.
struct SampleDocument {
  Document document;  // id and created_at are the store's: add() fills them in
  IncomingFile original;
  std::vector<Page> pages;
  std::vector<Chunk> chunks;
  std::vector<Embedding> embeddings;  // one per chunk

  NewUpload upload() const {
    IncomingFile file = original;
    file.filename = document.filename;
    return {.file = std::move(file), .tags = document.tags, .source = document.source};
  }
  ReadDocument read() const {
    return {.media_type = document.media_type,
            .title = document.title,
            .pages = document.pages,
            .pages_without_text = document.pages_without_text,
            .failure = document.failure,
            .contents = pages,
            .chunks = chunks,
            .embeddings = embeddings};
  }
};

// A made-up document, every word of which contains `mark` (letters and digits): what is left of it can be found in any
// file. The spool file belongs to `spool`, which must live until the document is stored.
inline SampleDocument sample_document(Spool& spool, const std::string& mark, std::mt19937& random,
                                      const SampleShape& shape = {}) {
  SampleDocument sample;
  sample.original = spool.finish(mark + ".pdf");
  sample.document = {.id = {},
                     .filename = sample.original.filename,
                     .title = "On " + mark,
                     .media_type = "application/pdf",
                     .sha256 = sample.original.sha256,
                     .bytes = sample.original.bytes,
                     .pages = shape.pages,
                     .tags = {"tag-" + mark, "second"},
                     .source = "/from/" + mark + ".pdf",
                     .pages_without_text = {2, 17}};
  for (int number = 1; number <= shape.pages; ++number) {
    const Page& page = sample.pages.emplace_back(sample_page(number, mark, shape, random));
    for (std::size_t begin = 0; begin < page.text.size(); begin += shape.chunk_bytes) {
      const std::size_t end = std::min(begin + shape.chunk_bytes, page.text.size());
      sample.chunks.push_back({.text = page.text.substr(begin, end - begin),
                               .span = {.page = number,
                                        .begin = static_cast<std::uint32_t>(begin),
                                        .end = static_cast<std::uint32_t>(end),
                                        .boxes = {{10, 20, 300, 32}, {10, 34, 250.5F, 46}}},
                               .heading = number % 2 == 0 ? "Of " + mark : ""});
      sample.embeddings.push_back(unit_vector(random));
    }
  }
  return sample;
}

// Brings a document in whole, past the queue, as its way through the program would. Returns the ids of its chunks.
template <class Store>
std::vector<ChunkId> add(Store& store, SampleDocument& sample) {
  const Accepted accepted = store.accept(sample.upload());
  if (accepted.already_known) throw Error(ErrorCode::kConflict, "The same bytes are there already.");
  sample.document.id = accepted.document.id;
  sample.document.created_at = accepted.document.created_at;
  const auto job = store.waiting_job_of(accepted.document.id);
  return store.complete(job.value(), sample.read()).value();
}
template <class Store>
std::vector<ChunkId> add(Store& store, SampleDocument&& sample) {
  return add(store, sample);
}

}  // namespace jackdaw::store
