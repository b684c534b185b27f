#include "server/eval_sets.h"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <optional>
#include <unordered_map>
#include <utility>

#include "core/error.h"
#include "core/text.h"

namespace jackdaw::server {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

// Where the sets of the data folder lie and which of their questions and judgements count.
struct NamedSet {
  std::string_view name;
  std::string_view split;        // empty: the form of the RAG blueprint
  std::string_view query_field;  // MTRAG: the question as a person made it stand alone
};
constexpr std::array kNamedSets{NamedSet{"scifact", "train", "text"}, NamedSet{"mtrag", "human", "rewrite"},
                                NamedSet{"clapnq", "test", "text"}, NamedSet{"xquad", "test", "text"},
                                NamedSet{"vespa-rag-blueprint", "", ""}};

using Places = std::unordered_map<std::string, std::size_t>;

[[noreturn]] void refuse(const fs::path& file, std::size_t line, const std::string& why) {
  throw Error(ErrorCode::kInvalidArgument, file.string() + ", line " + std::to_string(line) + ": " + why);
}

[[noreturn]] void refuse_missing(const fs::path& path, const std::string& needed_for) {
  throw Error(ErrorCode::kNotFound, "There is no " + path.string() + ", which " + needed_for + " needs.");
}

std::ifstream open(const fs::path& file, const std::string& needed_for) {
  std::ifstream in(file, std::ios::binary);
  std::error_code ignored;
  if (!in || fs::is_directory(file, ignored)) refuse_missing(file, needed_for);
  return in;
}

// Calls `take` with each line that is not blank, without its end, and its number from 1.
template <class Take>
void for_each_line(const fs::path& file, const std::string& needed_for, Take take) {
  std::ifstream in = open(file, needed_for);
  std::size_t number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (text::trim(line).empty()) continue;
    if (!text::is_valid_utf8(line)) refuse(file, number, "it is not valid UTF-8.");
    take(std::string_view(line), number);
  }
  if (in.bad()) throw Error(ErrorCode::kUnavailable, file.string() + " cannot be read to its end. Check the disk.");
}

json::object object_in(std::string_view line, const fs::path& file, std::size_t number) {
  boost::system::error_code failure;
  json::value parsed = json::parse(line, failure);
  if (failure || !parsed.is_object()) refuse(file, number, "it is not one JSON object.");
  return std::move(parsed.as_object());
}

std::string text_at(const json::object& object, std::string_view field, const fs::path& file, std::size_t number) {
  const json::value* value = object.if_contains(field);
  if (value == nullptr || !value->is_string()) {
    refuse(file, number, "the field \"" + std::string(field) + "\" is missing or is no text.");
  }
  return std::string(value->get_string());
}

void add_text(EvalSet& set, Places& places, std::string id, std::string title, std::string text, const fs::path& file,
              std::size_t number) {
  if (!places.try_emplace(id, set.texts.size()).second) refuse(file, number, "the id \"" + id + "\" comes twice.");
  EvalText& added = set.texts.emplace_back();
  added.id = std::move(id);
  added.title = std::move(title);
  added.document = set.texts.size() - 1;
  added.page.number = 1;
  added.page.text = std::move(text);
}

Places read_corpus(const fs::path& file, EvalSet& set) {
  Places places;
  for_each_line(file, "a BEIR set", [&](std::string_view line, std::size_t number) {
    const json::object object = object_in(line, file, number);
    std::string title = object.contains("title") ? text_at(object, "title", file, number) : std::string();
    add_text(set, places, text_at(object, "_id", file, number), std::move(title), text_at(object, "text", file, number),
             file, number);
  });
  return places;
}

Places read_queries(const fs::path& file, std::string_view field, std::vector<EvalQuery>& queries) {
  Places places;
  for_each_line(file, "a BEIR set", [&](std::string_view line, std::size_t number) {
    const json::object object = object_in(line, file, number);
    EvalQuery query{text_at(object, "_id", file, number), text_at(object, field, file, number), {}, false};
    if (!places.try_emplace(query.id, queries.size()).second) {
      refuse(file, number, "the id \"" + query.id + "\" comes twice.");
    }
    queries.push_back(std::move(query));
  });
  return places;
}

