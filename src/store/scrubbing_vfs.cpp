#include "store/scrubbing_vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>

#include "core/error.h"

namespace jackdaw::store {
namespace {

constexpr const char* kName = "jackdaw_scrubbing";

std::size_t two_bytes(std::span<const std::byte> page, std::size_t at) noexcept {
  return (std::to_integer<std::size_t>(page[at]) << 8) | std::to_integer<std::size_t>(page[at + 1]);
}

// Bytes of the page header; 0 for a page that is not part of a tree.
std::size_t tree_header_bytes(std::byte type) noexcept {
  switch (std::to_integer<int>(type)) {
    case 2:
    case 5: return 12;  // interior: also holds the right-most child
    case 10:
    case 13: return 8;
    default: return 0;
  }
}

// The default layer and what it gives to a database file; ours differ from it in xOpen and xWrite alone.
sqlite3_vfs* base_vfs = nullptr;
const sqlite3_io_methods* base_methods = nullptr;
sqlite3_io_methods scrubbing_methods{};
std::once_flag methods_known;

int write_scrubbed(sqlite3_file* file, const void* data, int amount, sqlite3_int64 offset) {
  constexpr auto kPage = static_cast<sqlite3_int64>(kPageBytes);
  // Page 1 holds only the schema, behind the file's header.
  if (amount != kPage || offset < kPage || offset % kPage != 0) return base_methods->xWrite(file, data, amount, offset);
  std::array<std::byte, kPageBytes> page;
  std::memcpy(page.data(), data, kPageBytes);
  scrub_page(page);
  return base_methods->xWrite(file, page.data(), amount, offset);
}

int open_scrubbed(sqlite3_vfs* /*vfs*/, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  const int code = base_vfs->xOpen(base_vfs, name, file, flags, out_flags);
  if (code != SQLITE_OK || (flags & SQLITE_OPEN_MAIN_DB) == 0) return code;
  std::call_once(methods_known, [file] {
    base_methods = file->pMethods;
    scrubbing_methods = *base_methods;
    scrubbing_methods.xWrite = write_scrubbed;
  });
  if (file->pMethods != base_methods) {  // a file system with locks of another kind
    file->pMethods->xClose(file);
    file->pMethods = nullptr;
    return SQLITE_CANTOPEN;
  }
  file->pMethods = &scrubbing_methods;
  return SQLITE_OK;
}

const char* register_layer() {
  static sqlite3_vfs layer;
  base_vfs = sqlite3_vfs_find(nullptr);
  if (base_vfs == nullptr) throw Error(ErrorCode::kInternal, "SQLite has no file layer for this system.");
  layer = *base_vfs;
  layer.pNext = nullptr;
  layer.zName = kName;
  layer.xOpen = open_scrubbed;
  if (sqlite3_vfs_register(&layer, 0) != SQLITE_OK) {
    throw Error(ErrorCode::kInternal, "SQLite refused the file layer that scrubs deleted text.");
  }
  return kName;
}

}  // namespace

void scrub_page(std::span<std::byte> page) noexcept {
  if (page.size() != kPageBytes) return;
  const std::size_t header = tree_header_bytes(page[0]);
  if (header == 0) return;
  const std::size_t begin = header + 2 * two_bytes(page, 3);
  const std::size_t end = two_bytes(page, 5);
  if (end > page.size() || begin >= end) return;
  std::fill(page.begin() + static_cast<std::ptrdiff_t>(begin), page.begin() + static_cast<std::ptrdiff_t>(end),
            std::byte{0});
}

const char* scrubbing_vfs() {
  static const char* const name = register_layer();
  return name;
}

}  // namespace jackdaw::store
