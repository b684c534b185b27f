#include "server/file_ingest.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include "extract/media_type.h"
#include "store/durable_file.h"
#include "store/file_hash.h"

namespace jackdaw::server {
namespace {

constexpr int kOverloadedTries = 60;
constexpr std::chrono::seconds kOverloadedWait{2};

// What the next file would meet too.
bool concerns_all(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUnauthenticated:
    case ErrorCode::kPermissionDenied:
    case ErrorCode::kForbiddenHost:
    case ErrorCode::kForbiddenOrigin:
    case ErrorCode::kShuttingDown:
    case ErrorCode::kStarting:
    case ErrorCode::kUnavailable:
    case ErrorCode::kStorageFull: return true;
    default: return false;
  }
}

std::string first_bytes(const std::filesystem::path& path) {
  const store::FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  std::array<char, extract::kMediaTypeBytes> bytes{};
  std::size_t filled = 0;
  while (file.is_open() && filled < bytes.size()) {
    const ssize_t size = ::read(file.get(), bytes.data() + filled, bytes.size() - filled);
    if (size < 0 && errno == EINTR) continue;
    if (size == 0) return {bytes.data(), filled};
    if (size < 0) break;
    filled += static_cast<std::size_t>(size);
  }
  if (filled == bytes.size()) return {bytes.data(), filled};
  throw Error(ErrorCode::kNotFound, "'" + path.string() + "' cannot be read: " + std::system_category().message(errno) +
                                        ". Check the permissions.");
}

void refuse_other_kinds(const std::filesystem::path& path) {
  const extract::MediaType type = extract::detect_media_type(first_bytes(path));
  if (extract::parser_of(type)) return;
  throw Error(ErrorCode::kUnsupportedMediaType,
              "This is " + std::string(extract::describe(type)) + ", which holds no text that can be read.");
}

// Others fill the queue too; it empties.
template <class Call>
auto when_there_is_room(const Cancellation& cancellation, const Call& call) {
  for (int tries = 1;; ++tries) {
    try {
      return call();
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kOverloaded || tries == kOverloadedTries) throw;
      const std::chrono::milliseconds wait = error.retry_after().value_or(kOverloadedWait);
      pollfd cancelled{.fd = cancellation.event_fd(), .events = POLLIN, .revents = 0};
      poll(&cancelled, 1, static_cast<int>(wait.count()));
      cancellation.throw_if_requested();
    }
  }
}

bool can_be_retried(DocumentStatus status) {
  return status == DocumentStatus::kFailed || status == DocumentStatus::kCancelled;
}

// The work of one file through the door.
class FileIngest {
 public:
  FileIngest(Door& door, const FoundFile& file, const FileIngestOptions& options, const Door::OnProgress& on_progress,
             const Cancellation& cancellation)
      : door_(door), file_(file), options_(options), on_progress_(on_progress), cancellation_(cancellation) {}

  IngestOutcome run(std::optional<Document>& document) {
    const std::string source = source_of(file_.path);
    const std::string sha256 = store::sha256_of_file(file_.path, cancellation_);
    const std::optional<Document> known = door_.find_by_source(source);
    if (!known) return add(source, document);
    if (known->replacement && known->replacement->sha256 == sha256) {
      follow(known->id, known->replacement->status, document);
      return IngestOutcome::kReplaced;
    }
    if (known->sha256 != sha256 || known->replacement) return replace(source, *known, sha256, document);
    document = known;
    if (known->status == DocumentStatus::kReady) return IngestOutcome::kUnchanged;
    follow(known->id, known->status, document);
    return IngestOutcome::kIndexed;
  }

 private:
  IngestOutcome add(const std::string& source, std::optional<Document>& document) {
    const Accepted accepted = submit(source, std::nullopt);
    document = accepted.document;
    if (accepted.document.status == DocumentStatus::kReady) return IngestOutcome::kUnchanged;
    try {
      follow(accepted.document.id, accepted.document.status, document);
    } catch (const Error& error) {
      // A kind that is not read is no document that failed: nothing of it is kept.
      if (error.code() == ErrorCode::kUnsupportedMediaType && !accepted.already_known) {
        door_.remove(accepted.document.id);
      }
      throw;
    }
    return accepted.already_known ? IngestOutcome::kUnchanged : IngestOutcome::kIndexed;
  }

