#include "server/document_upload.h"

#include <algorithm>
#include <utility>

#include "core/document_store.h"
#include "core/text.h"
#include "http/content_disposition.h"
#include "http/header_value.h"
#include "http/multipart.h"
#include "store/filename.h"

namespace jackdaw::server {
namespace {

// What one file holds of an upload in memory.
constexpr std::size_t kUploadBuffer = 128 * 1024;
// Uploads that may come in at once; each may fill spool files of its own.
constexpr std::size_t kMaxReceiving = 64;
constexpr std::size_t kMaxFieldBytes = 8 * 1024;
constexpr std::size_t kMaxSourceBytes = 4096;  // PATH_MAX

std::string megabytes(std::uint64_t bytes) {
  constexpr std::uint64_t kMega = 1 << 20;
  return bytes % kMega == 0 ? std::to_string(bytes / kMega) + " MiB" : std::to_string(bytes) + " bytes";
}

Error file_too_large(std::uint64_t limit_bytes) {
  return {ErrorCode::kTooLarge, "The file is larger than " + megabytes(limit_bytes) +
                                    ", the most that is taken. Split it, or raise JACKDAW_MAX_UPLOAD_BYTES."};
}

// One file and the words around it, as often as there may be files.
std::uint64_t max_request_bytes(const Config& config) {
  constexpr std::uint64_t kAround = 64 * 1024;
  return (config.max_upload_bytes + kAround) * config.max_upload_files;
}

Error request_too_large(const Config& config) {
  return {ErrorCode::kTooLarge, "The upload is larger than " + std::to_string(config.max_upload_files) + " files of " +
                                    megabytes(config.max_upload_bytes) + " can be. Send it in parts."};
}

Error invalid(std::string_view field, const std::string& why) {
  Error error(ErrorCode::kInvalidArgument, why);
  error.with_field(std::string(field));
  return error;
}

// Counts one upload for as long as it lives.
class Counted {
 public:
  explicit Counted(std::size_t& count) : count_(count) {
    if (count_ >= kMaxReceiving) {
      throw Error(ErrorCode::kOverloaded, "Too many uploads are coming in already. Try again in a moment.")
          .with_retry_after(std::chrono::seconds(5));
    }
    ++count_;
  }
  ~Counted() { --count_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  std::size_t& count_;
};

std::string clean_source(std::string_view source) {
  if (source.empty()) return {};
  if (source.front() != '/' || source.size() > kMaxSourceBytes || source.find('\0') != std::string_view::npos ||
      !text::is_valid_utf8(source)) {
    throw invalid("source", "source must be an absolute path in UTF-8, of at most 4096 bytes.");
  }
  return std::string(source);
}

// As they were said, before all of them are known.
struct RawFields {
  std::vector<std::pair<std::string, std::string>> values;

  static bool has(std::string_view name) {
    return name == "title" || name == "tags" || name == "password" || name == "source" || name == "partial";
  }

  std::string one(std::string_view name) const {
    const auto is_it = [&](const auto& value) { return value.first == name; };
    const auto found = std::find_if(values.begin(), values.end(), is_it);
    if (found == values.end()) return {};
    if (std::find_if(found + 1, values.end(), is_it) != values.end()) {
      throw invalid(name, "The field " + std::string(name) + " is there more than once.");
    }
    return found->second;
  }

  // Each value is one tag or several, separated by commas.
  std::vector<std::string> tags() const {
    std::vector<std::string> all;
    for (const auto& [name, value] : values) {
      if (name != "tags") continue;
      std::string_view rest = value;
      while (!rest.empty()) {
        const std::size_t comma = rest.find(',');
        const std::string_view tag = text::trim(rest.substr(0, comma));
        if (!tag.empty()) all.emplace_back(tag);
        rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
      }
    }
    return clean_tags(all);
  }