std::size_t place_of(const Places& places, std::string_view id, const char* kind, const fs::path& file,
                     std::size_t number) {
  const auto found = places.find(std::string(id));
  if (found == places.end()) refuse(file, number, "there is no " + std::string(kind) + " \"" + std::string(id) + "\".");
  return found->second;
}

void read_judgements(const fs::path& file, const Places& texts, const Places& known, std::vector<EvalQuery>& queries) {
  bool heading = true;
  for_each_line(file, "a BEIR set", [&](std::string_view line, std::size_t number) {
    if (std::exchange(heading, false)) return;
    const std::size_t first = line.find('\t');
    const std::size_t second = first == std::string_view::npos ? first : line.find('\t', first + 1);
    if (second == std::string_view::npos) refuse(file, number, "it is not query, text and gain, separated by tabs.");
    const std::string_view digits = text::trim(line.substr(second + 1));
    int gain = 0;
    const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), gain);
    if (failure != std::errc{} || end != digits.data() + digits.size()) {
      refuse(file, number, "the gain \"" + std::string(digits) + "\" is no whole number.");
    }
    EvalQuery& query = queries[place_of(known, line.substr(0, first), "query", file, number)];
    query.gains[place_of(texts, line.substr(first + 1, second - first - 1), "text", file, number)] = gain;
  });
}

fs::path queries_file(const fs::path& folder, const std::string& split) {
  std::error_code ignored;
  for (const std::string& name : {"queries_" + split + ".jsonl", split + "_queries.jsonl"}) {
    if (fs::exists(folder / name, ignored)) return folder / name;
  }
  return folder / "queries.jsonl";
}

std::string only_split(const fs::path& folder) {
  std::vector<std::string> splits;
  std::error_code failure;
  for (fs::directory_iterator entry(folder / "qrels", failure), end; !failure && entry != end;
       entry.increment(failure)) {
    if (entry->path().extension() == ".tsv") splits.push_back(entry->path().stem().string());
  }
  std::sort(splits.begin(), splits.end());
  if (std::find(splits.begin(), splits.end(), "test") != splits.end()) return "test";
  if (splits.size() == 1) return splits.front();
  if (splits.empty()) refuse_missing(folder / "qrels" / "test.tsv", "a BEIR set");
  std::string list;
  for (const std::string& split : splits) list += (list.empty() ? "" : ", ") + split;
  throw Error(
      ErrorCode::kInvalidArgument,
      (folder / "qrels").string() + " holds several sets of judgements. Choose one with --split: " + list + ".");
}

// Its documents are Markdown: their headings (#) become sections, as they do when such a file is read.
std::vector<Section> sections_of_markdown(std::string_view text) {
  std::vector<Section> sections;
  std::vector<std::string> path;
  bool in_code = false;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    if (line.starts_with("```")) in_code = !in_code;
    const std::size_t level = line.find_first_not_of('#');
    if (!in_code && level != std::string_view::npos && level >= 1 && level <= 6 && line[level] == ' ') {
      path.resize(level);
      path[level - 1] = text::trim(line.substr(level));
      std::string heading;
      for (const std::string& part : path) {
        if (!part.empty()) heading.append(heading.empty() ? "" : kHeadingSeparator).append(part);
      }
      sections.push_back({static_cast<std::uint32_t>(begin), std::move(heading)});
    }
    begin = end + 1;
  }
  return sections;
}

