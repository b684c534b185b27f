#pragma once

#include <span>

#include "core/answer_event.h"
#include "core/ranking.h"
#include "store/byte_codec.h"

namespace jackdaw::store {

// A citation inside a blob (docs/storage_format.md, "Answers"). What its source says is not written: quote, page and
// `paged` are the passage's, and go with it. Pure functions, any thread; `sources` are the passages that it counts by.

// Throws Error kInternal for a citation that breaks a promise of core: a source that is not there, a claim or quote
// that ends before it begins, a quote, page or `paged` that is not the source's, a coordinate that is not finite.
void write_citation(ByteWriter& writer, const Citation& citation, std::span<const RetrievedPassage> sources);

// Takes any bytes: refuses what write_citation() does not write. The quote is empty when the source's text does not
// have these bytes, or not at the borders of characters: its document is deleted.
Citation read_citation(ByteReader& reader, std::span<const RetrievedPassage> sources);

bool same_citation(const Citation& one, const Citation& other);

}  // namespace jackdaw::store
