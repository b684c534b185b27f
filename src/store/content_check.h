#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "store/sqlite.h"

namespace jackdaw::store {

// What is wrong with the pages, chunks and vectors of a document, as the end of a sentence ("chunk 7 has no vector");
// nothing when all is right. `dimensions` are those of the vectors seen before, 0: none; the caller keeps it. Throws
// what Database throws.
std::optional<std::string> find_fault_of_contents(Database& database, std::int64_t document, std::size_t& dimensions);

}  // namespace jackdaw::store
