#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "http/header_value.h"
#include "http/response_head_reader.h"
#include "http/retry.h"

// Whatever a peer's head says, what is kept of it is well-formed, and a time to wait is one that can be waited.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace jackdaw::http;
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const jackdaw::WallTime now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 22);
  const auto can_be_waited = [](std::optional<std::chrono::milliseconds> wait) {
    return !wait || (wait->count() >= 0 && *wait <= std::chrono::hours(24 * 365));
  };
  if (!can_be_waited(parse_duration(bytes))) std::abort();
  ResponseHeadReader reader;
  while (!bytes.empty()) {
    const std::string_view line = bytes.substr(0, bytes.find('\n') == bytes.npos ? bytes.size() : bytes.find('\n') + 1);
    bytes.remove_prefix(line.size());
    if (!reader.take_line(line)) break;
  }
  for (const Headers::Field& field : reader.headers()) {
    if (!is_token(field.name) || !is_field_value(field.value)) std::abort();
    if (!can_be_waited(retry_after({{"Retry-After", field.value}}, now))) std::abort();
  }
  if (reader.is_complete() && reader.status() < 200) std::abort();
  return 0;
}
