#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace jackdaw::server {

// A pattern for paths, as shells know them: `*` any characters but '/', `?` one, `[a-z]` and `[!a-z]` one of or none of
// these, `**` as a whole segment any number of folders (also none), `\` before a character takes it as it is. Letters
// are code points; bytes that are not UTF-8 all count as U+FFFD. Matching takes time in the product of both lengths at
// most, whatever the pattern. Immutable; any thread.
class Glob {
 public:
  explicit Glob(std::string_view pattern);

  // The whole path, segment by segment.
  bool matches(std::string_view path) const;

 private:
  struct Token {
    enum class Kind { kLiteral, kAnyOne, kAnyRun, kSet } kind = Kind::kLiteral;
    char32_t letter = 0;
    std::vector<std::pair<char32_t, char32_t>> ranges;  // kSet; both ends included
    bool negated = false;
  };
  struct Segment {
    std::vector<Token> tokens;
    bool any_folders = false;  // "**"
  };

  static Segment parse_segment(std::u32string_view text);
  static Token parse_set(std::u32string_view text, std::size_t& at);
  static bool fits(const Token& token, char32_t letter);
  static bool fits(const Segment& segment, std::u32string_view name);

  std::vector<Segment> segments_;
};

// A pattern that only that text matches.
std::string quoted_for_glob(std::string_view text);

// Whether the shell would have treated it as a pattern.
bool has_wildcard(std::string_view text);

}  // namespace jackdaw::server
