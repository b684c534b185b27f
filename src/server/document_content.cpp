#include "server/document_content.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "http/content_disposition.h"
#include "http/header_value.h"
#include "server/error_response.h"
#include "store/durable_file.h"

namespace jackdaw::server {
namespace {

// What one download holds in memory.
constexpr std::size_t kPieceBytes = 64 * 1024;

struct OpenOriginal {
  Document document;
  store::FileDescriptor file;
  std::uint64_t bytes = 0;
};

Error no_such_document(const DocumentId& id) {
  return {ErrorCode::kNotFound, "There is no document " + id.value + ". GET /v1/documents lists them."};
}

Error unreadable(const Document& document) {
  return {ErrorCode::kInternal,
          "The original of \"" + document.filename + "\" cannot be read from the disk. 'jackdaw verify' says more."};
}

// The file and the description of one version, although the document may be replaced at any moment.
OpenOriginal open_original(DocumentStore& store, const DocumentId& id) {
  constexpr int kAttempts = 10;
  std::optional<Document> document = store.find(id);
  for (int attempt = 0; attempt < kAttempts && document; ++attempt) {
    const auto path = store.original_of(id);
    if (!path) break;
    store::FileDescriptor file(::open(path->c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    const int failure = errno;
    std::optional<Document> now = store.find(id);
    if (file.get() >= 0 && now && now->sha256 == document->sha256) {
      struct stat status{};
      if (::fstat(file.get(), &status) != 0) throw unreadable(*document);
      return {std::move(*now), std::move(file), static_cast<std::uint64_t>(status.st_size)};
    }
    if (file.get() < 0 && failure != ENOENT) throw unreadable(*document);
    document = std::move(now);
  }
  if (document) throw unreadable(*document);
  throw no_such_document(id);
}

std::size_t read_piece(const OpenOriginal& original, std::uint64_t offset, std::span<char> into) {
  for (;;) {
    const ssize_t got = ::pread(original.file.get(), into.data(), into.size(), static_cast<off_t>(offset));
    if (got > 0) return static_cast<std::size_t>(got);
    if (got == 0 || errno != EINTR) throw unreadable(original.document);
  }
}

std::string quoted(const std::string& sha256) {
  return "\"" + sha256 + "\"";
}

http::Headers headers_of(const OpenOriginal& original) {
  const Document& document = original.document;
  const bool is_pdf = document.media_type == "application/pdf";
  http::Headers headers;
  headers.set("Content-Type", document.media_type.empty() ? "application/octet-stream" : document.media_type);
  headers.set("Content-Disposition",
              http::format_content_disposition(is_pdf ? "inline" : "attachment", document.filename));
  headers.set("ETag", quoted(document.sha256));
  headers.set("Accept-Ranges", "bytes");
  headers.set("Cache-Control", "private, no-cache");
  headers.set("X-Content-Type-Options", "nosniff");
  headers.set("Content-Security-Policy", "sandbox; default-src 'none'");
  headers.set("Cross-Origin-Resource-Policy", "same-origin");
  return headers;
}

http::Response not_modified(const OpenOriginal& original) {
  http::Response response{.status = 304, .headers = headers_of(original), .body = {}};
  for (const char* name : {"Content-Type", "Content-Disposition"}) response.headers.remove(name);
  return response;
}

http::Response not_satisfiable(const OpenOriginal& original, const http::Request& request) {
  const std::string size = std::to_string(original.bytes);
  http::Response response = render_error(
      Error(ErrorCode::kRangeNotSatisfiable, "The file has " + size + " bytes, and none of them is in that range."),
      &request);
  response.headers.set("Content-Range", "bytes */" + size);
  return response;
}

WantedRange wanted_range(const http::Request& request, const OpenOriginal& original) {
  const auto range = request.headers.find("Range");
  if (!range || request.method != "GET") return {};
  const auto condition = request.headers.find("If-Range");
  // A date is never that of this version: only the tag tells versions apart.
  if (condition && http::trim_blanks(*condition) != quoted(original.document.sha256)) return {};
  return parse_range(*range, original.bytes);
}

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure == std::errc::result_out_of_range) return UINT64_MAX;  // beyond every file, but well formed
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

WantedRange parse_range(std::string_view field, std::uint64_t size) {
  const std::string_view all = http::trim_blanks(field);
  const std::size_t equals = all.find('=');
  if (equals == std::string_view::npos || http::to_lower_ascii(all.substr(0, equals)) != "bytes") return {};
  const std::string_view spec = http::trim_blanks(all.substr(equals + 1));
  const std::size_t dash = spec.find('-');
  if (dash == std::string_view::npos || spec.find(',') != std::string_view::npos) return {};
  const std::string_view first_text = spec.substr(0, dash);
  const std::string_view last_text = spec.substr(dash + 1);
  if (first_text.empty()) {
    const auto suffix = number_in(last_text);
    if (!suffix) return {};
    const std::uint64_t bytes = std::min(*suffix, size);
    if (bytes == 0) return {WantedRange::Kind::kNone};
    return {WantedRange::Kind::kPart, {size - bytes, bytes}};
  }
  const auto first = number_in(first_text);
  const auto last = last_text.empty() ? std::optional<std::uint64_t>(UINT64_MAX) : number_in(last_text);
  if (!first || !last || *last < *first) return {};
  if (*first >= size) return {WantedRange::Kind::kNone};
  return {WantedRange::Kind::kPart, {*first, std::min(*last, size - 1) - *first + 1}};
}

bool names_etag(std::string_view field, std::string_view etag) {
  while (!field.empty()) {
    const std::size_t comma = field.find(',');
    std::string_view tag = http::trim_blanks(field.substr(0, comma));
    if (tag == "*") return true;
    if (tag.starts_with("W/")) tag.remove_prefix(2);
    if (tag == etag) return true;
    field.remove_prefix(comma == std::string_view::npos ? field.size() : comma + 1);
  }
  return false;
}

boost::asio::awaitable<void> send_content(http::Request& request, http::ResponseWriter& writer, DocumentId id,
                                          DocumentStore& store, Compute& storage) {
  const OpenOriginal original =
      co_await storage.run(Lane::kInteractive, request.cancellation, [&] { return open_original(store, id); });
  if (names_etag(request.headers.get("If-None-Match"), quoted(original.document.sha256))) {
    http::Response response = not_modified(original);
    co_await writer.send(std::move(response));
    co_return;
  }
  const WantedRange wanted = wanted_range(request, original);
  if (wanted.kind == WantedRange::Kind::kNone) {
    http::Response response = not_satisfiable(original, request);
    co_await writer.send(std::move(response));
    co_return;
  }
  const bool whole = wanted.kind == WantedRange::Kind::kWhole;
  const ByteRange part = whole ? ByteRange{0, original.bytes} : wanted.part;
  http::Headers headers = headers_of(original);
  if (!whole) {
    headers.set("Content-Range", "bytes " + std::to_string(part.first) + "-" +
                                     std::to_string(part.first + part.bytes - 1) + "/" +
                                     std::to_string(original.bytes));
  }
  co_await writer.begin_sized(whole ? 200 : 206, std::move(headers), part.bytes);
  const std::uint64_t end = request.method == "HEAD" ? part.first : part.first + part.bytes;
  std::vector<char> buffer(std::min<std::uint64_t>(kPieceBytes, part.bytes));
  for (std::uint64_t at = part.first; at < end;) {
    const auto into = std::span(buffer).first(std::min<std::uint64_t>(buffer.size(), end - at));
    const std::size_t got =
        co_await storage.run(Lane::kInteractive, request.cancellation, [&] { return read_piece(original, at, into); });
    co_await writer.write({buffer.data(), got});
    at += got;
  }
  co_await writer.end_stream();
}

}  // namespace jackdaw::server
