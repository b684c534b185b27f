#include "store/page_cursor.h"

#include <charconv>
#include <system_error>

#include "core/error.h"

namespace jackdaw::store {
namespace {

constexpr std::size_t kMaxPageSize = 200;

}  // namespace

std::string make_cursor(char kind, std::int64_t last) {
  return kind + std::to_string(last);
}

std::int64_t read_cursor(char kind, const std::string& cursor) {
  if (cursor.empty()) return 0;
  std::int64_t last = 0;
  const char* const end = cursor.data() + cursor.size();
  const auto parsed = std::from_chars(cursor.data() + 1, end, last);
  if (cursor[0] != kind || parsed.ec != std::errc{} || parsed.ptr != end || last < 1) {
    throw Error(ErrorCode::kInvalidArgument,
                "'after' is not a cursor of this list. Pass the 'next' of the page before, or leave it out.")
        .with_field("after");
  }
  return last;
}

void check_limit(std::size_t limit) {
  if (limit >= 1 && limit <= kMaxPageSize) return;
  throw Error(ErrorCode::kInvalidArgument,
              "'limit' is " + std::to_string(limit) + "; it must be from 1 to " + std::to_string(kMaxPageSize) + ".")
      .with_field("limit");
}

}  // namespace jackdaw::store
