#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/document.h"
#include "core/error.h"

namespace boost::json {
class object;
}  // namespace boost::json

namespace jackdaw::server {

// What became of a file; in a dry run, what would.
enum class IngestOutcome {
  kIndexed,    // a new document
  kReplaced,   // its document has the new bytes
  kUnchanged,  // its bytes were known
  kSkipped,    // no document, and nobody said that it is one
  kFailed,
};

struct IngestedFile {
  std::filesystem::path path;
  IngestOutcome outcome = IngestOutcome::kFailed;
  std::optional<Document> document{};  // where there is one
  std::optional<Error> error{};        // kSkipped, kFailed: why
};

// What a run of `jackdaw ingest` did, file by file in the order in which they were expected; of a file that came more
// than once (--watch) the last outcome counts. Used by one thread.
class IngestReport {
 public:
  explicit IngestReport(bool dry_run) : dry_run_(dry_run) {}

  void expect(const std::filesystem::path& path);
  void add(IngestedFile file);

  std::size_t count(IngestOutcome outcome) const;
  // Expected, but never reached.
  std::size_t count_missing() const;
  const IngestedFile* find(const std::filesystem::path& path) const;

  // The coverage: a count for each outcome, then the skipped ones (the first `max_skipped`) and all that failed.
  std::vector<std::string> table(std::size_t max_skipped = 50) const;
  // {"documents": [...], "summary": {...}}
  boost::json::object to_json() const;
  int exit_code() const;

  // One file in one line: "report.pdf: ready, 5 pages, 12 passages".
  std::string line(const IngestedFile& file) const;

 private:
  struct Row {
    std::filesystem::path path;
    std::optional<IngestedFile> file{};
  };

  Row& row(const std::filesystem::path& path);
  std::string_view word(IngestOutcome outcome) const;
  boost::json::object to_json(const IngestedFile& file) const;
  void list(IngestOutcome outcome, std::string_view title, std::size_t most, std::vector<std::string>& lines) const;

  const bool dry_run_;
  std::vector<Row> rows_;
  std::unordered_map<std::string, std::size_t> places_;  // by path, in rows_
};

// The path as text that every door takes: bytes that are not UTF-8 are written as %XX.
std::string source_of(const std::filesystem::path& path);

}  // namespace jackdaw::server
