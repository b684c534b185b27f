#include "follow_up/mtrag.h"

#include <boost/json.hpp>

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <unordered_map>

#include "core/text.h"

namespace jackdaw::follow_up_bench {
namespace {

std::vector<boost::json::object> read_lines(const std::filesystem::path& path) {
  std::ifstream in(path);
  if (!in) throw std::runtime_error("There is no " + path.string() + ".");
  std::vector<boost::json::object> objects;
  for (std::string line; std::getline(in, line);) objects.push_back(boost::json::parse(line).as_object());
  return objects;
}

std::string string_at(const boost::json::object& object, const char* name) {
  return std::string(object.at(name).as_string());
}

struct Exchange {
  std::string question;
  std::string answer;
};

// What was said before each turn, by the turn's id.
std::unordered_map<std::string, std::vector<Exchange>> read_exchanges(const std::filesystem::path& path) {
  std::unordered_map<std::string, std::vector<Exchange>> read;
  for (const auto& task : read_lines(path)) {
    std::vector<Exchange>& exchanges = read[string_at(task, "_id")];
    for (const auto& said : task.at("history").as_array()) {
      const auto& message = said.as_object();
      if (string_at(message, "role") == "user") {
        exchanges.push_back({string_at(message, "text"), ""});
      } else if (!exchanges.empty()) {
        exchanges.back().answer = string_at(message, "text");
      }
    }
  }
  return read;
}

// The answers count only when they are answers to exactly these questions.
std::vector<std::string> answers_to(const std::vector<std::string>& questions, const std::vector<Exchange>& exchanges) {
  if (questions.size() != exchanges.size()) return {};
  std::vector<std::string> answers;
  for (std::size_t i = 0; i < questions.size(); ++i) {
    if (text::trim(questions[i]) != text::trim(exchanges[i].question)) return {};
    answers.push_back(exchanges[i].answer);
  }
  return answers;
}

}  // namespace

Mtrag read_mtrag(const std::filesystem::path& folder) {
  Mtrag read;
  std::unordered_map<std::string, std::size_t> places;
  for (const auto& passage : read_lines(folder / "corpus.jsonl")) {
    places.emplace(string_at(passage, "_id"), read.corpus.size());
    const std::string title = string_at(passage, "title");
    read.corpus.push_back(title.empty() ? string_at(passage, "text") : title + " " + string_at(passage, "text"));
  }
  const auto exchanges = read_exchanges(folder / "human_tasks.jsonl");
  std::unordered_map<std::string, std::size_t> tasks;
  for (const auto& query : read_lines(folder / "human_queries.jsonl")) {
    MtragTask task{string_at(query, "_id"), string_at(query, "lastturn"), string_at(query, "rewrite"), {}, {}, {}};
    for (const auto& turn : query.at("all_user_turns").as_array()) task.earlier.emplace_back(turn.as_string());
    task.earlier.pop_back();
    if (const auto found = exchanges.find(task.id); found != exchanges.end()) {
      task.answers = answers_to(task.earlier, found->second);
    }
    tasks.emplace(task.id, read.tasks.size());
    read.tasks.push_back(std::move(task));
  }
  std::ifstream judgements(folder / "qrels" / "human.tsv");
  std::string line;
  std::getline(judgements, line);
  while (std::getline(judgements, line)) {
    std::istringstream fields(line);
    std::string query, passage;
    int gain = 0;
    if (fields >> query >> passage >> gain) read.tasks.at(tasks.at(query)).relevant[places.at(passage)] = gain;
  }
  return read;
}

}  // namespace jackdaw::follow_up_bench
