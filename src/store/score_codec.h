#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/ranking.h"

namespace jackdaw::store {

// Why a passage was returned, as the database keeps it: score, score_kind and reasons (docs/storage_format.md,
// "Answers"). Pure functions, any thread.

std::vector<std::byte> encode_scores(const RetrievedPassage& passage);

// Sets these and leaves the rest. Takes any bytes: what encode_scores() did not make throws Error kInternal.
void decode_scores(std::span<const std::byte> bytes, RetrievedPassage& passage);

// Whether what is kept of two passages is the same: chunk, document, and every bit of the scores.
bool same_reference(const RetrievedPassage& one, const RetrievedPassage& other);

}  // namespace jackdaw::store
