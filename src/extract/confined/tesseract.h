#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "extract/confined/picture_protocol.h"
#include "extract/confined/recognized_text.h"

// The part of Tesseract's C interface that we call, declared by its documented ABI (major version 5). Handles are
// opaque. Nothing links against it: the library is looked for at run time.
extern "C" {

struct TessBaseAPI;
struct TessPageIterator;
struct TessResultIterator;
struct ETEXT_DESC;

const char* TessVersion();
void TessDeleteText(const char* text);
void TessDeleteTextArray(char** texts);
TessBaseAPI* TessBaseAPICreate();
void TessBaseAPIDelete(TessBaseAPI* handle);
// 0: done. A null data path stands for the one that the library was built with.
int TessBaseAPIInit2(TessBaseAPI* handle, const char* data_path, const char* languages, int engine_mode);
char** TessBaseAPIGetAvailableLanguagesAsVector(const TessBaseAPI* handle);
char** TessBaseAPIGetLoadedLanguagesAsVector(const TessBaseAPI* handle);
void TessBaseAPISetPageSegMode(TessBaseAPI* handle, int mode);
void TessBaseAPISetImage(TessBaseAPI* handle, const unsigned char* pixels, int width, int height, int bytes_per_pixel,
                         int bytes_per_line);
void TessBaseAPISetSourceResolution(TessBaseAPI* handle, int dots_per_inch);
int TessBaseAPIRecognize(TessBaseAPI* handle, ETEXT_DESC* monitor);
TessResultIterator* TessBaseAPIGetIterator(TessBaseAPI* handle);
void TessBaseAPIClear(TessBaseAPI* handle);

void TessResultIteratorDelete(TessResultIterator* iterator);
TessPageIterator* TessResultIteratorGetPageIterator(TessResultIterator* iterator);
int TessResultIteratorNext(TessResultIterator* iterator, int level);
char* TessResultIteratorGetUTF8Text(const TessResultIterator* iterator, int level);
float TessResultIteratorConfidence(const TessResultIterator* iterator, int level);
int TessPageIteratorIsAtBeginningOf(const TessPageIterator* iterator, int level);
int TessPageIteratorBoundingBox(const TessPageIterator* iterator, int level, int* left, int* top, int* right,
                                int* bottom);

}  // extern "C"

namespace jackdaw::extract {

// Tesseract, as far as it is installed on this machine. One a process and one thread. What can go wrong comes back as
// part of a sentence ("libtesseract.so.5 is missing"), empty when nothing did.
class Tesseract {
 public:
  // Finds the library, which reads many files, and makes an engine.
  std::string load();

  std::string version() const;  // "5.3.0"
  std::vector<std::string> installed_languages() const;

  // Reads the files of the languages ("eng+deu"), so that no file is needed afterwards.
  std::string open(const std::string& languages);

  // The words of a picture in reading order; places in pixels. Throws std::bad_alloc.
  std::vector<RecognizedWord> read(const picture_protocol::PictureHead& head, const std::uint8_t* pixels);

 private:
  struct Functions {
    decltype(&TessVersion) version;
    decltype(&TessDeleteText) delete_text;
    decltype(&TessDeleteTextArray) delete_text_array;
    decltype(&TessBaseAPICreate) create;
    decltype(&TessBaseAPIInit2) init;
    decltype(&TessBaseAPIGetAvailableLanguagesAsVector) available_languages;
    decltype(&TessBaseAPIGetLoadedLanguagesAsVector) loaded_languages;
    decltype(&TessBaseAPISetPageSegMode) set_page_segmentation;
    decltype(&TessBaseAPISetImage) set_image;
    decltype(&TessBaseAPISetSourceResolution) set_resolution;
    decltype(&TessBaseAPIRecognize) recognize;
    decltype(&TessBaseAPIGetIterator) results;
    decltype(&TessBaseAPIClear) clear;
    decltype(&TessResultIteratorDelete) delete_results;
    decltype(&TessResultIteratorGetPageIterator) places;
    decltype(&TessResultIteratorNext) next;
    decltype(&TessResultIteratorGetUTF8Text) text;
    decltype(&TessResultIteratorConfidence) confidence;
    decltype(&TessPageIteratorIsAtBeginningOf) begins;
    decltype(&TessPageIteratorBoundingBox) box;
  };

  std::vector<std::string> take(char** texts) const;
  RecognizedWord word_at(TessResultIterator* results) const;

  Functions call_{};
  TessBaseAPI* engine_ = nullptr;  // lives as long as the process
};

}  // namespace jackdaw::extract