  UploadFields check(std::size_t files) const {
    UploadFields fields;
    fields.title = clean_title(one("title"));
    fields.tags = tags();
    fields.password = one("password");
    fields.source = clean_source(one("source"));
    const std::string partial = one("partial");
    fields.partial = !partial.empty() && parse_boolean("partial", partial);
    if (files > 1 && !fields.title.empty()) throw invalid("title", "One title cannot be that of several files.");
    if (files > 1 && !fields.source.empty()) throw invalid("source", "One source cannot be that of several files.");
    return fields;
  }
};

boost::asio::awaitable<std::string> read_field(http::MultipartReader& parts, std::string name) {
  std::string value;
  std::vector<char> buffer(1024);
  while (const std::size_t got = co_await parts.read_some(buffer)) {
    value.append(buffer.data(), got);
    if (value.size() > kMaxFieldBytes) {
      throw Error(ErrorCode::kTooLarge, "The field " + name + " is longer than 8 KiB.").with_field(name);
    }
  }
  co_return value;
}

std::string filename_of(const http::Request& request) {
  const auto disposition = http::parse_content_disposition(request.headers.get("Content-Disposition"));
  if (disposition && disposition->filename) return *disposition->filename;
  return std::string(request.query_value("filename").value_or(""));
}

RawFields fields_of_query(const http::Request& request) {
  RawFields fields;
  for (const auto& [name, value] : request.query) {
    if (name == "password") {
      throw invalid("password",
                    "A password does not belong into an address, which is logged on its way. Send it as the field "
                    "\"password\" of multipart/form-data.");
    }
    if (RawFields::has(name)) fields.values.emplace_back(name, value);
  }
  return fields;
}

}  // namespace

bool parse_boolean(std::string_view field, std::string_view value) {
  if (value == "true" || value == "1") return true;
  if (value == "false" || value == "0") return false;
  throw invalid(field, std::string(field) + " must be true or false.");
}

std::string clean_title(std::string_view title) {
  if (!text::is_valid_utf8(title)) throw invalid("title", "The title is not valid UTF-8.");
  const std::string_view trimmed = text::trim(title);
  if (text::count_code_points(trimmed) > kMaxTitleCharacters) {
    throw invalid("title", "The title is longer than " + std::to_string(kMaxTitleCharacters) + " characters.");
  }
  const auto decoded = text::decode(trimmed);
  if (std::any_of(decoded.begin(), decoded.end(),
                  [](const auto& c) { return c.value < 0x20 || text::is_control(c.value); })) {
    throw invalid("title", "The title holds a control character. Leave that out.");
  }
  return std::string(trimmed);
}

NewUpload to_new_upload(const IncomingFile& file, const UploadFields& fields, std::optional<DocumentId> replaces) {
  NewUpload upload;
  upload.file = file;
  upload.title = fields.title;
  upload.tags = fields.tags;
  upload.source = fields.source;
  upload.keep_partial = fields.partial;
  upload.replaces = std::move(replaces);
  return upload;
}

boost::asio::awaitable<ReceivedFile> UploadReceiver::receive_file(Source source, std::string filename,
                                                                  Cancellation cancellation) {
  const std::uint64_t limit = config_.max_upload_bytes;
  ReceivedFile received;
  received.filename = store::clean_filename(filename);
  received.spool.emplace(
      co_await storage_.run(Lane::kInteractive, cancellation, [this] { return store::Spool(config_.data_dir); }));
  std::vector<char> buffer(kUploadBuffer);
  for (;;) {
    std::size_t filled = 0;
    while (filled < buffer.size()) {
      const std::size_t got = co_await source(std::span(buffer).subspan(filled));
      if (got == 0) break;
      filled += got;
    }
    if (filled == 0) break;
    if (received.error) continue;  // read on to the next file
    if (received.spool->bytes() + filled > limit) {
      received.error = file_too_large(limit);
      received.spool.reset();
      continue;
    }
    co_await storage_.run(Lane::kInteractive, cancellation,
                          [&] { received.spool->append(std::as_bytes(std::span(buffer).first(filled))); });
  }
  if (!received.error) received.file = received.spool->finish(filename);
  co_return received;
}

boost::asio::awaitable<ReceivedUpload> UploadReceiver::receive_form(http::Request& request) {
  if (request.content_length.value_or(0) > max_request_bytes(config_)) throw request_too_large(config_);
  const Counted counted(receiving_);
  std::uint64_t read = 0;
  const auto source = [&](std::span<char> into) -> boost::asio::awaitable<std::size_t> {
    const std::size_t got = co_await request.read_some(into);
    read += got;
    if (read > max_request_bytes(config_)) throw request_too_large(config_);
    co_return got;
  };
  const http::MultipartLimits limits{.max_part_head_bytes = 8 * 1024, .max_parts = config_.max_upload_files + 128};
  http::MultipartReader parts(http::multipart_boundary(request.headers.get("Content-Type")), source, limits);
  const Source part_bytes = [&](std::span<char> into) { return parts.read_some(into); };
  ReceivedUpload upload;
  RawFields fields;
  while (auto part = co_await parts.next_part()) {
    if (RawFields::has(part->name)) {
      std::string value = co_await read_field(parts, part->name);
      fields.values.emplace_back(part->name, std::move(value));
      continue;
    }
    if (part->name != "file" || !part->filename) continue;
    if (upload.files.size() == config_.max_upload_files) {
      throw Error(ErrorCode::kTooLarge, "One upload may hold at most " + std::to_string(config_.max_upload_files) +
                                            " files. Send the rest in another.");
    }
    upload.files.push_back(co_await receive_file(part_bytes, *part->filename, request.cancellation));
  }
  if (upload.files.empty()) {
    throw invalid("file",
                  "The upload holds no file. Send multipart/form-data with the field \"file\", as curl -F file=@NAME "
                  "does.");
  }
  upload.fields = fields.check(upload.files.size());
  co_return upload;
}

boost::asio::awaitable<ReceivedUpload> UploadReceiver::receive_bytes(http::Request& request) {
  if (request.content_length.value_or(0) > config_.max_upload_bytes) throw file_too_large(config_.max_upload_bytes);
  const Counted counted(receiving_);
  ReceivedUpload upload;
  upload.fields = fields_of_query(request).check(1);
  const Source bytes = [&](std::span<char> into) { return request.read_some(into); };
  upload.files.push_back(co_await receive_file(bytes, filename_of(request), request.cancellation));
  ReceivedFile& received = upload.files.front();
  if (!received.error && received.file.bytes == 0) {
    throw invalid("file",
                  "The body is empty. Send the bytes of the file, or multipart/form-data with the field "
                  "\"file\".");
  }
  co_return upload;
}

boost::asio::awaitable<ReceivedUpload> UploadReceiver::receive(http::Request& request) {
  const bool is_form = http::media_type_of(request.headers.get("Content-Type")).starts_with("multipart/");
  if (is_form) return receive_form(request);
  return receive_bytes(request);
}

}  // namespace jackdaw::server
