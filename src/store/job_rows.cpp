#include "store/job_rows.h"

#include <string_view>

#include "store/box_codec.h"
#include "store/content_rows.h"
#include "store/list_codec.h"
#include "store/wall_time_column.h"

namespace jackdaw::store {
namespace {

const std::string kJobQuery =
    "SELECT jobs.number, jobs.document, documents.id, jobs.sha256, jobs.filename, jobs.bytes, jobs.title, jobs.tags, "
    "jobs.source, jobs.keep_partial, jobs.state, jobs.attempts, documents.status, documents.sha256 "
    "FROM jobs JOIN documents ON documents.number = jobs.document ";

template <class... Values>
std::optional<JobRow> select_one(Database& database, const std::string& condition, const Values&... values) {
  Statement row = database.prepare(kJobQuery + condition);
  if (!row.bind(values...).step()) return std::nullopt;
  return JobRow{.number = row.integer(0),
                .document = row.integer(1),
                .document_id = {std::string(row.text(2))},
                .version = {.sha256 = std::string(row.text(3)),
                            .filename = std::string(row.text(4)),
                            .bytes = static_cast<std::uint64_t>(row.integer(5)),
                            .title = std::string(row.text(6)),
                            .tags = decode_texts(row.blob(7)),
                            .source = std::string(row.text(8))},
                .keep_partial = row.integer(9) != 0,
                .state = to_status(row.integer(10)),
                .attempts = static_cast<int>(row.integer(11)),
                .replaces = to_status(row.integer(12)) == DocumentStatus::kReady,
                .document_sha256 = std::string(row.text(13))};
}

}  // namespace

void insert_job(Database& database, std::int64_t document, const NewVersion& version, bool keep_partial, WallTime now) {
  database
      .prepare(
          "INSERT INTO jobs(document, sha256, filename, bytes, title, tags, source, keep_partial, state, failure_code, "
          "failure_message, failure_page, attempts, created_ns) "
          "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, '', '', 0, 0, ?10)")
      .run(document, version.sha256, version.filename, version.bytes, version.title, Blob(encode_texts(version.tags)),
           version.source, keep_partial, to_column(DocumentStatus::kQueued), to_column(now));
}

void delete_job(Database& database, std::int64_t document) {
  database.prepare("DELETE FROM jobs WHERE document = ?1").run(document);
}

std::optional<JobRow> select_waiting(Database& database, std::int64_t number) {
  return select_one(database, "WHERE jobs.number = ?1 AND jobs.state = ?2", number, to_column(DocumentStatus::kQueued));
}

std::optional<JobRow> select_next_waiting(Database& database, std::int64_t after) {
  return select_one(database, "WHERE jobs.state = ?2 AND jobs.number > ?1 ORDER BY jobs.number LIMIT 1", after,
                    to_column(DocumentStatus::kQueued));
}

std::optional<JobRow> select_job_of(Database& database, std::int64_t document) {
  return select_one(database, "WHERE jobs.document = ?1", document);
}

void count_attempt(Database& database, std::int64_t number, int difference) {
  database.prepare("UPDATE jobs SET attempts = max(0, attempts + ?2) WHERE number = ?1").run(number, difference);
}

void end_job(Database& database, const JobRow& job, DocumentStatus state, const DocumentFailure* failure) {
  database
      .prepare(
          "UPDATE jobs SET state = ?2, failure_code = ?3, failure_message = ?4, failure_page = ?5 WHERE number = ?1")
      .run(job.number, to_column(state), failure != nullptr ? to_string(failure->code) : std::string_view(),
           failure != nullptr ? failure->message : std::string(), failure != nullptr ? failure->page : 0);
  if (!job.replaces) set_status(database, job.document, state);
}

void requeue_job(Database& database, const JobRow& job) {
  // What AUTOINCREMENT gives to a new row; it does not notice rows whose number is changed.
  database.execute("UPDATE sqlite_sequence SET seq = seq + 1 WHERE name = 'jobs'");
  database
      .prepare(
          "UPDATE jobs SET number = (SELECT seq FROM sqlite_sequence WHERE name = 'jobs'), state = ?2, "
          "failure_code = '', failure_message = '', failure_page = 0, attempts = 0 WHERE number = ?1")
      .run(job.number, to_column(DocumentStatus::kQueued));
  if (!job.replaces) set_status(database, job.document, DocumentStatus::kQueued);
}

void write_kept_page(Database& database, const JobRow& job, const Page& page) {
  database
      .prepare(
          "INSERT INTO job_pages(document, number, label, width, height, text, words) "
          "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT(document, number) DO UPDATE SET label = ?3, width = ?4, "
          "height = ?5, text = ?6, words = ?7")
      .run(job.document, page.number, page.label, page.width, page.height, page.text, Blob(encode_words(page.words)));
}

std::optional<Page> select_kept_page(Database& database, std::int64_t job, int number) {
  Statement row = database.prepare(
      "SELECT label, width, height, text, words FROM job_pages "
      "WHERE document = (SELECT document FROM jobs WHERE number = ?1 AND state = ?3) AND number = ?2");
  if (!row.bind(job, number, to_column(DocumentStatus::kQueued)).step()) return std::nullopt;
  Page page = read_page(row, number);
  page.recognized = true;
  return page;
}

}  // namespace jackdaw::store
