#include "store/verification.h"

#include <map>
#include <set>
#include <system_error>
#include <utility>

#include "core/error.h"
#include "store/answer_rows.h"
#include "store/content_check.h"
#include "store/content_rows.h"
#include "store/conversation_rows.h"
#include "store/document_rows.h"
#include "store/durable_file.h"
#include "store/file_hash.h"
#include "store/job_rows.h"
#include "store/meta.h"
#include "store/open_collection.h"
#include "store/scrubbing_vfs.h"

namespace jackdaw::store {
namespace {

using Kind = Finding::Kind;

constexpr std::int64_t kMaxDatabaseBytes = static_cast<std::int64_t>(kMaxPages) * static_cast<std::int64_t>(kPageBytes);
constexpr const char* kRestore = " Restore a backup with 'jackdaw restore'.";

const DocumentFailure kLost{
    .code = ErrorCode::kInternal, .message = "It was lost from the queue. Try it again.", .page = 0};

// What one file of originals/ must be.
struct Expectation {
  std::string what;  // "'report.pdf' (id)"
  std::uint64_t bytes = 0;
};

class Verification {
 public:
  Verification(Database database, const std::filesystem::path& data_dir, const VerifyOptions& options)
      : database_(std::move(database)), data_dir_(data_dir), originals_(data_dir), options_(options) {}

  std::vector<Finding> run() {
    try {
      if (is_sound()) check_all();
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kInternal) throw;
      report(Kind::kDatabaseDamaged, error.what() + std::string(kRestore));
    }
    return std::move(findings_);
  }

 private:
  void check_all() {
    check_originals();
    check_documents();
    check_leftovers("spool");
    check_leftovers("backups");
    check_answers();
    check_conversations();
    check_answers_of_messages();
    check_index();
    // What repairs deleted must not stay in the log.
    if (changed_) database_.checkpoint_truncate();
  }

  void progress(std::string_view stage, std::int64_t done, std::int64_t all) const {
    options_.cancellation.throw_if_requested();
    if (options_.on_progress) options_.on_progress({.stage = stage, .done = done, .all = all});
  }

  void report(Kind kind, const std::string& sentence) {
    findings_.push_back({.kind = kind, .sentence = sentence, .repairable = false, .repaired = false});
  }
  template <class Repair>
  void report_repairable(Kind kind, const std::string& sentence, Repair repair) {
    if (options_.repair) repair();
    findings_.push_back({.kind = kind, .sentence = sentence, .repairable = true, .repaired = options_.repair});
  }
  template <class Change>
  void in_transaction(Change change) {
    Transaction transaction(database_, Transaction::Kind::kWrite);
    change();
    transaction.commit();
    changed_ = true;
  }

  bool is_sound() {
    progress("database", 0, 1);
    Statement verdict = database_.prepare("PRAGMA integrity_check(20)");
    while (verdict.step()) {
      if (verdict.text(0) != "ok") {
        report(Kind::kDatabaseDamaged, "The database is damaged: " + std::string(verdict.text(0)) + "." + kRestore);
      }
    }
    Statement orphans = database_.prepare("PRAGMA foreign_key_check");
    while (orphans.step()) {
      report(Kind::kDatabaseDamaged, "The database is damaged: row " + std::to_string(orphans.integer(1)) +
                                         " of the table " + std::string(orphans.text(0)) + " belongs to no row of " +
                                         std::string(orphans.text(2)) + "." + kRestore);
    }
    progress("database", 1, 1);
    return findings_.empty();
  }

  // By sha256; documents and jobs.
  std::map<std::string, Expectation> expected_originals() {
    std::map<std::string, Expectation> expected;
    Statement rows = database_.prepare(
        "SELECT sha256, filename, id, bytes FROM documents UNION ALL SELECT jobs.sha256, jobs.filename, documents.id, "
        "jobs.bytes FROM jobs JOIN documents ON documents.number = jobs.document");
    while (rows.step()) {
      expected.emplace(rows.text(0),
                       Expectation{.what = "'" + std::string(rows.text(1)) + "' (" + std::string(rows.text(2)) + ")",
                                   .bytes = static_cast<std::uint64_t>(rows.integer(3))});
    }
    return expected;
  }

  void check_originals() {
    const auto expected = expected_originals();
    std::int64_t done = 0;
    for (const auto& [sha256, each] : expected) {
      progress("originals", done++, static_cast<std::int64_t>(expected.size()));
      check_original(sha256, each);
    }
    const auto is_named = [&](const std::string& sha256) { return expected.contains(sha256); };
    for (const std::string& sha256 : originals_.unreferenced(is_named)) {
      report_repairable(Kind::kOriginalUnreferenced, "No document names the original " + sha256 + ".",
                        [&] { originals_.remove(sha256); });
    }
    progress("originals", done, done);
  }

