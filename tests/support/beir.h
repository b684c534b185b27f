#pragma once

#include <boost/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

// Test collections in the form of the BEIR benchmark: corpus.jsonl, queries_<split>.jsonl, qrels/<split>.tsv.
namespace jackdaw::testing {

struct BeirText {
  std::string id;
  std::string text;
};

struct BeirCollection {
  std::vector<BeirText> corpus;  // title, a space, text
  std::vector<BeirText> queries;
  std::map<std::string, std::map<std::string, int>> relevant;  // query id -> corpus id -> gain
};

// The folder that JACKDAW_TEST_DATA names, or ../shared/data beside the source.
inline std::filesystem::path test_data(const std::filesystem::path& source_dir) {
  const char* named = std::getenv("JACKDAW_TEST_DATA");
  return named != nullptr ? std::filesystem::path(named) : source_dir / ".." / "shared" / "data";
}

inline std::vector<BeirText> read_beir_texts(const std::filesystem::path& path) {
  std::vector<BeirText> texts;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    const boost::json::value parsed = boost::json::parse(line);
    const auto& object = parsed.as_object();
    std::string text;
    if (const auto* title = object.if_contains("title")) text = std::string(title->as_string()) + " ";
    text += std::string(object.at("text").as_string());
    texts.push_back({std::string(object.at("_id").as_string()), std::move(text)});
  }
  return texts;
}

inline BeirCollection read_beir(const std::filesystem::path& folder, const std::string& split) {
  BeirCollection read;
  read.corpus = read_beir_texts(folder / "corpus.jsonl");
  read.queries = read_beir_texts(folder / ("queries_" + split + ".jsonl"));
  std::ifstream in(folder / "qrels" / (split + ".tsv"));
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    std::istringstream fields(line);
    std::string query;
    std::string document;
    int gain = 0;
    if (fields >> query >> document >> gain) read.relevant[query][document] = gain;
  }
  return read;
}

// nDCG@10 of one query as trec_eval computes it: gain / log2(rank + 1), over that of the ideal order.
inline double ndcg_at_10(const std::vector<std::string>& ranking, const std::map<std::string, int>& relevant) {
  double found = 0;
  for (std::size_t i = 0; i < ranking.size() && i < 10; ++i) {
    const auto gain = relevant.find(ranking[i]);
    if (gain != relevant.end()) found += gain->second / std::log2(static_cast<double>(i) + 2);
  }
  std::vector<int> gains;
  for (const auto& [document, gain] : relevant) gains.push_back(gain);
  std::sort(gains.rbegin(), gains.rend());
  double ideal = 0;
  for (std::size_t i = 0; i < gains.size() && i < 10; ++i) ideal += gains[i] / std::log2(static_cast<double>(i) + 2);
  return ideal == 0 ? 0 : found / ideal;
}

}  // namespace jackdaw::testing
