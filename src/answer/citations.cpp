#include "answer/citations.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>

#include "answer/citation_claims.h"
#include "answer/citation_code.h"
#include "answer/citation_marks.h"
#include "answer/marked_text.h"
#include "answer/quote_finder.h"
#include "answer/quote_parts.h"
#include "core/squeeze.h"
#include "core/text.h"

namespace jackdaw::answer {
namespace {

constexpr std::size_t kMaxSpaces = kMaxHeldBytes - kMaxMarkBytes;
constexpr std::size_t kSameWords = 16;      // bytes before a bracket that show that it was quoted
constexpr std::size_t kComparedBytes = 64;  // of the text before a bracket
constexpr char kFullWidthLead = '\xE3';     // the first byte of a full-width bracket

bool may_open(char c) {
  return c == '[' || c == kFullWidthLead;
}

bool ends_with_opening_quote(std::string_view text) {
  return text.ends_with('"') || text.ends_with("\u201c") || text.ends_with("\u201e") || text.ends_with("\u00ab");
}

std::size_t common_end(std::string_view a, std::string_view b) {
  const auto [end, ignored] = std::mismatch(a.rbegin(), a.rend(), b.rbegin(), b.rend());
  return static_cast<std::size_t>(end - a.rbegin());
}

// The brackets of a text that could be marks.
std::vector<text::Range> brackets_of(std::string_view text) {
  std::vector<text::Range> brackets;
  for (std::size_t i = 0; i < text.size(); ++i) {
    MarkState state = may_open(text[i]) ? MarkState::kPartial : MarkState::kNone;
    std::size_t size = 0;
    while (state == MarkState::kPartial && i + size < text.size()) state = read_mark(text.substr(i, ++size)).state;
    if (state == MarkState::kWhole) brackets.push_back({i, i + size});
  }
  return brackets;
}

// With a backslash before each of them: as a quoted name is shown.
std::string escape_marks(std::string text) {
  auto brackets = brackets_of(text);
  std::reverse(brackets.begin(), brackets.end());
  for (const text::Range& bracket : brackets) text.insert(bracket.begin, 1, '\\');
  return text;
}

// The brackets that stand in the sources themselves.
class SourceBrackets {
 public:
  void add_text(std::string_view text) { add(text::squeeze(text), false); }
  void add_name(const std::string& squeezed) { add(squeezed, true); }

  // True when a source has the bracket, and before it what `before` ends with: some words, or all of a quotation so
  // far, or "(" and all of a file name so far.
  bool has(const std::string& bracket, std::string_view before) const {
    const auto places = places_.find(bracket);
    if (places == places_.end()) return false;
    return std::any_of(places->second.begin(), places->second.end(), [&](const Place& place) {
      const std::size_t same = common_end(place.before, before);
      const std::string_view rest = before.substr(0, before.size() - same);
      if (place.in_name) return same == place.before.size() && rest.ends_with('(');
      return same >= kSameWords || ends_with_opening_quote(rest);
    });
  }

 private:
  struct Place {
    std::string before;
    bool in_name = false;
  };

  void add(const std::string& text, bool in_name) {
    for (const text::Range& bracket : brackets_of(text)) {
      const std::size_t from = in_name ? 0 : bracket.begin - std::min(bracket.begin, kComparedBytes);
      places_[text.substr(bracket.begin, bracket.end - bracket.begin)].push_back(
          {text.substr(from, bracket.begin - from), in_name});
    }
  }

  std::unordered_map<std::string, std::vector<Place>> places_;
};

std::vector<PromptPassage> each_by_itself(std::span<const RetrievedPassage> sources) {
  std::vector<PromptPassage> shown;
  for (std::size_t place = 0; place < sources.size(); ++place) {
    const Passage& passage = sources[place].passage;
    shown.push_back({sources[place], {{passage.chunk, 0, passage.text.size(), place}}});
  }
  return shown;
}

}  // namespace

struct CitationReader::State {
  State(std::span<const RetrievedPassage> given, std::vector<PromptPassage> as_shown)
      : sources(given), shown(std::move(as_shown)), shown_in(given.size()), finders(shown.size()) {
    for (const RetrievedPassage& source : sources) names.push_back(text::squeeze(source.passage.filename));
    for (std::size_t i = 0; i < shown.size(); ++i) {
      for (const PromptPassage::Part& part : shown[i].parts) shown_in.at(part.place) = i;
      brackets.add_name(names[shown[i].best_place()]);
      brackets.add_text(shown[i].passage.passage.text);
    }
  }

