#include "extract/confined/tesseract.h"

#include <dlfcn.h>

#include <algorithm>
#include <ranges>

namespace jackdaw::extract {
namespace {

constexpr const char* kLibrary = "libtesseract.so.5";

// Values of Tesseract's enumerations.
constexpr int kNeuralNetworkAlone = 1;  // OEM_LSTM_ONLY: the older engine learns from page to page
constexpr int kWholePage = 3;           // PSM_AUTO: blocks, columns, lines, without a guess how the page is turned
constexpr int kParagraph = 1;           // RIL_PARA
constexpr int kTextLine = 2;            // RIL_TEXTLINE
constexpr int kWord = 3;                // RIL_WORD

template <class Function>
bool find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  return function != nullptr;
}

}  // namespace

std::string Tesseract::load() {
  void* library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return std::string(kLibrary) + " is missing or cannot be loaded";
  const bool complete =
      find(library, "TessVersion", call_.version) && find(library, "TessDeleteText", call_.delete_text) &&
      find(library, "TessDeleteTextArray", call_.delete_text_array) &&
      find(library, "TessBaseAPICreate", call_.create) && find(library, "TessBaseAPIInit2", call_.init) &&
      find(library, "TessBaseAPIGetAvailableLanguagesAsVector", call_.available_languages) &&
      find(library, "TessBaseAPIGetLoadedLanguagesAsVector", call_.loaded_languages) &&
      find(library, "TessBaseAPISetPageSegMode", call_.set_page_segmentation) &&
      find(library, "TessBaseAPISetImage", call_.set_image) &&
      find(library, "TessBaseAPISetSourceResolution", call_.set_resolution) &&
      find(library, "TessBaseAPIRecognize", call_.recognize) &&
      find(library, "TessBaseAPIGetIterator", call_.results) && find(library, "TessBaseAPIClear", call_.clear) &&
      find(library, "TessResultIteratorDelete", call_.delete_results) &&
      find(library, "TessResultIteratorGetPageIterator", call_.places) &&
      find(library, "TessResultIteratorNext", call_.next) &&
      find(library, "TessResultIteratorGetUTF8Text", call_.text) &&
      find(library, "TessResultIteratorConfidence", call_.confidence) &&
      find(library, "TessPageIteratorIsAtBeginningOf", call_.begins) &&
      find(library, "TessPageIteratorBoundingBox", call_.box);
  if (!complete) return std::string(kLibrary) + " lacks a function: version 5.0 or newer is needed";
  engine_ = call_.create();
  return engine_ != nullptr ? std::string() : "Tesseract could not be started";
}

std::string Tesseract::version() const {
  return call_.version();
}

std::vector<std::string> Tesseract::take(char** texts) const {
  std::vector<std::string> taken;
  for (char** text = texts; text != nullptr && *text != nullptr; ++text) taken.emplace_back(*text);
  if (texts != nullptr) call_.delete_text_array(texts);
  std::ranges::sort(taken);
  return taken;
}

std::vector<std::string> Tesseract::installed_languages() const {
  // The folder of the languages is known once an attempt was made to open one, whatever comes of it.
  call_.init(engine_, nullptr, "osd", kNeuralNetworkAlone);
  return take(call_.available_languages(engine_));
}

std::string Tesseract::open(const std::string& languages) {
  if (call_.init(engine_, nullptr, languages.c_str(), kNeuralNetworkAlone) != 0) {
    return "none of the languages " + languages + " could be opened";
  }
  // Tesseract goes on without a language that it cannot open.
  const std::vector<std::string> opened = take(call_.loaded_languages(engine_));
  for (const auto part : std::views::split(languages, '+')) {
    const std::string language(part.begin(), part.end());
    if (std::ranges::find(opened, language) == opened.end()) return "the language " + language + " could not be opened";
  }
  call_.set_page_segmentation(engine_, kWholePage);
  return {};
}

RecognizedWord Tesseract::word_at(TessResultIterator* results) const {
  const TessPageIterator* places = call_.places(results);
  RecognizedWord word;
  if (char* text = call_.text(results, kWord); text != nullptr) {
    word.text = text;
    call_.delete_text(text);
  }
  word.confidence = call_.confidence(results, kWord);
  if (call_.begins(places, kParagraph) != 0) {
    word.before = RecognizedWord::Before::kParagraph;
  } else if (call_.begins(places, kTextLine) != 0) {
    word.before = RecognizedWord::Before::kLine;
  }
  int left = 0;
  int top = 0;
  int right = 0;
  int bottom = 0;
  call_.box(places, kWord, &left, &top, &right, &bottom);
  word.box = {static_cast<float>(left), static_cast<float>(top), static_cast<float>(std::max(left, right)),
              static_cast<float>(std::max(top, bottom))};
  return word;
}

std::vector<RecognizedWord> Tesseract::read(const picture_protocol::PictureHead& head, const std::uint8_t* pixels) {
  const auto width = static_cast<int>(head.width);
  call_.set_image(engine_, pixels, width, static_cast<int>(head.height), 1, width);
  call_.set_resolution(engine_, static_cast<int>(head.dpi));
  std::vector<RecognizedWord> words;
  if (call_.recognize(engine_, nullptr) == 0) {
    if (TessResultIterator* results = call_.results(engine_); results != nullptr) {
      do {
        words.push_back(word_at(results));
      } while (call_.next(results, kWord) != 0);
      call_.delete_results(results);
    }
  }
  call_.clear(engine_);
  return words;
}

}  // namespace jackdaw::extract
