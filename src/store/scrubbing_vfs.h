#pragma once

#include <cstddef>
#include <span>

namespace jackdaw::store {

// Bytes of a database page; every database of this room has this page size.
inline constexpr std::size_t kPageBytes = 4096;

// More pages than this a database must not have: below it the first byte of a page that is not part of a tree (overflow
// and free pages begin with a page number, big endian) is 0 or 1, and cannot be mistaken for a tree page's type.
inline constexpr std::size_t kMaxPages = 0x02000000 - 1;

// Zeroes the unallocated gap between a tree page's cell pointers and its cells (SQLite file format, section 1.6).
// Other pages, and pages whose header makes no sense, stay as they are.
void scrub_page(std::span<std::byte> page) noexcept;

// The name of SQLite's default file layer with one addition: every page that is written to a database file goes through
// scrub_page. SQLite's secure_delete overwrites deleted rows, but when it rebuilds a page while balancing a tree,
// copies of rows that moved to a neighbour stay in the gap, and outlive the row. Registered at the first call; any
// thread.
const char* scrubbing_vfs();

}  // namespace jackdaw::store
