#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "core/text.h"
#include "core/text_extractor.h"
#include "server/eval_sets.h"
#include "store/spool.h"

namespace jackdaw::server {
namespace {

namespace fs = std::filesystem;

struct CaseDocument {
  std::string name;
  std::string text;  // empty: `name` is a file
};

struct CaseQuestion {
  std::string text;
  std::vector<int> pages;
  std::vector<std::string> sources;
  std::vector<std::string> names;
};

struct ParsedCase {
  std::vector<CaseDocument> documents;
  std::vector<CaseQuestion> questions;
};

std::string with_single_blanks(std::string_view text) {
  std::string plain;
  for (const auto& c : text::decode(text)) {
    if (text::is_white_space(c.value)) {
      if (!plain.empty() && plain.back() != ' ') plain += ' ';
    } else {
      text::append_utf8(plain, c.value);
    }
  }
  return plain;
}

// What stands between `before` and `after`, or nothing where the line is of another form.
std::optional<std::string_view> between(std::string_view line, std::string_view before, std::string_view after) {
  if (!line.starts_with(before)) return std::nullopt;
  line.remove_prefix(before.size());
  const std::size_t end = after.empty() ? line.size() : line.rfind(after);
  if (end == std::string_view::npos || end == 0) return std::nullopt;
  return line.substr(0, end);
}

std::optional<int> whole_number(std::string_view digits) {
  int number = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (failure != std::errc{} || end != digits.data() + digits.size() || number < 1) return std::nullopt;
  return number;
}

// Reads a case line by line.
class CaseParser {
 public:
  explicit CaseParser(fs::path file) : file_(std::move(file)) {}