  IngestOutcome replace(const std::string& source, const Document& known, const std::string& sha256,
                        std::optional<Document>& document) {
    const Accepted accepted = submit(source, known.id);
    document = accepted.document;
    // Its own bytes again: what was about to replace them is dropped.
    const bool is_back = accepted.already_known && !accepted.document.replacement && known.sha256 == sha256;
    if (is_back && accepted.document.status == DocumentStatus::kReady) return IngestOutcome::kUnchanged;
    const auto& replacement = accepted.document.replacement;
    follow(known.id, replacement ? replacement->status : accepted.document.status, document);
    return IngestOutcome::kReplaced;
  }

  Accepted submit(const std::string& source, const std::optional<DocumentId>& replaces) {
    const FileToSubmit submitted{.path = file_.path,
                                 .source = source,
                                 .tags = options_.tags,
                                 .password = options_.password,
                                 .keep_partial = options_.keep_partial,
                                 .replaces = replaces};
    return when_there_is_room(cancellation_, [&] { return door_.submit(submitted); });
  }

  // Until what was handed in is there; throws why it is not.
  void follow(const DocumentId& id, DocumentStatus status, std::optional<Document>& document) {
    if (can_be_retried(status)) {
      when_there_is_room(cancellation_, [&] { return door_.retry(id, options_.password); });
    }
    document = door_.follow(id, on_progress_);
    const auto& replacement = document->replacement;
    const DocumentStatus end = replacement ? replacement->status : document->status;
    const auto& failure = replacement ? replacement->failure : document->failure;
    if (end == DocumentStatus::kReady) return;
    if (end == DocumentStatus::kFailed && failure) throw Error(failure->code, failure->message);
    throw Error(ErrorCode::kCancelled,
                "Reading it was cancelled. 'jackdaw documents --retry " + id.value + "' reads it after all.");
  }

  Door& door_;
  const FoundFile& file_;
  const FileIngestOptions& options_;
  const Door::OnProgress& on_progress_;
  const Cancellation& cancellation_;
};

template <class Work>
IngestedFile with_outcome(const FoundFile& file, const Cancellation& cancellation, const Work& work) {
  IngestedFile result{.path = file.path, .outcome = IngestOutcome::kFailed, .document = {}, .error = {}};
  try {
    if (file.failure) throw Error(*file.failure);
    refuse_other_kinds(file.path);
    result.outcome = work(result.document);
  } catch (const Error& error) {
    cancellation.throw_if_requested();
    if (concerns_all(error.code())) throw;
    const bool skipped = error.code() == ErrorCode::kUnsupportedMediaType && !file.named;
    result.outcome = skipped ? IngestOutcome::kSkipped : IngestOutcome::kFailed;
    result.error = error;
  }
  return result;
}

}  // namespace

IngestedFile ingest_file(Door& door, const FoundFile& file, const FileIngestOptions& options,
                         const Door::OnProgress& on_progress, const Cancellation& cancellation) {
  return with_outcome(file, cancellation, [&](std::optional<Document>& document) {
    return FileIngest(door, file, options, on_progress, cancellation).run(document);
  });
}

IngestedFile foresee_file(Door* door, const FoundFile& file, const Cancellation& cancellation) {
  return with_outcome(file, cancellation, [&](std::optional<Document>& document) {
    const std::string sha256 = store::sha256_of_file(file.path, cancellation);
    if (door != nullptr) document = door->find_by_source(source_of(file.path));
    if (!document) return IngestOutcome::kIndexed;
    const bool same = document->sha256 == sha256 && !document->replacement;
    if (same && document->status == DocumentStatus::kReady) return IngestOutcome::kUnchanged;
    return document->sha256 == sha256 && !document->replacement ? IngestOutcome::kIndexed : IngestOutcome::kReplaced;
  });
}

}  // namespace jackdaw::server
