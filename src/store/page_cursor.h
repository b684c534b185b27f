#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace jackdaw::store {

// Where a page of a list ends: the number of its last row, behind a letter that tells lists apart. Pure functions, any
// thread.

inline constexpr char kDocumentCursor = 'd';
inline constexpr char kChunkCursor = 'c';
inline constexpr char kConversationCursor = 'v';

std::string make_cursor(char kind, std::int64_t last);
// 0 for an empty one. Throws Error kInvalidArgument (field "after").
std::int64_t read_cursor(char kind, const std::string& cursor);

// 1..200 rows on a page. Throws Error kInvalidArgument (field "limit").
void check_limit(std::size_t limit);

}  // namespace jackdaw::store
