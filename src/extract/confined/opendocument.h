#pragma once

#include <string_view>

#include "extract/confined/parsed_text.h"
#include "extract/confined/zip_archive.h"

namespace jackdaw::extract {

// Documents of LibreOffice and others (OASIS OpenDocument): texts with their headings, lists, tables and notes;
// presentations with a page for each slide; spreadsheets with a page for each sheet. See plain_text.h for what all
// readers promise.
ParsedText read_opendocument(ZipArchive& archive, const ReadLimits& limits);

}  // namespace jackdaw::extract
