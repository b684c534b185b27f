#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "extract/confined/pdfium.h"
#include "extract/confined/picture_protocol.h"

namespace jackdaw::extract {

struct PagePicture {
  picture_protocol::PictureHead head;
  std::vector<std::uint8_t> pixels;  // row by row, 0 is black
};

// Draws page `number` (1-based) in grey on white, turned as it is looked at, with fewer dots than asked for where the
// picture would become too large. Annotations are left out: what they say is not the page's text. Nothing when the page
// cannot be drawn. Throws nothing but std::bad_alloc. One thread.
std::optional<PagePicture> draw_page(FPDF_DOCUMENT document, int number, std::uint32_t dpi);

}  // namespace jackdaw::extract
