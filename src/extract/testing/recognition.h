#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string_view>

#include "core/document.h"
#include "core/error.h"
#include "extract/page_recognizer.h"
#include "extract/testing/sample_files.h"

// What the tests of reading pictures share.
namespace jackdaw::extract::testing {

inline RecognizerOptions recognizer_options() {
  RecognizerOptions options{.parser = program("jackdaw-parse"), .recognizer = program("jackdaw-ocr")};
  options.page_time = std::chrono::seconds(300);  // a loaded machine decides nothing here
  return options;
}

// Looked for once a process.
inline const RecognizerStatus& installed() {
  static const RecognizerStatus status = find_recognizer(recognizer_options());
  return status;
}

#define SKIP_WITHOUT_TESSERACT()                              \
  if (jackdaw::extract::testing::installed().version.empty()) \
  GTEST_SKIP() << "Tesseract is not installed: " << jackdaw::extract::testing::installed().problem

inline const Word* find_word(const Page& page, std::string_view text) {
  const auto found = std::ranges::find_if(page.words, [&](const Word& word) {
    return std::string_view(page.text).substr(word.begin, word.end - word.begin) == text;
  });
  return found == page.words.end() ? nullptr : &*found;
}

ErrorCode code_of(const auto& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::kInternal;
}

}  // namespace jackdaw::extract::testing
