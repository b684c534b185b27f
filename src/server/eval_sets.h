#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/cancellation.h"
#include "core/document.h"
#include "server/eval_metrics.h"

namespace jackdaw {
class TextExtractor;
}

// Collections with questions and judgements, to measure retrieval with. Every function that reads throws Error
// kInvalidArgument, naming file and line, for what is malformed, kNotFound for what is not there, and kNotReady when no
// query is judged.
namespace jackdaw::server {

// A text that can be found: of a BEIR set one of its texts, of a case one page.
struct EvalText {
  std::string id;
  std::string title;         // empty: none
  std::size_t document = 0;  // in reading order; the pages of a document have one number
  Page page;                 // of a BEIR set: the text, as page 1
};

struct EvalQuery {
  std::string id;
  std::string text;
  Gains gains;               // by place in EvalSet::texts, or by document; at least one above 0
  bool by_document = false;  // what the keys of `gains` are
};

struct EvalSet {
  std::string name;
  std::vector<EvalText> texts;
  std::vector<EvalQuery> queries;  // those with something relevant
  std::size_t unjudged = 0;        // queries left out because nothing is known to be relevant for them
};

// The names that find_eval_set knows.
std::vector<std::string_view> eval_set_names();

// Where sets come from.
struct EvalSources {
  std::filesystem::path data_sets;  // holds the named sets, itself or in its subfolder `retrieval`; empty: none
  std::string split;                // which qrels file of a folder; empty: `test`, or the only one
  TextExtractor& extractor;         // reads the documents of a case
  std::filesystem::path scratch;    // a folder for files that last as long as the reading
};

// `name`: one of eval_set_names(), else the path of a folder in BEIR's form or of a `.case` file.
EvalSet find_eval_set(const std::string& name, const EvalSources& sources, const Cancellation& cancellation);

// corpus.jsonl ({_id, title?, text}), queries_SPLIT.jsonl, SPLIT_queries.jsonl or queries.jsonl ({_id, and the question
// in `query_field`}), qrels/SPLIT.tsv (query, text, gain; the first line is a heading).
EvalSet read_beir(const std::filesystem::path& folder, const std::string& split, std::string_view query_field = "text");

// Vespa's RAG blueprint: dataset/docs.jsonl ({fields: {id, title, text}}), queries/queries.json and test_queries.json.
EvalSet read_rag_blueprint(const std::filesystem::path& folder);

// A retrieval case (tests/retrieval/README.md): its documents are read as they are when they are uploaded, each page is
// a text. Relevant for a question is the page that `expect page` names, each page that holds the text of an
// `expect source`, and where neither is expected each document that is expected by name. What is expected of the answer
// says nothing about retrieval. `delete` is refused: here a collection has one state.
EvalSet read_case(const std::filesystem::path& file, const EvalSources& sources, const Cancellation& cancellation);

// Moves what is judged from `all` into the set. Throws kNotReady when that is nothing.
void keep_judged(EvalSet& set, std::vector<EvalQuery> all);

}  // namespace jackdaw::server
