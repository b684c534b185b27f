#include "http/request.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "core/error.h"

namespace jackdaw::http {
namespace {

Error too_large(std::size_t limit_bytes) {
  return Error(ErrorCode::kTooLarge,
               "The request body is larger than " + std::to_string(limit_bytes) + " bytes. Send a smaller one.");
}

}  // namespace

boost::asio::awaitable<std::size_t> StringBody::read_some(std::span<char> into) {
  const std::size_t count = std::min(into.size(), bytes_.size() - read_);
  std::memcpy(into.data(), bytes_.data() + read_, count);
  read_ += count;
  co_return count;
}

std::optional<std::string_view> Request::query_value(std::string_view name) const noexcept {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::string_view Request::path_value(std::string_view name) const noexcept {
  for (const auto& [key, value] : path_values) {
    if (key == name) return value;
  }
  return {};
}

boost::asio::awaitable<std::size_t> Request::read_some(std::span<char> into) {
  if (body == nullptr || into.empty()) co_return 0;
  co_return co_await body->read_some(into);
}

boost::asio::awaitable<std::string> Request::read_body(std::size_t limit_bytes) {
  if (content_length.value_or(0) > limit_bytes) throw too_large(limit_bytes);
  std::string bytes;
  bytes.reserve(static_cast<std::size_t>(content_length.value_or(0)));
  // Small: the piece lives in the coroutine's frame.
  std::array<char, 4096> piece;
  while (const std::size_t count = co_await read_some(piece)) {
    if (bytes.size() + count > limit_bytes) throw too_large(limit_bytes);
    bytes.append(piece.data(), count);
  }
  co_return bytes;
}

}  // namespace jackdaw::http
