#pragma once

#include "extract/confined/parsed_text.h"
#include "extract/confined/zip_archive.h"

namespace jackdaw::extract {

// An EPUB book: its chapters in the order of its spine, as HTML. Refuses books under copy protection with kProtection.
// See plain_text.h for what all readers promise.
ParsedText read_epub(ZipArchive& archive, const ReadLimits& limits);

}  // namespace jackdaw::extract
