#include "answer/citations.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "answer/citation_claims.h"
#include "answer/citation_code.h"
#include "answer/citation_marks.h"
#include "answer/quote_finder.h"
#include "core/text.h"

namespace jackdaw::answer {
namespace {

constexpr std::size_t kMaxSpaces = kMaxHeldBytes - kMaxMarkBytes;
constexpr std::size_t kSameWords = 16;      // bytes before a bracket that show that it was quoted
constexpr std::size_t kComparedBytes = 64;  // of the text before a bracket
constexpr char kFullWidthLead = '\xE3';     // the first byte of a full-width bracket

std::string squeeze(std::string_view text) {
  std::string out;
  bool pending = false;
  for (const auto& c : text::decode(text)) {
    if (text::is_white_space(c.value)) {
      pending = !out.empty();
      continue;
    }
    if (std::exchange(pending, false)) out += ' ';
    text::append_utf8(out, c.value);
  }
  return out;
}

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
  void add_text(std::string_view text) { add(squeeze(text), false); }
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

}  // namespace

struct CitationReader::State {
  explicit State(std::span<const RetrievedPassage> given) : passages(given), finders(given.size()) {
    for (const auto& found : passages) {
      names.push_back(squeeze(found.passage.filename));
      brackets.add_name(names.back());
      brackets.add_text(found.passage.text);
    }
  }

  void read(char c);
  void show(char c);
  void show_held();
  void take(const MarkReading& mark);
  void take_sources(std::vector<int> sources);
  std::vector<int> sources_of(const MarkReading& mark);
  bool is_quoted() const;
  void leave_as_text();
  std::vector<std::string> names_of(const std::vector<int>& sources) const;
  void tell(std::vector<ClaimText::Supported> supported);
  Citation cite(int source, const Claim& claim);

