#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "inference/tokenizer.h"

namespace jackdaw::inference {

// The uncased WordPiece tokenizer of BERT: special tokens are found in the raw text; then the text is cleaned, Chinese
// characters stand alone, accents and case are dropped, words end at white space and punctuation, and each word is cut
// into the longest pieces that the vocabulary knows. Equal, token for token, to the reference implementation wherever
// both know the characters (it stops at Unicode 8). Immutable, safe from any thread.
class WordPiece {
 public:
  // The lines of a vocab.txt: the id is the line number. Throws Error kUnavailable when one that BERT needs is missing,
  // when one occurs twice, or when the text is not UTF-8. `source` names the file in the message.
  WordPiece(std::string vocabulary, const std::string& source);
  // Throws Error kUnavailable also when the file cannot be read.
  static WordPiece read(const std::filesystem::path& vocab_txt);

  // Pieces point into the buffer of the vocabulary, which a move leaves where it is.
  WordPiece(WordPiece&&) noexcept = default;
  WordPiece(const WordPiece&) = delete;

  // The tokens of the text, without any around it. Stops once it has `max_tokens`.
  std::vector<Token> tokenize(std::string_view utf8, std::size_t max_tokens) const;

  const SpecialIds& special_ids() const noexcept { return special_ids_; }
  std::size_t size() const noexcept { return size_; }  // ids are below this

 private:
  class Splitter;
  struct Word;
  using Pieces = std::unordered_map<std::string_view, std::int32_t>;

  std::int32_t require(std::string_view token, const std::string& source) const;
  void append_word(const Word& word, std::vector<Token>& out) const;

  std::vector<char> buffer_;  // the vocabulary's text
  Pieces starts_;             // pieces that begin a word
  Pieces continuations_;      // pieces within a word, without their "##"
  std::size_t longest_piece_bytes_ = 0;
  std::size_t size_ = 0;
  SpecialIds special_ids_;
  std::int32_t unknown_id_ = 0;
};

}  // namespace jackdaw::inference
