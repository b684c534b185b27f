#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/cancellation.h"
#include "core/document.h"

namespace jackdaw::extract {

struct RecognizerOptions {
  std::filesystem::path parser;      // the program jackdaw-parse
  std::filesystem::path recognizer;  // the program jackdaw-ocr
  std::string languages = "eng";     // as Tesseract names them, joined by '+', the most frequent one first

  // Wall time for one page, drawing and reading together. A page of print takes 5-7 s of one processor.
  std::chrono::milliseconds page_time{60'000};

  // Both programs run at the lowest priority: as long as they used less than half of page_time on the processor, they
  // may take this many times page_time on the clock.
  int starved_factor = 6;

  // As ConfinedExtractorOptions::without_filter.
  bool without_filter = false;

  int dots_per_inch = 200;  // of the drawn page; more reads no better. Giant pages are drawn with fewer
};

// Whether pictures of text can be read here.
struct RecognizerStatus {
  bool usable = false;
  std::string version{};                 // of Tesseract, "5.3.0"; empty: not installed
  std::vector<std::string> languages{};  // that are installed, sorted
  std::string problem{};                 // a sentence for a person that says what to install; empty when usable
};

// Looks for Tesseract and the languages, reads a small picture in a closed sandbox and proves that the sandbox is
// closed (nobody can prove that without the filter). Takes about a second. Throws Error kInvalidArgument (field
// "ocr_languages") for a list of languages that none could have; everything else that is missing or wrong is the
// status' problem.
RecognizerStatus find_recognizer(const RecognizerOptions& options);

// Reads the pages of one PDF that are pictures of text: jackdaw-parse draws a page, jackdaw-ocr reads it, both confined
// (confined/sandbox.h) and neither believed. One jackdaw-ocr serves all pages of the document, since its start takes
// half a second; each page is drawn by a jackdaw-parse of its own. Starts nothing before the first page.
//
// Not shared between threads, and all calls come from one thread, which must live as long as this does: the programs
// die with it. The destructor kills and reaps them.
class PageRecognizer {
 public:
  // `pdf` is opened for each page. The password opens it and goes nowhere but to jackdaw-parse; empty: none.
  PageRecognizer(RecognizerOptions options, std::filesystem::path pdf, std::string password);
  PageRecognizer(const PageRecognizer&) = delete;
  PageRecognizer& operator=(const PageRecognizer&) = delete;
  ~PageRecognizer();

  // `blank` with the text and the words of its picture, in reading order, and `recognized` set. No text when there is
  // none to read. The boxes stand where core/document.h wants them, however the page is turned. Number, label, width
  // and height are taken from `blank` as they are.
  //
  // Throws Error: kDamagedDocument when the page cannot be drawn or read, or not within its time (the next page can be
  // asked for all the same), kUnavailable when a program does not start, and what `cancellation` asks for.
  Page recognize(const Page& blank, const Cancellation& cancellation);

 private:
  class Session;
  std::unique_ptr<Session> session_;
};

// The steps, for tests. ----------------------------------------------------------------------------------------------

// The place on the unrotated page (points) of a box in a picture of the page (pixels), for a page that is turned
// `quarter` times clockwise to be looked at.
struct PicturePlacement {
  float page_width = 0;  // points, unrotated
  float page_height = 0;
  float picture_width = 0;  // pixels, as looked at
  float picture_height = 0;
  int quarter = 0;  // 0..3
};
Box turn_back(const Box& box, const PicturePlacement& placement);

}  // namespace jackdaw::extract