  void read(char c);
  void show(char c);
  void show_held();
  void take(const MarkReading& mark);
  void take_passages(std::vector<int> passages);
  std::vector<int> passages_of(const MarkReading& mark);
  bool is_quoted() const;
  void leave_as_text();
  std::vector<std::string> names_of(const std::vector<int>& numbers) const;
  void tell(std::vector<ClaimText::Supported> supported);
  std::vector<Citation> cite(const PromptPassage& passage, QuoteFinder& finder, const Claim& claim);
  Citation citation_of(std::size_t place, const Quote& quote, const Claim& claim) const;
  Step take_step() { return {text.take(), std::exchange(citations, {})}; }

  const std::span<const RetrievedPassage> sources;
  const std::vector<PromptPassage> shown;            // passages are known by their indexes here
  std::vector<std::optional<std::size_t>> shown_in;  // the passage that shows a source, by its place
  std::vector<std::string> names;                    // of the sources' files, white space squeezed
  SourceBrackets brackets;
  std::vector<std::unique_ptr<QuoteFinder>> finders;  // by passage, made when first needed
  CodeTracker code;
  ClaimText claims;
  MarkedText text;
  std::vector<Citation> citations;  // not told yet
  std::string spaces;               // held back
  std::string candidate;            // held back: it may become a mark
  bool candidate_in_code = false;
  bool candidate_nested = false;  // right behind the begin of another one
  bool behind_mark = false;       // nothing but ] was shown since a mark
  bool mark_leads = false;        // that mark is the first in its line
  bool line_leads = true;         // nothing but white space and list or quote signs was shown in this line
  std::size_t marks = 0;          // that became citations
  int cited = 0;
  int dropped = 0;
};

void CitationReader::State::read(char c) {
  const bool in_code = code.is_code(c);
  const bool in_fence = code.in_fence();
  const bool escaped = code.escaped();
  code.read(c);
  bool nested = false;
  if (!candidate.empty()) {
    candidate += c;
    const MarkReading mark = read_mark(candidate);
    if (mark.state == MarkState::kPartial) return;
    if (mark.state == MarkState::kWhole) return take(mark);
    candidate.pop_back();
    nested = may_open(c);
    show_held();
  }
  if (may_open(c) && !escaped && !in_fence && !code.in_fence()) {
    candidate = c;
    candidate_in_code = in_code;
    candidate_nested = nested;
  } else if (c == ' ' && !in_fence) {
    spaces += c;
    if (spaces.size() > kMaxSpaces) {
      spaces.pop_back();
      show(' ');
    }
  } else {
    show_held();
    show(c);
  }
}

// What the web and other readers of Markdown would make a link of is parted.
void CitationReader::State::show(char c) {
  std::string as_text(1, c);
  if (behind_mark && (c == '(' || c == '[' || (c == ':' && mark_leads))) as_text = std::string(" ") + c;
  behind_mark = behind_mark && c == ']';
  line_leads = c == '\n' || (line_leads && std::string_view(" \t>*+-.)0123456789").find(c) != std::string_view::npos);
  text.append(as_text);
  if (code.in_fence()) {
    claims.append_code(as_text);
  } else {
    tell(claims.append(as_text));
  }
}

void CitationReader::State::show_held() {
  for (const char c : std::exchange(spaces, {})) show(c);
  for (const char c : std::exchange(candidate, {})) show(c);
}

void CitationReader::State::take(const MarkReading& mark) {
  if (candidate_in_code) {
    std::vector<int> numbers;
    for (const MarkItem& item : mark.items) numbers.push_back(item.first);
    if (!ClaimText::ends_with_origin(claims.tail(), names_of(numbers))) return show_held();
    code.leave_span();  // the backtick was one of the quoted words
  } else if (is_quoted()) {
    return leave_as_text();
  }
  auto passages = passages_of(mark);
  if (!passages.empty()) return take_passages(std::move(passages));
  if (candidate_nested) return leave_as_text();  // without it the brackets around it could become a mark
  spaces.clear();
  candidate.clear();
  tell(claims.add({}, ""));
}

void CitationReader::State::take_passages(std::vector<int> passages) {
  candidate.clear();
  show_held();
  std::string marked;
  std::vector<int> numbers;
  for (const int passage : passages) {
    const PromptPassage& one = shown[static_cast<std::size_t>(passage)];
    numbers.push_back(static_cast<int>(one.best_place()) + 1);
    marked += "[" + std::to_string(numbers.back()) + "]";
    text.add_mark(numbers.back(), one.parts.size() == 1, claims.shown() + marked.size());
  }
  behind_mark = true;
  mark_leads = std::exchange(line_leads, false);
  marks += passages.size();
  tell(claims.add({std::move(passages), names_of(numbers)}, marked));
}

// Those that the mark names, each once. Counts what is left out.
std::vector<int> CitationReader::State::passages_of(const MarkReading& mark) {
  std::vector<int> passages;
  for (const MarkItem& item : mark.items) {
    bool all = true;
    for (int number = item.first; number <= item.last; ++number) {
      const bool is_source = number >= 1 && static_cast<std::size_t>(number) <= shown_in.size();
      const auto in = is_source ? shown_in[static_cast<std::size_t>(number) - 1] : std::nullopt;
      if (!in || marks + passages.size() >= kMaxCitations) {
        all = false;
      } else if (std::find(passages.begin(), passages.end(), static_cast<int>(*in)) == passages.end()) {
        passages.push_back(static_cast<int>(*in));
      }
    }
    if (!all) ++dropped;
  }
  return passages;
}

bool CitationReader::State::is_quoted() const {
  const std::string_view tail = claims.tail();
  std::string before = std::string(tail.substr(tail.size() - std::min(tail.size(), kComparedBytes)));
  // One more character keeps the spaces before the bracket from being trimmed.
  before = text::squeeze(before + spaces + candidate[0]);
  before.resize(before.size() - text::squeeze(candidate.substr(0, 1)).size());
  return brackets.has(text::squeeze(candidate), before);
}

// So that nobody takes it for a mark of ours.
void CitationReader::State::leave_as_text() {
  candidate.insert(0, "\\");
  show_held();
}

std::vector<std::string> CitationReader::State::names_of(const std::vector<int>& numbers) const {
  std::vector<std::string> wanted;
  for (const int number : numbers) {
    if (number >= 1 && static_cast<std::size_t>(number) <= names.size()) {
      wanted.push_back(names[static_cast<std::size_t>(number) - 1]);
      wanted.push_back(escape_marks(wanted.back()));
    }
  }
  return wanted;
}

// Claims that follow their marks move with the numbers of all of these, so those come first.
void CitationReader::State::tell(std::vector<ClaimText::Supported> supported) {
  const std::size_t first = citations.size();
  for (const auto& one : supported) {
    for (const int in : one.sources) {
      const auto i = static_cast<std::size_t>(in);
      if (!finders[i]) finders[i] = std::make_unique<QuoteFinder>(shown[i].passage.passage.text);
      std::vector<int> numbers;
      for (Citation& citation : cite(shown[i], *finders[i], one.claim)) {
        numbers.push_back(citation.source);
        citations.push_back(std::move(citation));
      }
      marks += numbers.size() - 1;
      text.settle(numbers);
    }
  }
  for (std::size_t i = first; i < citations.size(); ++i) {
    citations[i].number = ++cited;
    citations[i].begin = text.moved(citations[i].begin);
    citations[i].end = text.moved(citations[i].end);
  }
}

// One for the mark that is settled next, or more where only several sources together have the quote.
std::vector<Citation> CitationReader::State::cite(const PromptPassage& passage, QuoteFinder& finder,
                                                  const Claim& claim) {
  const std::string& all = passage.passage.passage.text;
  if (passage.parts.size() == 1) return {citation_of(passage.best_place(), finder.find(claim.text), claim)};
  if (text.next_is_known()) {
    const std::size_t place = passage.best_place();
    return {citation_of(place, find_quote(claim.text, sources[place].passage.text), claim)};
  }
  std::vector<Citation> found;
  for (const QuotePart& piece : split_quote(finder.find(claim.text), claim.text, all, passage.parts)) {
    if (!found.empty() && marks + found.size() > kMaxCitations) break;
    found.push_back(citation_of(passage.parts[piece.part].place, piece.quote, claim));
  }
  return found;
}

Citation CitationReader::State::citation_of(std::size_t place, const Quote& quote, const Claim& claim) const {
  const Passage& source = sources[place].passage;
  Citation citation;
  citation.source = static_cast<int>(place) + 1;
  citation.begin = claim.begin;
  citation.end = claim.end;
  citation.quote_begin = quote.begin;
  citation.quote_end = quote.end;
  citation.quote = source.text.substr(quote.begin, quote.end - quote.begin);
  citation.page = source.span.page;
  citation.paged = source.paged;
  citation.boxes = source.span.boxes;
  citation.verified = quote.verified;
  return citation;
}

CitationReader::CitationReader(std::span<const RetrievedPassage> sources)
    : CitationReader(sources, each_by_itself(sources)) {}
CitationReader::CitationReader(std::span<const RetrievedPassage> sources, std::vector<PromptPassage> shown)
    : state_(std::make_unique<State>(sources, std::move(shown))) {}
CitationReader::~CitationReader() = default;
CitationReader::CitationReader(CitationReader&&) noexcept = default;
CitationReader& CitationReader::operator=(CitationReader&&) noexcept = default;

CitationReader::Step CitationReader::read(std::string_view piece) {
  for (const char c : piece) state_->read(c);
  return state_->take_step();
}

CitationReader::Step CitationReader::finish() {
  state_->show_held();
  state_->tell(state_->claims.finish());
  return state_->take_step();
}

int CitationReader::dropped_marks() const noexcept {
  return state_->dropped;
}

}  // namespace jackdaw::answer
