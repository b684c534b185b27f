#pragma once

#include <string_view>

#include "extract/confined/parsed_text.h"
#include "extract/confined/zip_archive.h"

namespace jackdaw::extract {

// A Word document: headings with their paths, numbered and plain lists, tables row by row, text boxes, footnotes below
// the paragraph that they belong to. Running heads, comments and deleted text are left out. See plain_text.h for what
// all readers promise.
ParsedText read_docx(ZipArchive& archive, std::string_view main_part, const ReadLimits& limits);

}  // namespace jackdaw::extract