  void check_original(const std::string& sha256, const Expectation& expected) {
    const std::string advice = " Replace the document by the same file from elsewhere, delete it, or restore a backup.";
    std::error_code missing;
    const auto path = originals_.path_of(sha256);
    const std::uintmax_t bytes = std::filesystem::file_size(path, missing);
    if (!missing && bytes == expected.bytes && has_hash(path, sha256)) return;
    bad_originals_.insert(sha256);
    if (missing) {
      report(Kind::kOriginalMissing, "The original of " + expected.what + " is missing." + advice);
    } else {
      report(Kind::kOriginalDamaged, "The original of " + expected.what + " is damaged: its bytes changed." + advice);
    }
  }

  bool has_hash(const std::filesystem::path& path, const std::string& sha256) const {
    try {
      return sha256_of_file(path, options_.cancellation) == sha256;
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kNotFound) return false;  // it cannot be read to its end
      throw;
    }
  }

  void check_documents() {
    const std::int64_t all = database_.integer("SELECT count(*) FROM documents");
    std::int64_t done = 0;
    std::int64_t after = 0;
    for (;; ++done) {
      progress("documents", done, all);
      const auto found = select_documents(database_, {.limit = 1}, after, 1);
      if (found.empty()) return;
      after = found[0].number;
      check_job(found[0]);
      check_contents(found[0]);
    }
  }

  static std::string name_of(const NumberedDocument& each) {
    return "'" + each.document.filename + "' (" + each.document.id.value + ")";
  }

  void check_job(const NumberedDocument& each) {
    if (each.document.status == DocumentStatus::kReady) return;
    const auto job = select_job_of(database_, each.number);
    if (!job) {
      report_repairable(Kind::kJobMissing, name_of(each) + " waits to be read, but stands in no queue.",
                        [&] { in_transaction([&] { make_failed(each); }); });
    } else if (job->state != each.document.status || job->version.sha256 != each.document.sha256) {
      report_repairable(Kind::kJobInconsistent, name_of(each) + " says something else of its reading than the queue.",
                        [&] { in_transaction([&] { follow_job(each, *job); }); });
    }
  }

  void make_failed(const NumberedDocument& each) {
    insert_job(database_, each.number, own_version(each), false, each.document.created_at);
    end_job(database_, select_job_of(database_, each.number).value(), DocumentStatus::kFailed, &kLost);
  }

  void follow_job(const NumberedDocument& each, const JobRow& job) {
    database_.prepare("UPDATE documents SET sha256 = ?2, bytes = ?3 WHERE number = ?1")
        .run(each.number, job.version.sha256, job.version.bytes);
    if (job.state != DocumentStatus::kReady) {
      set_status(database_, each.number, job.state);
    } else {
      end_job(database_, job, DocumentStatus::kFailed, &kLost);
    }
  }

  static NewVersion own_version(const NumberedDocument& each) {
    return {.sha256 = each.document.sha256,
            .filename = each.document.filename,
            .bytes = each.document.bytes,
            .title = {},
            .tags = {},
            .source = {}};
  }

  void check_contents(const NumberedDocument& each) {
    const bool ready = each.document.status == DocumentStatus::kReady;
    std::optional<std::string> fault = find_fault_of_contents(database_, each.number, dimensions_);
    Statement count = database_.prepare("SELECT count(*) FROM chunks WHERE document = ?1");
    count.bind(each.number).step();
    const std::int64_t chunks = count.integer(0);
    if (!fault && !ready && chunks > 0) fault = "it has text, though it was never read";
    if (fault) {
      report_contents(each, *fault);
    } else if (chunks != each.document.chunks) {
      report_repairable(Kind::kCountWrong,
                        name_of(each) + " has " + std::to_string(chunks) + " chunks, not " +
                            std::to_string(each.document.chunks) + ".",
                        [&] { in_transaction([&] { write_count(each.number, chunks); }); });
    }
  }

  void write_count(std::int64_t document, std::int64_t chunks) {
    database_.prepare("UPDATE documents SET chunks = ?2 WHERE number = ?1").run(document, chunks);
  }

  void report_contents(const NumberedDocument& each, const std::string& fault) {
    const std::string sentence = "The text of " + name_of(each) + " is damaged: " + fault + ".";
    if (each.document.replacement) {
      report(Kind::kContentsInconsistent, sentence + " Its replacement mends it, once that was read.");
    } else if (bad_originals_.contains(each.document.sha256)) {
      report(Kind::kContentsInconsistent, sentence + " Its original is gone too: delete it and upload it again.");
    } else {
      report_repairable(Kind::kContentsInconsistent, sentence, [&] { in_transaction([&] { read_again(each); }); });
    }
  }

