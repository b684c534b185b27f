#pragma once

#include <string_view>

#include "extract/confined/parsed_text.h"
#include "extract/confined/zip_archive.h"

namespace jackdaw::extract {

// A PowerPoint presentation: one page for each slide, its title as heading, then its text, tables, charts and diagrams
// in the order of the file, then the speaker's notes. See plain_text.h for what all readers promise.
ParsedText read_pptx(ZipArchive& archive, std::string_view main_part, const ReadLimits& limits);

}  // namespace jackdaw::extract
