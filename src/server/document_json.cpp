#include "server/document_json.h"

#include <boost/json.hpp>

#include <utility>

#include "core/clock.h"
#include "core/text.h"
#include "server/json.h"

namespace jackdaw::server {
namespace {

namespace json = boost::json;
using Stage = JobProgress::Stage;

json::value known(int number) {
  return number > 0 ? json::value(number) : json::value(nullptr);
}

bool is_being_read(const std::optional<JobProgress>& progress) noexcept {
  return progress && progress->stage > Stage::kQueued && !progress->is_last();
}

// Between the store's commit and the index's publication the store says "ready" of what nobody can find yet.
Document as_it_answers(Document document, const std::optional<JobProgress>& progress) {
  if (document.status != DocumentStatus::kReady || document.replacement) return document;
  if (!progress || progress->stage != Stage::kStoring) return document;
  if (progress->replaces) {
    document.replacement = Replacement{.status = DocumentStatus::kQueued,
                                       .filename = document.filename,
                                       .sha256 = document.sha256,
                                       .bytes = document.bytes,
                                       .failure = {}};
  } else {
    document.status = DocumentStatus::kQueued;
  }
  return document;
}

json::object replacement_to_json(const Replacement& replacement, const std::optional<JobProgress>& progress) {
  json::object out{{"status", status_of(replacement.status, progress)},
                   {"filename", replacement.filename},
                   {"bytes", replacement.bytes},
                   {"sha256", replacement.sha256}};
  if (replacement.failure) out["error"] = to_json(*replacement.failure);
  if (is_being_read(progress)) out["progress"] = to_json(*progress);
  return out;
}

// Turns ascending offsets in bytes into offsets in code points.
class CodePointOffsets {
 public:
  explicit CodePointOffsets(std::string_view text) : text_(text) {}

  std::size_t at(std::uint32_t byte) {
    if (byte < byte_) byte_ = offset_ = 0;
    for (; byte_ < byte && byte_ < text_.size(); ++byte_) {
      const bool begins = (static_cast<unsigned char>(text_[byte_]) & 0xC0) != 0x80;
      if (begins) ++offset_;
    }
    return offset_;
  }

 private:
  std::string_view text_;
  std::size_t byte_ = 0;
  std::size_t offset_ = 0;  // code points that begin before byte_
};

}  // namespace

std::string_view status_of(DocumentStatus status, const std::optional<JobProgress>& progress) noexcept {
  switch (status) {
    case DocumentStatus::kReady: return "ready";
    case DocumentStatus::kFailed: return "failed";
    case DocumentStatus::kCancelled: return "cancelled";
    case DocumentStatus::kQueued: break;
  }
  if (!is_being_read(progress)) return "queued";
  return progress->stage == Stage::kExtracting ? "extracting" : "embedding";
}

json::object to_json(const DocumentFailure& failure) {
  return {{"code", to_string(failure.code)}, {"message", failure.message}, {"page", known(failure.page)}};
}

json::object to_json(const JobProgress& progress) {
  json::object out{{"page", progress.page},
                   {"pages", known(progress.pages)},
                   {"chunk", progress.chunk},
                   {"chunks", progress.chunks > 0 ? json::value(progress.chunks) : json::value(nullptr)}};
  if (progress.recognizing) out["recognizing"] = true;
  add_speed(out, progress.pages_per_s, progress.eta_s);
  return out;
}

json::object to_json(const Document& stored, const std::optional<JobProgress>& progress) {
  const Document document = as_it_answers(stored, progress);
  json::object out{{"document_id", document.id.value},
                   {"filename", document.filename},
                   {"title", document.title},
                   {"status", status_of(document.status, progress)},
                   {"pages", document.pages},
                   {"chunks", document.chunks},
                   {"bytes", document.bytes},
                   {"sha256", document.sha256},
                   {"media_type", document.media_type},
                   {"created_at", to_rfc3339(document.created_at)},
                   {"tags", json::array(document.tags.begin(), document.tags.end())}};
  if (!document.source.empty()) out["source"] = document.source;
  if (!document.pages_without_text.empty()) {
    out["pages_without_text"] = json::array(document.pages_without_text.begin(), document.pages_without_text.end());
  }
  if (document.failure) out["error"] = to_json(*document.failure);
  if (document.replacement) {
    out["replacement"] = replacement_to_json(*document.replacement, progress);
  } else if (document.status == DocumentStatus::kQueued && is_being_read(progress)) {
    out["progress"] = to_json(*progress);
  }
  return out;
}

json::object to_json(const DocumentPage& page, const ProgressOf& progress_of) {
  json::array documents;
  for (const Document& document : page.documents) {
    documents.push_back(to_json(document, progress_of ? progress_of(document.id) : std::nullopt));
  }
  return {{"documents", std::move(documents)}, {"next", cursor_to_json(page.next)}};
}

json::object to_json(const FileOutcome& outcome) {
  if (outcome.error) {
    return {{"filename", outcome.filename}, {"status", "failed"}, {"error", error_to_json(*outcome.error)}};
  }
  const Document& document = *outcome.document;
  json::object out{{"document_id", document.id.value},
                   {"filename", document.filename},
                   {"pages", document.pages},
                   {"chunks", document.chunks},
                   {"status", "ready"}};
  if (!document.pages_without_text.empty()) {
    out["pages_without_text"] = json::array(document.pages_without_text.begin(), document.pages_without_text.end());
  }
  if (document.failure) out["error"] = to_json(*document.failure);  // it is there in part
  return out;
}

json::object accepted_to_json(const FileOutcome& outcome, const ProgressOf& progress_of) {
  if (!outcome.document) return to_json(outcome);
  return to_json(*outcome.document, progress_of(outcome.document->id));
}

json::object to_json(const ChunkPage& page) {
  json::array chunks;
  for (const Passage& passage : page.passages) {
    json::object chunk{{"chunk_id", passage.chunk.value}};
    add_place(chunk, passage);
    chunk["text"] = passage.text;
    chunks.push_back(std::move(chunk));
  }
  return {{"chunks", std::move(chunks)}, {"next", cursor_to_json(page.next)}};
}

json::object page_to_json(const DocumentId& document, const Page& page, bool paged) {
  json::array words;
  CodePointOffsets offsets(page.text);
  for (const Word& word : page.words) {
    words.push_back(json::object{
        {"begin", offsets.at(word.begin)}, {"end", offsets.at(word.end)}, {"boxes", boxes_to_json(word.boxes)}});
  }
  json::object out{{"document_id", document.value}, {"page", paged ? json::value(page.number) : json::value(nullptr)}};
  if (!page.label.empty()) out["page_label"] = page.label;
  out["width"] = rounded(page.width);
  out["height"] = rounded(page.height);
  out["text"] = page.text;
  out["words"] = std::move(words);
  return out;
}

std::optional<Error> failure_of(const Document& document) {
  // What somebody waited for is the replacement, where there is one.
  const DocumentStatus status = document.replacement ? document.replacement->status : document.status;
  const auto& failure = document.replacement ? document.replacement->failure : document.failure;
  if (status == DocumentStatus::kCancelled) {
    return Error(ErrorCode::kCancelled, "Reading \"" + document.filename + "\" was cancelled.");
  }
  if (status != DocumentStatus::kFailed) return std::nullopt;
  if (!failure) return Error(ErrorCode::kInternal, "\"" + document.filename + "\" could not be read.");
  Error error(failure->code, failure->message);
  error.with_page(failure->page);
  return error;
}

}  // namespace jackdaw::server
