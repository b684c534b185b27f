// The ClapNQ set: long answers, the passages that they were written from, and the sentences of those that ground them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "answer/quote_finder.h"

namespace jackdaw::answer {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPart = 3;  // one answer of so many is measured, unless JACKDAW_TEST_WHOLE_SETS is set

struct GroundedAnswer {
  std::string passage;
  std::string answer;
  std::vector<std::string> sentences;  // of the passage
};

fs::path clapnq() {
  const char* given = std::getenv("JACKDAW_TEST_DATA");
  const fs::path root = given ? fs::path(given) : fs::path(JACKDAW_SOURCE_DIR) / "../shared/data";
  return root / "retrieval" / "clapnq";
}

// One line of the set: a JSON object, of which strings and lists of strings are read. It is well-formed.
class JsonLine {
 public:
  explicit JsonLine(std::string line) : line_(std::move(line)) {}

  // Inside a string every quotation mark is escaped, so that a key is found only where it is one.
  std::string text(const std::string& key) {
    seek(key);
    return read_string();
  }
  std::vector<std::string> texts(const std::string& key) {
    seek(key);
    return read_list([this] { return read_string(); });
  }
  std::vector<std::vector<std::string>> lists(const std::string& key) {
    seek(key);
    return read_list([this] { return read_list([this] { return read_string(); }); });
  }

 private:
  void seek(const std::string& key) {
    const std::string wanted = "\"" + key + "\": ";
    at_ = line_.find(wanted) + wanted.size();
  }

  template <class Read>
  auto read_list(Read read) -> std::vector<decltype(read())> {
    std::vector<decltype(read())> list;
    for (++at_; line_.at(at_) != ']';) {
      list.push_back(read());
      while (line_.at(at_) == ',' || line_.at(at_) == ' ') ++at_;
    }
    ++at_;
    return list;
  }

  std::string read_string() {
    std::string out;
    for (++at_; line_.at(at_) != '"'; ++at_) {
      if (line_[at_] == '\\') {
        read_escape(out);
      } else {
        out += line_[at_];
      }
    }
    ++at_;
    return out;
  }

  void read_escape(std::string& out) {
    const char escaped = line_.at(++at_);
    constexpr std::string_view kNames = "bfnrt";
    constexpr std::string_view kCharacters = "\b\f\n\r\t";
    if (escaped == 'u') {
      text::append_utf8(out, static_cast<char32_t>(std::stoul(line_.substr(at_ + 1, 4), nullptr, 16)));
      at_ += 4;
    } else if (const std::size_t name = kNames.find(escaped); name != std::string_view::npos) {
      out += kCharacters[name];
    } else {
      out += escaped;
    }
  }

