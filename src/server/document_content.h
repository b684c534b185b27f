#pragma once

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <string_view>

#include "core/compute.h"
#include "core/document.h"
#include "core/document_store.h"
#include "http/request.h"
#include "http/response.h"

namespace jackdaw::server {

// A part of a body, `first` to `first + bytes`.
struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t bytes = 0;
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

// What a Range field (RFC 9110, section 14) asks of a body of that size. kWhole: everything, also for what is
// malformed, another unit than bytes, or several ranges, which a server may ignore. kNone: nothing of it is there
// (416).
struct WantedRange {
  enum class Kind { kWhole, kPart, kNone } kind = Kind::kWhole;
  ByteRange part{};
  friend bool operator==(const WantedRange&, const WantedRange&) = default;
};
WantedRange parse_range(std::string_view field, std::uint64_t size);

// Whether an If-None-Match field names the entity tag (weak comparison).
bool names_etag(std::string_view field, std::string_view etag);

// Sends the original bytes of a document, or the part that the request asks for, piece by piece. The file is open
// before the first byte leaves: it is sent to its end, even when the document is replaced or deleted meanwhile. Throws
// Error kNotFound, kRangeNotSatisfiable (sent by itself, with Content-Range).
boost::asio::awaitable<void> send_content(http::Request& request, http::ResponseWriter& writer, DocumentId id,
                                          DocumentStore& store, Compute& storage);

}  // namespace jackdaw::server