  ParsedCase parse() {
    std::ifstream in(file_, std::ios::binary);
    if (!in) throw Error(ErrorCode::kNotFound, file_.string() + " cannot be read.");
    for (std::string line; std::getline(in, line);) {
      ++number_;
      if (!text::is_valid_utf8(line)) refuse("it is not valid UTF-8.");
      take(line);
    }
    return std::move(parsed_);
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const {
    throw Error(ErrorCode::kInvalidArgument, file_.string() + ", line " + std::to_string(number_) + ": " + why);
  }

  void take(std::string_view line) {
    const std::string_view trimmed = text::trim(line);
    if (trimmed.empty() || line.front() == '#') return;
    if (line.front() == ' ') {
      if (!in_document_) refuse("an indented line belongs under \"document\".");
      parsed_.documents.back().text += std::string(trimmed) + "\n";
      return;
    }
    in_document_ = false;
    if (const auto name = between(trimmed, "document ", "")) {
      if (!parsed_.questions.empty()) refuse("all documents must stand before the first question.");
      parsed_.documents.push_back({std::string(*name), ""});
      in_document_ = true;
    } else if (const auto question = between(trimmed, "ask ", "")) {
      parsed_.questions.push_back({std::string(*question), {}, {}, {}});
    } else if (trimmed.starts_with("delete ")) {
      refuse("a collection that changes cannot be measured; tools/run_case.py runs such cases.");
    } else if (const auto expected = between(trimmed, "expect ", ""); expected && !parsed_.questions.empty()) {
      take_expectation(*expected);
    } else {
      refuse("cannot read \"" + std::string(trimmed) + "\".");
    }
  }

  void take_expectation(std::string_view expected) {
    CaseQuestion& question = parsed_.questions.back();
    if (expected == "no evidence" || expected.starts_with("answer contains ") ||
        expected.starts_with("nothing from ")) {
      return;
    }
    if (const auto source = between(expected, "source contains ", "")) {
      question.sources.push_back(with_single_blanks(*source));
      return;
    }
    const std::size_t depth = expected.rfind(" in first ");
    if (depth == std::string_view::npos || !whole_number(expected.substr(depth + 10))) {
      refuse("no expectation reads \"" + std::string(expected) + "\".");
    }
    if (const auto page = between(expected, "page ", " in first "); page && whole_number(*page)) {
      question.pages.push_back(*whole_number(*page));
    } else {
      question.names.push_back(fs::path(expected.substr(0, depth)).filename().string());
    }
  }

  const fs::path file_;
  std::size_t number_ = 0;
  bool in_document_ = false;
  ParsedCase parsed_;
};

// Names in cases are relative to the top of a checkout: the nearest folder above the case that has such a file.
fs::path find_file(const std::string& name, const fs::path& case_file) {
  std::error_code ignored;
  for (fs::path folder = fs::absolute(case_file).parent_path();; folder = folder.parent_path()) {
    if (fs::is_regular_file(folder / name, ignored)) return folder / name;
    if (folder == folder.parent_path()) break;
  }
  throw Error(ErrorCode::kNotFound, "The document \"" + name + "\" of " + case_file.string() +
                                        " is in no folder above it, so it cannot be read.");
}

void add_pages(EvalSet& set, const fs::path& path, const std::string& filename, std::size_t document,
               TextExtractor& extractor, const Cancellation& cancellation) {
  const std::size_t first = set.texts.size();
  ExtractionRequest request;
  request.path = path;
  request.filename = filename;
  ExtractionEvents events;
  events.on_page = [&](Page&& page) {
    EvalText& added = set.texts.emplace_back();
    added.id = filename + "#" + std::to_string(page.number);
    added.document = document;
    added.page = std::move(page);
  };
  const ExtractionSummary summary = extractor.extract(request, events, cancellation);
  for (std::size_t i = first; i < set.texts.size(); ++i) set.texts[i].title = summary.title;
}

void add_document(EvalSet& set, const CaseDocument& given, std::size_t document, const fs::path& case_file,
                  const EvalSources& sources, const Cancellation& cancellation) {
  const std::string filename = fs::path(given.name).filename().string();
  if (given.text.empty()) {
    return add_pages(set, find_file(given.name, case_file), filename, document, sources.extractor, cancellation);
  }
  store::Spool spool(sources.scratch);
  spool.append(std::as_bytes(std::span(given.text)));
  const IncomingFile written = spool.finish(filename);
  add_pages(set, written.path, filename, document, sources.extractor, cancellation);
}

EvalQuery judge(const EvalSet& set, const CaseQuestion& question, const std::vector<std::string>& filenames) {
  EvalQuery query{question.text, question.text, {}, question.pages.empty() && question.sources.empty()};
  for (std::size_t place = 0; place < set.texts.size(); ++place) {
    const EvalText& text = set.texts[place];
    const auto is_named = [&](const auto& names) {
      return std::find(names.begin(), names.end(), filenames[text.document]) != names.end();
    };
    if (query.by_document) {
      if (is_named(question.names)) query.gains[text.document] = 1;
      continue;
    }
    const bool may_be = question.names.empty() || is_named(question.names);
    const std::string plain = with_single_blanks(text.page.text);
    const auto holds = [&](const std::string& source) { return plain.find(source) != std::string::npos; };
    const bool is_page =
        std::find(question.pages.begin(), question.pages.end(), text.page.number) != question.pages.end();
    if ((may_be && is_page) || std::any_of(question.sources.begin(), question.sources.end(), holds)) {
      query.gains[place] = 1;
    }
  }
  return query;
}

}  // namespace

EvalSet read_case(const fs::path& file, const EvalSources& sources, const Cancellation& cancellation) {
  const ParsedCase parsed = CaseParser(file).parse();
  EvalSet set;
  set.name = file.stem().string();
  std::vector<std::string> filenames;
  for (const CaseDocument& document : parsed.documents) {
    add_document(set, document, filenames.size(), file, sources, cancellation);
    filenames.push_back(fs::path(document.name).filename().string());
  }
  std::vector<EvalQuery> queries;
  for (const CaseQuestion& question : parsed.questions) queries.push_back(judge(set, question, filenames));
  keep_judged(set, std::move(queries));
  return set;
}

}  // namespace jackdaw::server