  std::string line_;
  std::size_t at_ = 0;
};

std::vector<JsonLine> read_lines(const fs::path& path) {
  std::ifstream in(path);
  std::vector<JsonLine> lines;
  for (std::string line; std::getline(in, line);) lines.emplace_back(line);
  return lines;
}

std::vector<GroundedAnswer> read_answers() {
  std::map<std::string, std::string> passages;
  for (JsonLine& line : read_lines(clapnq() / "corpus.jsonl")) passages[line.text("_id")] = line.text("text");
  std::vector<GroundedAnswer> answers;
  for (JsonLine& line : read_lines(clapnq() / "answers.jsonl")) {
    const auto grounds = line.lists("selected_sentences");
    const auto texts = line.texts("answers");
    for (std::size_t i = 0; i < grounds.size(); ++i) {
      answers.push_back({passages.at(line.text("passage")), texts.at(i), grounds[i]});
    }
  }
  return answers;
}

std::vector<std::string> claims_of(const std::string& answer) {
  std::vector<std::string> claims;
  for (const text::Range& range : text::sentences(answer)) {
    std::string claim = answer.substr(range.begin, range.end - range.begin);
    if (has_content(claim)) claims.push_back(std::move(claim));
  }
  return claims;
}

// At least half of the shorter one lies in the other.
bool overlap(text::Range a, text::Range b) {
  const std::size_t begin = std::max(a.begin, b.begin);
  const std::size_t end = std::min(a.end, b.end);
  return end > begin && (end - begin) * 2 >= std::min(a.end - a.begin, b.end - b.begin);
}

struct Share {
  int of = 0;
  int count = 0;
  void add(bool yes) {
    ++of;
    if (yes) ++count;
  }
  double value() const { return of > 0 ? static_cast<double>(count) / of : 0; }
};

std::ostream& operator<<(std::ostream& out, const Share& share) {
  return out << share.value() << " (" << share.count << " of " << share.of << ")";
}

// The last digit of one of the claim's numbers is another one; empty when it has none.
std::string with_other_number(std::string claim, std::mt19937& random) {
  std::vector<text::Range> digits;
  for (std::size_t i = 0; i < claim.size();) {
    const std::size_t end = std::min(claim.find_first_not_of("0123456789", i), claim.size());
    if (end > i) digits.push_back({i, end});
    i = std::max(end, i + 1);
  }
  if (digits.empty()) return "";
  const auto at = digits[random() % digits.size()];
  const auto last = at.end - 1;
  claim[last] = static_cast<char>('0' + (claim[last] - '0' + 1 + static_cast<int>(random() % 9)) % 10);
  return claim;
}

// A name of the claim is another one's; empty when it has none.
std::string with_other_name(const std::string& claim, const std::string& passage, const std::string& other,
                            std::mt19937& random) {
  const auto names = [](const std::string& text, bool first_too) {
    std::vector<text::Range> found;
    for (const Term& term : read_terms(text)) {
      const bool counts = term.kind == TermKind::kWord && term.capital && (first_too || !term.starts_sentence);
      if (counts && term.end - term.begin > 2) found.push_back({term.begin, term.end});
    }
    return found;
  };
  const auto mine = names(claim, true);
  const auto theirs = names(other, false);
  if (mine.empty() || theirs.empty()) return "";
  const auto from = theirs[random() % theirs.size()];
  const std::string name = other.substr(from.begin, from.end - from.begin);
  if (text::fold_case(passage).find(text::fold_case(name)) != std::string::npos) return "";
  const auto at = mine[random() % mine.size()];
  return claim.substr(0, at.begin) + name + claim.substr(at.end);
}

struct Figures {
  Share precise;   // quotes that overlap a grounding sentence
  Share recalled;  // grounding sentences that some quote of their answer overlaps
  Share verified;
  Share precise_when_verified;
  Share wrong_passage, wrong_number, wrong_name;  // verified all the same
};

void measure(const std::vector<GroundedAnswer>& answers, std::size_t at, std::mt19937& random, Figures& figures) {
  const GroundedAnswer& answer = answers[at];
  std::vector<text::Range> grounds;
  for (const auto& sentence : answer.sentences) {
    const std::size_t begin = answer.passage.find(sentence);
    grounds.push_back({begin, begin + sentence.size()});
  }
  std::vector<bool> found(grounds.size());
  const QuoteFinder finder(answer.passage);
  const GroundedAnswer& other = answers[(at + 1 + random() % (answers.size() - 1)) % answers.size()];
  const QuoteFinder wrong(other.passage);
  for (const auto& claim : claims_of(answer.answer)) {
    const Quote quote = finder.find(claim);
    bool grounded = false;
    for (std::size_t i = 0; i < grounds.size(); ++i) {
      if (!overlap({quote.begin, quote.end}, grounds[i])) continue;
      grounded = true;
      found[i] = true;
    }
    figures.precise.add(grounded);
    figures.verified.add(quote.verified);
    if (quote.verified) figures.precise_when_verified.add(grounded);
    if (other.passage != answer.passage) figures.wrong_passage.add(wrong.find(claim).verified);
    const std::string number = with_other_number(claim, random);
    if (!number.empty()) figures.wrong_number.add(finder.find(number).verified);
    const std::string name = with_other_name(claim, answer.passage, other.passage, random);
    if (!name.empty()) figures.wrong_name.add(finder.find(name).verified);
  }
  for (const bool one : found) figures.recalled.add(one);
}

TEST(ClapNq, QuotesAreGroundingSentencesAndWhatIsWrongIsNotVerified) {
  if (!fs::exists(clapnq())) GTEST_SKIP() << clapnq() << " is absent: set JACKDAW_TEST_DATA to the test data.";
  const auto answers = read_answers();
  ASSERT_EQ(answers.size(), 495U);
  const std::size_t step = std::getenv("JACKDAW_TEST_WHOLE_SETS") ? 1 : kPart;
  std::mt19937 random(11);
  Figures figures;
  for (std::size_t i = 0; i < answers.size(); i += step) measure(answers, i, random, figures);
  std::cout << "quotes that are grounding sentences  " << figures.precise << "\n  of the verified ones               "
            << figures.precise_when_verified << "\ngrounding sentences quoted           " << figures.recalled
            << "\nverified                             " << figures.verified
            << "\nverified against another passage     " << figures.wrong_passage
            << "\nverified with another number         " << figures.wrong_number
            << "\nverified with another name           " << figures.wrong_name << "\n";
  EXPECT_GT(figures.precise.value(), 0.85);
  EXPECT_GT(figures.recalled.value(), 0.7);
  EXPECT_GT(figures.verified.value(), 0.7);
  EXPECT_LT(figures.wrong_passage.value(), 0.01);
  EXPECT_LT(figures.wrong_number.value(), 0.05);
  EXPECT_LT(figures.wrong_name.value(), 0.03);
}

}  // namespace
}  // namespace jackdaw::answer
