#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/document.h"
#include "extract/confined/outline.h"
#include "extract/confined/page_picture.h"
#include "extract/confined/pdfium.h"
#include "extract/confined/protocol.h"

namespace jackdaw::extract {

// Makes PDFium ready so that it needs no file afterwards: no fonts of this machine, no time zone file. Once a process,
// before the sandbox closes.
void prepare_pdfium();

// A PDF held in memory. One thread; borrows the bytes, which must outlive it.
class PdfDocument {
 public:
  // Opens with the empty password, then with the given one. The reason when it cannot be opened.
  static std::optional<protocol::FailureReason> open(std::string_view bytes, const std::string& password,
                                                     std::optional<PdfDocument>& document);

  int pages() const;
  std::string title() const;

  // Page `number` (1-based), in order for the sections. One that is broken comes back empty: the rest of the document
  // can still be read. Throws nothing but std::bad_alloc; pages with more than `max_characters` have no text and say
  // so.
  struct Reading {
    Page page;
    std::size_t characters = 0;  // as the engine counts them
    std::uint8_t pictures = 0;   // image objects; 255: that or more
  };
  Reading read_page(int number, std::size_t max_characters);

  // draw_page() of page_picture.h.
  std::optional<PagePicture> draw(std::size_t number, std::size_t dpi) const;

 private:
  struct Close {
    void operator()(FPDF_DOCUMENT document) const { FPDF_CloseDocument(document); }
  };
  explicit PdfDocument(FPDF_DOCUMENT document) : document_(document) {}
  static FPDF_DOCUMENT load(std::string_view bytes, const char* password);

  std::unique_ptr<fpdf_document_t__, Close> document_;
  std::optional<Outline> outline_;  // once a page was read
};

}  // namespace jackdaw::extract