void add_blueprint_queries(const fs::path& file, const Places& texts, std::vector<EvalQuery>& queries) {
  std::ifstream in = open(file, "the RAG blueprint");
  const std::string content((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  boost::system::error_code failure;
  const json::value parsed = json::parse(content, failure);
  if (failure || !parsed.is_array()) refuse(file, 1, "the file is not one JSON array.");
  for (const json::value& each : parsed.get_array()) {
    if (!each.is_object()) refuse(file, 1, "a query is no JSON object.");
    EvalQuery query{
        text_at(each.get_object(), "query_id", file, 1), text_at(each.get_object(), "query_text", file, 1), {}, false};
    const json::value* relevant = each.get_object().if_contains("relevant_document_ids");
    if (relevant == nullptr || !relevant->is_array()) refuse(file, 1, query.id + " lacks relevant_document_ids.");
    for (const json::value& id : relevant->get_array()) {
      if (!id.is_string()) refuse(file, 1, query.id + " has a relevant document whose id is no text.");
      query.gains[place_of(texts, std::string_view(id.get_string()), "text", file, 1)] = 1;
    }
    queries.push_back(std::move(query));
  }
}

fs::path folder_of(std::string_view name, const fs::path& data_sets) {
  if (data_sets.empty()) {
    throw Error(ErrorCode::kNotFound, "The set \"" + std::string(name) +
                                          "\" is looked for in a folder of test data. Name that with --data-sets or "
                                          "JACKDAW_TEST_DATA.");
  }
  std::error_code ignored;
  for (const fs::path& folder : {data_sets / name, data_sets / "retrieval" / name}) {
    if (fs::is_directory(folder, ignored)) return folder;
  }
  throw Error(ErrorCode::kNotFound, "There is no set \"" + std::string(name) + "\" in " + data_sets.string() +
                                        ". Give the folder that holds it with --data-sets or JACKDAW_TEST_DATA.");
}

}  // namespace

std::vector<std::string_view> eval_set_names() {
  std::vector<std::string_view> names;
  for (const NamedSet& set : kNamedSets) names.push_back(set.name);
  return names;
}

void keep_judged(EvalSet& set, std::vector<EvalQuery> all) {
  const std::size_t count = all.size();
  std::erase_if(all, [](const EvalQuery& query) {
    return std::none_of(query.gains.begin(), query.gains.end(), [](const auto& judged) { return judged.second > 0; });
  });
  set.queries = std::move(all);
  set.unjudged = count - set.queries.size();
  if (!set.queries.empty()) return;
  throw Error(ErrorCode::kNotReady, "In \"" + set.name + "\" nothing is judged relevant for any of its " +
                                        std::to_string(count) + " questions, so there is nothing to measure.");
}

EvalSet read_beir(const fs::path& folder, const std::string& split, std::string_view query_field) {
  EvalSet set;
  set.name = folder.filename().string();
  const Places texts = read_corpus(folder / "corpus.jsonl", set);
  const std::string chosen = split.empty() ? only_split(folder) : split;
  std::vector<EvalQuery> queries;
  const Places known = read_queries(queries_file(folder, chosen), query_field, queries);
  read_judgements(folder / "qrels" / (chosen + ".tsv"), texts, known, queries);
  keep_judged(set, std::move(queries));
  return set;
}

EvalSet read_rag_blueprint(const fs::path& folder) {
  EvalSet set;
  set.name = folder.filename().string();
  Places places;
  const fs::path corpus = folder / "dataset" / "docs.jsonl";
  for_each_line(corpus, "the RAG blueprint", [&](std::string_view line, std::size_t number) {
    const json::object object = object_in(line, corpus, number);
    const json::value* fields = object.if_contains("fields");
    if (fields == nullptr || !fields->is_object()) refuse(corpus, number, "the field \"fields\" is missing.");
    const json::object& document = fields->get_object();
    add_text(set, places, text_at(document, "id", corpus, number), text_at(document, "title", corpus, number),
             text_at(document, "text", corpus, number), corpus, number);
    set.texts.back().page.sections = sections_of_markdown(set.texts.back().page.text);
  });
  std::vector<EvalQuery> queries;
  for (const char* file : {"queries.json", "test_queries.json"}) {
    add_blueprint_queries(folder / "queries" / file, places, queries);
  }
  keep_judged(set, std::move(queries));
  return set;
}

EvalSet find_eval_set(const std::string& name, const EvalSources& sources, const Cancellation& cancellation) {
  for (const NamedSet& set : kNamedSets) {
    if (set.name != name) continue;
    const fs::path folder = folder_of(name, sources.data_sets);
    if (set.split.empty()) return read_rag_blueprint(folder);
    return read_beir(folder, sources.split.empty() ? std::string(set.split) : sources.split, set.query_field);
  }
  std::error_code ignored;
  if (fs::is_directory(name, ignored)) return read_beir(name, sources.split);
  if (fs::path(name).extension() == ".case" && fs::exists(name, ignored)) return read_case(name, sources, cancellation);
  std::string known;
  for (const NamedSet& set : kNamedSets) known += (known.empty() ? "" : ", ") + std::string(set.name);
  throw Error(ErrorCode::kNotFound, "There is no set \"" + name + "\". Give one of " + known +
                                        ", a folder in BEIR's form (corpus.jsonl, queries.jsonl, qrels/test.tsv) or a "
                                        ".case file.");
}

}  // namespace jackdaw::server
