#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "extract/page_recognizer.h"
#include "extract/testing/recognition.h"
#include "extract/testing/sample_files.h"

namespace jackdaw::extract {
namespace {

using testing::code_of;
using testing::installed;
using testing::recognizer_options;
using testing::TemporaryFile;

TEST(FindRecognizer, SaysWhatIsInstalledAndProvesTheSandbox) {
  SKIP_WITHOUT_TESSERACT();
  EXPECT_TRUE(installed().usable) << installed().problem;
  EXPECT_EQ(installed().problem, "");
  EXPECT_EQ(installed().version.substr(0, 2), "5.") << installed().version;
  EXPECT_TRUE(std::ranges::count(installed().languages, "eng"));
}

TEST(FindRecognizer, WorksWithoutTheSystemCallFilterWhereThatIsWanted) {
  SKIP_WITHOUT_TESSERACT();
  RecognizerOptions wants = recognizer_options();
  wants.without_filter = true;
  EXPECT_TRUE(find_recognizer(wants).usable);
}

TEST(FindRecognizer, NamesThePackageOfAMissingLanguage) {
  SKIP_WITHOUT_TESSERACT();
  RecognizerOptions wants = recognizer_options();
  wants.languages = "eng+tlh_new";
  const RecognizerStatus status = find_recognizer(wants);
  EXPECT_FALSE(status.usable);
  EXPECT_EQ(status.version, installed().version);
  EXPECT_NE(status.problem.find("\"tlh_new\""), std::string::npos) << status.problem;
  EXPECT_NE(status.problem.find("tesseract-ocr-tlh-new"), std::string::npos) << status.problem;
}

TEST(FindRecognizer, RefusesWhatCannotBeALanguage) {
  for (const std::string languages : {"", "+", "eng+", "eng deu", "../eng", "/eng", "a/b/c", "-l", "eng\n"}) {
    RecognizerOptions wants = recognizer_options();
    wants.languages = languages;
    EXPECT_EQ(code_of([&] { find_recognizer(wants); }), ErrorCode::kInvalidArgument) << languages;
  }
  RecognizerOptions wants = recognizer_options();
  wants.languages = std::string(300, 'a');
  EXPECT_EQ(code_of([&] { find_recognizer(wants); }), ErrorCode::kInvalidArgument);
}

TEST(FindRecognizer, AMissingProgramIsAProblemAndNoError) {
  RecognizerOptions wants = recognizer_options();
  wants.recognizer = "/nowhere/jackdaw-ocr";
  const RecognizerStatus status = find_recognizer(wants);
  EXPECT_FALSE(status.usable);
  EXPECT_NE(status.problem.find("/nowhere/jackdaw-ocr"), std::string::npos) << status.problem;
}

TEST(FindRecognizer, AProgramThatSpeaksAnotherLanguageIsAProblemAndNoError) {
  const TemporaryFile babble("#!/bin/sh\necho 5.3.0 eng deu\n");
  babble.make_executable();
  RecognizerOptions wants = recognizer_options();
  wants.recognizer = babble.path();
  const RecognizerStatus status = find_recognizer(wants);
  EXPECT_FALSE(status.usable);
  EXPECT_NE(status.problem, "");
}

}  // namespace
}  // namespace jackdaw::extract
