#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/chunk.h"
#include "core/document.h"
#include "core/embedding.h"
#include "core/ids.h"

namespace jackdaw {

// A file that somebody wants in the collection.
struct NewUpload {
  IncomingFile file;
  std::string title{};                   // empty: the file's own
  std::vector<std::string> tags{};       // clean_tags() was applied
  std::string source{};                  // absolute path; empty: none
  bool keep_partial = false;             // ExtractionRequest::keep_partial
  std::optional<DocumentId> replaces{};  // nothing: a new document, unless the bytes are known
};

// One file that has to be read. A document has at most one.
struct Job {
  std::int64_t number = 0;  // ascending in the order of the queue, never reused
  DocumentId document;
  std::filesystem::path original;
  std::string filename;
  std::string sha256;
  std::uint64_t bytes = 0;
  bool keep_partial = false;
  bool replaces = false;  // a version of the document is ready and answers meanwhile
  int attempts = 0;       // how often reading it was begun, this time included
};

struct Accepted {
  Document document;
  bool already_known = false;  // the same bytes are there already, in whatever state: nothing was done
};

// What reading a file gave; everything that must survive.
struct ReadDocument {
  std::string media_type;
  std::string title;  // the file's own; one that the person gave wins
  int pages = 0;      // ExtractionSummary::pages
  std::vector<int> pages_without_text;
  std::optional<DocumentFailure> failure;  // it is there in part
  std::vector<Page> contents;
  std::vector<Chunk> chunks;
  std::vector<Embedding> embeddings;  // one per chunk
};

// The durable queue of files to read: what was accepted is read in the end, whatever happens to the process. Durable
// and safe from any thread as DocumentStore, of which it is the way in.
class JobStore {
 public:
  virtual ~JobStore() = default;

  // Takes over the spool file as an original, then notes document and job in one transaction. When it throws or says
  // already_known the spool file is still the caller's. A replacement takes the place of the document's job, if it has
  // one; one whose bytes are the document's own is already_known and drops that job. Throws kNotFound when there is
  // nothing to replace, kConflict when the new bytes are another document's, or when they are those of a document that
  // is being replaced (retryable), kStorageFull.
  virtual Accepted accept(const NewUpload& upload) = 0;

  // The waiting job with the lowest number above `after`; counts the attempt.
  virtual std::optional<Job> begin_next(std::int64_t after) = 0;
  virtual std::size_t waiting_jobs() = 0;

  // The job is done, in one transaction: what was read takes the place of whatever the document had, the document is
  // ready, the job is gone; an original that was replaced is deleted and nothing of the old text is left in the files
  // when it returns. Returns the ids of the chunks, in order; nothing, and nothing changed, when there is no such job
  // any more: cancelled, removed, replaced by another.
  virtual std::optional<std::vector<ChunkId>> complete(std::int64_t job, const ReadDocument& read) = 0;

  // The job ends without a result and waits for a retry(); false when there is no such waiting job. A document that was
  // never ready gets that status; one that is ready stays so.
  virtual bool fail(std::int64_t job, const DocumentFailure& failure) = 0;
  virtual bool cancel(std::int64_t job) = 0;
  // The attempt was none: the program ends.
  virtual void put_back(std::int64_t job) = 0;

  // A failed or cancelled job waits again, behind all others and with no attempts. Throws kNotFound for an unknown
  // document, kConflict when nothing of it failed or was cancelled.
  virtual Document retry(const DocumentId& document) = 0;
  // The number of the document's waiting job.
  virtual std::optional<std::int64_t> waiting_job_of(const DocumentId& document) = 0;

  // Pages that took OCR are kept until the job is done, so that another attempt need not read them again.
  virtual void keep_page(std::int64_t job, const Page& page) = 0;
  virtual std::optional<Page> kept_page(std::int64_t job, int number) = 0;
};

}  // namespace jackdaw
