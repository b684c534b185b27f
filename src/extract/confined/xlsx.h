#pragma once

#include <string_view>

#include "extract/confined/parsed_text.h"
#include "extract/confined/zip_archive.h"

namespace jackdaw::extract {

// An Excel workbook: one page for each sheet, labelled with its name; rows as text with the names of their columns;
// what formulas gave when the workbook was saved; dates as ISO dates. Read row by row, so that large sheets fit. See
// plain_text.h for what all readers promise.
ParsedText read_xlsx(ZipArchive& archive, std::string_view main_part, const ReadLimits& limits);

}  // namespace jackdaw::extract
