// What stands around the PDF engine: glyphs, lines, words, labels and outline of any document, with sanitizers. The
// engine itself is not instrumented; that it crashes shows all the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "extract/confined/pdf_document.h"

namespace {

using jackdaw::Page;

bool is_inside_character(std::string_view text, std::size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
}

void check(const Page& page) {
  std::uint32_t end = 0;
  for (const jackdaw::Word& word : page.words) {
    if (word.begin < end || word.begin >= word.end || word.end > page.text.size()) std::abort();
    if (is_inside_character(page.text, word.begin) || is_inside_character(page.text, word.end)) std::abort();
    end = word.end;
    for (const jackdaw::Box& box : word.boxes) {
      if (!(box.x0 <= box.x1 && box.y0 <= box.y1)) std::abort();
    }
  }
  std::int64_t last = -1;
  for (const jackdaw::Section& section : page.sections) {
    if (section.begin <= last || section.begin > page.text.size()) std::abort();
    if (section.heading.size() > jackdaw::kMaxHeadingBytes) std::abort();
    last = section.begin;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr int kMaxPages = 10;
  constexpr std::size_t kMaxCharacters = 100'000;
  static const bool ready = (jackdaw::extract::prepare_pdfium(), true);
  std::optional<jackdaw::extract::PdfDocument> document;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (!ready || jackdaw::extract::PdfDocument::open(bytes, "foo", document)) return 0;
  if (document->title().size() > 4 * jackdaw::extract::protocol::kMaxShortStringBytes) std::abort();
  for (int page = 1; page <= document->pages() && page <= kMaxPages; ++page) {
    check(document->read_page(page, kMaxCharacters).page);
  }
  return 0;
}
