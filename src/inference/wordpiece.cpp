#include "inference/wordpiece.h"

#include <algorithm>
#include <array>
#include <span>

#include "core/error.h"
#include "core/text.h"
#include "inference/mapped_file.h"

namespace jackdaw::inference {
namespace {

constexpr std::size_t kMaxVocabularyBytes = 8 << 20;
constexpr std::size_t kMaxWordCodePoints = 100;  // of a longer word the reference makes one [UNK]
constexpr std::array<std::string_view, 5> kSpecialTokens{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};

struct Interval {
  char32_t first;
  char32_t last;
};

constexpr bool contains(std::span<const Interval> intervals, char32_t c) {
  return std::ranges::any_of(intervals, [c](const Interval& i) { return c >= i.first && c <= i.last; });
}

// General categories Cf and Co as the reference knows them. It keeps unassigned code points, which is why
// text::is_control does not do.
constexpr std::array<Interval, 20> kFormatAndPrivate{
    {{0xAD, 0xAD},       {0x600, 0x605},     {0x61C, 0x61C},     {0x6DD, 0x6DD},     {0x70F, 0x70F},
     {0x180E, 0x180E},   {0x200B, 0x200F},   {0x202A, 0x202E},   {0x2060, 0x2064},   {0x2066, 0x206F},
     {0xE000, 0xF8FF},   {0xFEFF, 0xFEFF},   {0xFFF9, 0xFFFB},   {0x110BD, 0x110BD}, {0x1BCA0, 0x1BCA3},
     {0x1D173, 0x1D17A}, {0xE0001, 0xE0001}, {0xE0020, 0xE007F}, {0xF0000, 0xFFFFD}, {0x100000, 0x10FFFD}}};

// "Chinese characters" of the reference implementation: the CJK Unified Ideographs blocks and the compatibility ones,
// with its slip at U+2B820..2B91F kept.
constexpr std::array<Interval, 7> kIdeographs{{{0x3400, 0x4DBF},
                                               {0x4E00, 0x9FFF},
                                               {0xF900, 0xFAFF},
                                               {0x20000, 0x2A6DF},
                                               {0x2A700, 0x2B81F},
                                               {0x2B920, 0x2CEAF},
                                               {0x2F800, 0x2FA1F}}};

// Dropped without ending a word.
bool is_dropped(char32_t c) {
  if (c == '\t' || c == '\n' || c == '\r') return false;
  if (c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0xFFFD) return true;
  return c >= 0xAD && contains(kFormatAndPrivate, c);
}

// The special token that the text starts with, or nothing.
std::string_view special_at(std::string_view utf8) {
  const auto found = std::ranges::find_if(kSpecialTokens, [&](auto token) { return utf8.starts_with(token); });
  return found == kSpecialTokens.end() ? std::string_view() : *found;
}

bool is_ascii_letter_or_digit(char32_t c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

}  // namespace

// A normalised word: its bytes, and for each of its code points where its bytes end and where it came from.
struct WordPiece::Word {
  struct Unit {
    std::size_t end = 0;
    text::Range source;
  };
  std::string bytes;
  std::vector<Unit> units;

  bool empty() const noexcept { return units.empty(); }
  void clear() {
    bytes.clear();
    units.clear();
  }
  void add(char32_t c, text::Range source) {
    text::append_utf8(bytes, c);
    units.push_back({bytes.size(), source});
  }
};

// Cuts the text between special tokens into words.
class WordPiece::Splitter {
 public:
  Splitter(const WordPiece& owner, std::vector<Token>& out) : owner_(owner), out_(out) {}

  void take(char32_t c, text::Range source) {
    if (is_ascii_letter_or_digit(c)) {
      word_.add(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c, source);
    } else if (is_dropped(c)) {
      return;
    } else if (text::is_white_space(c)) {
      end_word();
    } else if (c >= 0x3400 && contains(kIdeographs, c)) {
      end_word();
      take_normalised(c, source);
      end_word();
    } else {
      take_normalised(c, source);
    }
  }

  void end_word() {
    if (!word_.empty()) owner_.append_word(word_, out_);
    word_.clear();
  }

 private:
  void take_normalised(char32_t c, text::Range source) {
    if (c < 0x80) return take_letter(c, source);
    for (const char32_t part : text::decompose(c)) {
      if (text::is_nonspacing_mark(part)) continue;
      for (const char32_t lower : text::to_lower(part)) take_letter(lower, source);
    }
  }

