#include <boost/json.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "inference/local_embedder.h"

//   embed_corpus MODELS CORPUS.jsonl VECTORS.f32 [ROWS [TOKENS]]
//
// Embeds the texts of the first ROWS lines (all), each cut to TOKENS tokens (256), and appends the vectors to a file of
// bare little-endian floats, row after row. It goes on where the file ends, so it can be stopped at any time.
namespace {

constexpr std::size_t kBatch = 64;

std::vector<std::string> read_texts(std::istream& lines, std::size_t most) {
  std::vector<std::string> texts;
  for (std::string line; texts.size() < most && std::getline(lines, line);) {
    texts.emplace_back(boost::json::parse(line).as_object().at("text").as_string());
  }
  return texts;
}

void embed(const std::filesystem::path& models, const char* corpus, const std::filesystem::path& vectors,
           std::size_t rows, std::size_t tokens) {
  jackdaw::inference::LocalEmbedder embedder({.model_dir = models, .cache_dir = {}, .max_tokens = tokens});
  const std::size_t row_bytes = embedder.dimensions() * sizeof(float);
  std::size_t done = std::filesystem::exists(vectors) ? std::filesystem::file_size(vectors) / row_bytes : 0;
  std::ifstream lines(corpus);
  std::string skipped;
  for (std::size_t row = 0; row < done; ++row) std::getline(lines, skipped);
  if (done > 0) std::filesystem::resize_file(vectors, done * row_bytes);  // a row may have been cut
  std::ofstream out(vectors, std::ios::binary | std::ios::app);
  while (done < rows) {
    const std::vector<std::string> texts = read_texts(lines, std::min(kBatch, rows - done));
    if (texts.empty()) break;
    const std::vector<std::string_view> views(texts.begin(), texts.end());
    for (const jackdaw::Embedding& embedding : embedder.embed(views, jackdaw::Cancellation())) {
      out.write(reinterpret_cast<const char*>(embedding.data()), static_cast<std::streamsize>(row_bytes));
    }
    done += texts.size();
    if (!out.flush()) throw std::runtime_error("the vectors could not be written");
  }
  std::cout << done << " vectors of " << embedder.dimensions() << " floats by " << embedder.name() << "\n";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4 || argc > 6) {
    std::cerr << "usage: embed_corpus MODELS CORPUS.jsonl VECTORS.f32 [ROWS [TOKENS]]\n";
    return 2;
  }
  try {
    embed(argv[1], argv[2], argv[3], argc > 4 ? std::strtoull(argv[4], nullptr, 10) : SIZE_MAX,
          argc > 5 ? std::strtoull(argv[5], nullptr, 10) : 256);
    return 0;
  } catch (const std::exception& failure) {
    std::cerr << failure.what() << "\n";
    return 1;
  }
}
