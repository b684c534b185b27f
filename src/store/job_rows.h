#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/job_store.h"
#include "store/document_rows.h"
#include "store/sqlite.h"

namespace jackdaw::store {

// Jobs as rows and back (docs/storage_format.md, "jobs"). Plain functions on one connection; the caller holds the
// transaction. Throw what Database throws.

struct JobRow {
  std::int64_t number = 0;
  std::int64_t document = 0;  // NumberedDocument::number
  DocumentId document_id;
  NewVersion version;  // what the document becomes; title, tags and source only when a version of it is ready
  bool keep_partial = false;
  DocumentStatus state = DocumentStatus::kQueued;
  int attempts = 0;
  bool replaces = false;  // a version of the document is ready
  std::string document_sha256;
};

// The job waits, behind all others. The document must have none.
void insert_job(Database& database, std::int64_t document, const NewVersion& version, bool keep_partial, WallTime now);
// With the pages that were kept for it.
void delete_job(Database& database, std::int64_t document);

std::optional<JobRow> select_waiting(Database& database, std::int64_t number);
std::optional<JobRow> select_next_waiting(Database& database, std::int64_t after);
std::optional<JobRow> select_job_of(Database& database, std::int64_t document);

void count_attempt(Database& database, std::int64_t number, int difference);
// The job, and a document that was never ready, get the state.
void end_job(Database& database, const JobRow& job, DocumentStatus state, const DocumentFailure* failure);
// The job waits again under a new number, the highest.
void requeue_job(Database& database, const JobRow& job);

void write_kept_page(Database& database, const JobRow& job, const Page& page);
std::optional<Page> select_kept_page(Database& database, std::int64_t job, int number);

}  // namespace jackdaw::store
