#pragma once

#include <vector>

#include "extract/confined/outline.h"
#include "extract/confined/pdfium.h"

namespace jackdaw::extract {

// The bookmarks of a PDF from top to bottom. Reads at most 10,000 of them, 32 deep, and none twice, so that no outline,
// however tangled, takes long.
std::vector<Outline::Entry> read_outline(FPDF_DOCUMENT document);

}  // namespace jackdaw::extract
