#pragma once

#include <cstddef>
#include <functional>

#include "core/cancellation.h"
#include "core/search_index.h"

namespace jackdaw::ingest {

// Visits documents, as DocumentStore::for_each_indexed does.
using ForEachDocument = std::function<void(const std::function<void(IndexedDocument&&)>&)>;

// Adds all of them to the index, in publications of at least so many chunks; returns how many documents. Throws what
// `for_each` throws and what `cancellation` asks for, between two documents.
std::size_t fill_index(SearchIndex& index, const ForEachDocument& for_each, std::size_t batch_chunks,
                       const Cancellation& cancellation);

}  // namespace jackdaw::ingest