  const std::span<const RetrievedPassage> passages;
  std::vector<std::string> names;  // of the sources' files, white space squeezed
  SourceBrackets brackets;
  std::vector<std::unique_ptr<QuoteFinder>> finders;  // made when first needed
  CodeTracker code;
  ClaimText claims;
  std::string spaces;     // held back
  std::string candidate;  // held back: it may become a mark
  bool candidate_in_code = false;
  bool candidate_nested = false;  // right behind the begin of another one
  bool behind_mark = false;       // nothing but ] was shown since a mark
  bool mark_leads = false;        // that mark is the first in its line
  bool line_leads = true;         // nothing but white space and list or quote signs was shown in this line
  std::size_t marks = 0;          // that became citations
  int cited = 0;
  int dropped = 0;
  Step step;
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
  std::string shown(1, c);
  if (behind_mark && (c == '(' || c == '[' || (c == ':' && mark_leads))) shown = std::string(" ") + c;
  behind_mark = behind_mark && c == ']';
  line_leads = c == '\n' || (line_leads && std::string_view(" \t>*+-.)0123456789").find(c) != std::string_view::npos);
  step.text += shown;
  if (code.in_fence()) {
    claims.append_code(shown);
  } else {
    tell(claims.append(shown));
  }
}

void CitationReader::State::show_held() {
  for (const char c : std::exchange(spaces, {})) show(c);
  for (const char c : std::exchange(candidate, {})) show(c);
}

void CitationReader::State::take(const MarkReading& mark) {
  if (candidate_in_code) {
    std::vector<int> sources;
    for (const MarkItem& item : mark.items) sources.push_back(item.first);
    if (!ClaimText::ends_with_origin(claims.tail(), names_of(sources))) return show_held();
    code.leave_span();  // the backtick was one of the quoted words
  } else if (is_quoted()) {
    return leave_as_text();
  }
  auto sources = sources_of(mark);
  if (!sources.empty()) return take_sources(std::move(sources));
  if (candidate_nested) return leave_as_text();  // without it the brackets around it could become a mark
  spaces.clear();
  candidate.clear();
  tell(claims.add({}, ""));
}

void CitationReader::State::take_sources(std::vector<int> sources) {
  candidate.clear();
  show_held();
  std::string shown;
  for (const int source : sources) shown += "[" + std::to_string(source) + "]";
  step.text += shown;
  behind_mark = true;
  mark_leads = std::exchange(line_leads, false);
  marks += sources.size();
  auto origins = names_of(sources);
  tell(claims.add({std::move(sources), std::move(origins)}, shown));
}

// Those of the mark that there are, each once. Counts what is left out.
std::vector<int> CitationReader::State::sources_of(const MarkReading& mark) {
  std::vector<int> sources;
  for (const MarkItem& item : mark.items) {
    bool all = true;
    for (int source = item.first; source <= item.last; ++source) {
      if (source < 1 || static_cast<std::size_t>(source) > passages.size() || marks + sources.size() >= kMaxCitations) {
        all = false;
      } else if (std::find(sources.begin(), sources.end(), source) == sources.end()) {
        sources.push_back(source);
      }
    }
    if (!all) ++dropped;
  }
  return sources;
}

bool CitationReader::State::is_quoted() const {
  const std::string_view tail = claims.tail();
  std::string before = std::string(tail.substr(tail.size() - std::min(tail.size(), kComparedBytes)));
  // One more character keeps the spaces before the bracket from being trimmed.
  before = squeeze(before + spaces + candidate[0]);
  before.resize(before.size() - squeeze(candidate.substr(0, 1)).size());
  return brackets.has(squeeze(candidate), before);
}

// So that nobody takes it for a mark of ours.
void CitationReader::State::leave_as_text() {
  candidate.insert(0, "\\");
  show_held();
}

std::vector<std::string> CitationReader::State::names_of(const std::vector<int>& sources) const {
  std::vector<std::string> wanted;
  for (const int source : sources) {
    if (source >= 1 && static_cast<std::size_t>(source) <= names.size()) {
      wanted.push_back(names[static_cast<std::size_t>(source) - 1]);
      wanted.push_back(escape_marks(wanted.back()));
    }
  }
  return wanted;
}

void CitationReader::State::tell(std::vector<ClaimText::Supported> supported) {
  for (const auto& one : supported) {
    for (const int source : one.sources) step.citations.push_back(cite(source, one.claim));
  }
}

Citation CitationReader::State::cite(int source, const Claim& claim) {
  const auto place = static_cast<std::size_t>(source) - 1;
  const Passage& passage = passages[place].passage;
  auto& finder = finders[place];
  if (!finder) finder = std::make_unique<QuoteFinder>(passage.text);
  const Quote quote = finder->find(claim.text);
  Citation citation;
  citation.number = ++cited;
  citation.source = source;
  citation.begin = claim.begin;
  citation.end = claim.end;
  citation.quote_begin = quote.begin;
  citation.quote_end = quote.end;
  citation.quote = passage.text.substr(quote.begin, quote.end - quote.begin);
  citation.page = passage.span.page;
  citation.paged = passage.paged;
  citation.boxes = passage.span.boxes;
  citation.verified = quote.verified;
  return citation;
}

CitationReader::CitationReader(std::span<const RetrievedPassage> passages)
    : state_(std::make_unique<State>(passages)) {}
CitationReader::~CitationReader() = default;
CitationReader::CitationReader(CitationReader&&) noexcept = default;
CitationReader& CitationReader::operator=(CitationReader&&) noexcept = default;

CitationReader::Step CitationReader::read(std::string_view piece) {
  for (const char c : piece) state_->read(c);
  return std::exchange(state_->step, {});
}

CitationReader::Step CitationReader::finish() {
  state_->show_held();
  state_->tell(state_->claims.finish());
  return std::exchange(state_->step, {});
}

int CitationReader::dropped_marks() const noexcept {
  return state_->dropped;
}

}  // namespace jackdaw::answer