  void read_again(const NumberedDocument& each) {
    delete_contents(database_, each.number);
    database_.prepare("UPDATE documents SET chunks = 0, pages = 0 WHERE number = ?1").run(each.number);
    if (each.document.status != DocumentStatus::kReady) return;
    insert_job(database_, each.number, own_version(each), false, each.document.created_at);
    set_status(database_, each.number, DocumentStatus::kQueued);
    renew_index_stamp(database_);
  }

  void check_leftovers(const std::string& folder) {
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator(data_dir_ / folder, none)) {
      report_repairable(Kind::kLeftover, "'" + entry.path().string() + "' was left behind by a process that ended.",
                        [&] { std::filesystem::remove_all(entry.path()); });
    }
  }

  void check_answers() {
    std::vector<AnswerId> ids;
    Statement rows = database_.prepare("SELECT id FROM answers");
    while (rows.step()) ids.push_back({std::string(rows.text(0))});
    for (std::size_t i = 0; i < ids.size(); ++i) {
      progress("answers", static_cast<std::int64_t>(i), static_cast<std::int64_t>(ids.size()));
      try {
        select_answer(database_, ids[i]);
      } catch (const Error& error) {
        report(Kind::kAnswerDamaged, error.what());
      }
    }
  }

  void check_conversations() {
    std::vector<ConversationId> ids;
    Statement rows = database_.prepare("SELECT id FROM conversations");
    while (rows.step()) ids.push_back({std::string(rows.text(0))});
    for (std::size_t i = 0; i < ids.size(); ++i) {
      progress("conversations", static_cast<std::int64_t>(i), static_cast<std::int64_t>(ids.size()));
      check_conversation(select_conversation(database_, ids[i]).value());
    }
    progress("conversations", static_cast<std::int64_t>(ids.size()), static_cast<std::int64_t>(ids.size()));
  }

  void check_conversation(const ConversationRow& row) {
    std::int64_t messages = 0;
    try {
      messages = static_cast<std::int64_t>(select_messages(database_, row).size());
    } catch (const Error& error) {
      return report(Kind::kConversationDamaged, error.what());
    }
    if (messages == row.conversation.messages) return;
    report_repairable(
        Kind::kCountWrong,
        "The conversation '" + row.conversation.id.value + "' has " + std::to_string(messages) + " messages, not " +
            std::to_string(row.conversation.messages) + ".",
        [&] {
          in_transaction([&] {
            database_.prepare("UPDATE conversations SET messages = ?2 WHERE number = ?1").run(row.number, messages);
          });
        });
  }

  void check_answers_of_messages() {
    Statement rows = database_.prepare(
        "SELECT answers.number, answers.id, messages.number FROM answers "
        "LEFT JOIN messages ON messages.answer = answers.id WHERE answers.message IS NOT messages.number");
    std::vector<std::pair<std::int64_t, std::int64_t>> links;
    while (rows.step()) {
      links.emplace_back(rows.integer(0), rows.integer(2));
      report_repairable(Kind::kConversationInconsistent,
                        "The answer '" + std::string(rows.text(1)) + "' does not stand in the message that names it.",
                        [] {});
    }
    if (links.empty() || !options_.repair) return;
    in_transaction([&] {
      // First none of them has a message: two may have each other's.
      for (const auto& [answer, message] : links) {
        database_.prepare("UPDATE answers SET message = NULL WHERE number = ?1").run(answer);
      }
      Statement link = database_.prepare("UPDATE answers SET message = nullif(?2, 0) WHERE number = ?1");
      for (const auto& [answer, message] : links) link.run(answer, message);
    });
  }

  void check_index() {
    progress("index", 0, 1);
    if (!options_.check_index) return;
    const auto fault = options_.check_index(read_meta(database_, kMetaIndexStamp));
    if (!fault) return;
    report_repairable(Kind::kIndexStale, *fault, [&] {
      if (options_.delete_index) options_.delete_index();
    });
  }

  Database database_;
  const std::filesystem::path& data_dir_;
  Originals originals_;
  const VerifyOptions& options_;
  std::vector<Finding> findings_;
  std::set<std::string, std::less<>> bad_originals_;
  std::size_t dimensions_ = 0;
  bool changed_ = false;
};

}  // namespace

std::vector<Finding> verify(const std::filesystem::path& data_dir, const VerifyOptions& options) {
  if (!std::filesystem::exists(database_path(data_dir))) {
    throw Error(ErrorCode::kNotFound, "There is no collection in '" + data_dir.string() +
                                          "'. Name its folder with "
                                          "--data.");
  }
  std::optional<Database> database;
  try {
    database = open_writer(data_dir, kMaxDatabaseBytes, "");
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kInternal) throw;
    return {{.kind = Kind::kDatabaseDamaged, .sentence = error.what() + std::string(kRestore)}};
  }
  return Verification(std::move(*database), data_dir, options).run();
}

}  // namespace jackdaw::store
