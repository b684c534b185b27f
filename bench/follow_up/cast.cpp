#include "follow_up/cast.h"

#include <boost/json.hpp>

#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string_view>

namespace jackdaw::follow_up_bench {
namespace {

std::ifstream open(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("There is no " + path.string() + ".");
  return in;
}

boost::json::value read_json(const std::filesystem::path& path) {
  std::ifstream in = open(path);
  return boost::json::parse(std::string(std::istreambuf_iterator<char>(in), {}));
}

// "31_2", a tab, the rewritten question.
std::map<std::string, std::string> read_resolved(const std::filesystem::path& path) {
  std::ifstream in = open(path);
  std::map<std::string, std::string> resolved;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    const auto tab = line.find('\t');
    if (tab != std::string::npos) resolved[line.substr(0, tab)] = line.substr(tab + 1);
  }
  return resolved;
}

std::string number_of(const boost::json::object& object) {
  return std::to_string(object.at("number").to_number<int>());
}

}  // namespace

std::vector<CastTopic> read_cast_2019(const std::filesystem::path& folder) {
  const auto resolved = read_resolved(folder / "2019" / "evaluation_topics_annotated_resolved_v1.0.tsv");
  const auto topics = read_json(folder / "2019" / "evaluation_topics_v1.0.json");
  std::vector<CastTopic> read;
  for (const auto& topic : topics.as_array()) {
    CastTopic& next = read.emplace_back(CastTopic{number_of(topic.as_object()), {}});
    for (const auto& turn : topic.at("turn").as_array()) {
      const std::string id = next.number + "_" + number_of(turn.as_object());
      next.turns.push_back({std::string(turn.at("raw_utterance").as_string()), resolved.at(id)});
    }
  }
  return read;
}

std::vector<CastTopic> read_cast_2020(const std::filesystem::path& folder) {
  const auto topics = read_json(folder / "2020" / "2020_manual_evaluation_topics_v1.0.json");
  std::vector<CastTopic> read;
  for (const auto& topic : topics.as_array()) {
    CastTopic& next = read.emplace_back(CastTopic{number_of(topic.as_object()), {}});
    for (const auto& turn : topic.at("turn").as_array()) {
      next.turns.push_back({std::string(turn.at("raw_utterance").as_string()),
                            std::string(turn.at("manual_rewritten_utterance").as_string())});
    }
  }
  return read;
}

}  // namespace jackdaw::follow_up_bench