  void take_letter(char32_t c, text::Range source) {
    if (!text::is_punctuation(c)) return word_.add(c, source);
    end_word();
    word_.add(c, source);
    end_word();
  }

  const WordPiece& owner_;
  std::vector<Token>& out_;
  Word word_;
};

WordPiece::WordPiece(std::string vocabulary, const std::string& source)
    : buffer_(vocabulary.begin(), vocabulary.end()) {
  const auto damaged = [&](const std::string& why) {
    return Error(ErrorCode::kUnavailable, "The vocabulary " + source + " is damaged (" + why +
                                              "). Run `jackdaw models pull` to fetch it again.");
  };
  std::string_view rest(buffer_.data(), buffer_.size());
  if (rest.size() > kMaxVocabularyBytes || !text::is_valid_utf8(rest)) throw damaged("it is not a list of words");
  for (; !rest.empty(); ++size_) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) throw damaged("line " + std::to_string(size_ + 1) + " is empty");
    const bool continues = line.size() > 2 && line.starts_with("##");
    const std::string_view piece = continues ? line.substr(2) : line;
    longest_piece_bytes_ = std::max(longest_piece_bytes_, piece.size());
    if (!(continues ? continuations_ : starts_).emplace(piece, static_cast<std::int32_t>(size_)).second) {
      throw damaged("line " + std::to_string(size_ + 1) + " occurs twice");
    }
  }
  for (const std::string_view token : kSpecialTokens) require(token, source);
  special_ids_ = {.begin = require("[CLS]", source), .separator = require("[SEP]", source)};
  unknown_id_ = require("[UNK]", source);
}

WordPiece WordPiece::read(const std::filesystem::path& vocab_txt) {
  const MappedFile file(vocab_txt, kMaxVocabularyBytes);
  const auto* begin = reinterpret_cast<const char*>(file.bytes().data());
  return WordPiece(std::string(begin, file.bytes().size()), vocab_txt.string());
}

std::int32_t WordPiece::require(std::string_view token, const std::string& source) const {
  const auto found = starts_.find(token);
  if (found == starts_.end()) {
    throw Error(ErrorCode::kUnavailable, "The vocabulary " + source + " is damaged (it lacks " + std::string(token) +
                                             "). Run `jackdaw models pull` to fetch it again.");
  }
  return found->second;
}

// Greedy longest match. A word of which any part is unknown is one [UNK].
void WordPiece::append_word(const Word& word, std::vector<Token>& out) const {
  const std::size_t before = out.size();
  const std::size_t count = word.units.size();
  for (std::size_t first = 0; first < count && count <= kMaxWordCodePoints;) {
    const std::size_t begin = first == 0 ? 0 : word.units[first - 1].end;
    const Pieces& pieces = first == 0 ? starts_ : continuations_;
    std::size_t last = count;  // one past the piece
    while (last > first && word.units[last - 1].end - begin > longest_piece_bytes_) --last;
    auto found = pieces.end();
    for (; last > first; --last) {
      found = pieces.find(std::string_view(word.bytes).substr(begin, word.units[last - 1].end - begin));
      if (found != pieces.end()) break;
    }
    if (last == first) break;
    out.push_back({.id = found->second, .source = {word.units[first].source.begin, word.units[last - 1].source.end}});
    first = last;
    if (first == count) return;
  }
  out.resize(before);
  out.push_back({.id = unknown_id_, .source = {word.units.front().source.begin, word.units.back().source.end}});
}

std::vector<Token> WordPiece::tokenize(std::string_view utf8, std::size_t max_tokens) const {
  std::vector<Token> out;
  Splitter splitter(*this, out);
  const std::vector<text::CodePoint> code_points = text::decode(utf8);
  for (std::size_t i = 0; i < code_points.size() && out.size() < max_tokens; ++i) {
    const text::CodePoint& c = code_points[i];
    const std::string_view special = c.value == '[' ? special_at(utf8.substr(c.begin)) : std::string_view();
    if (special.empty()) {
      splitter.take(c.value, {c.begin, c.end});
      continue;
    }
    splitter.end_word();
    out.push_back({.id = starts_.find(special)->second, .source = {c.begin, c.begin + special.size()}});
    i += special.size() - 1;  // all of them ASCII
  }
  splitter.end_word();
  out.resize(std::min(out.size(), max_tokens));
  return out;
}

}  // namespace jackdaw::inference
