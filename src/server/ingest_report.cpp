#include "server/ingest_report.h"

#include <boost/json.hpp>

#include <algorithm>
#include <array>

#include "core/text.h"
#include "server/commands.h"
#include "server/json.h"
#include "server/terminal.h"

namespace jackdaw::server {
namespace {

namespace json = boost::json;

constexpr std::array kOutcomes = {IngestOutcome::kIndexed, IngestOutcome::kReplaced, IngestOutcome::kUnchanged,
                                  IngestOutcome::kSkipped, IngestOutcome::kFailed};

std::string name_of(const std::filesystem::path& path) {
  return harmless_name(path.native());
}

std::string why(const IngestedFile& file) {
  if (!file.error) return "";
  return harmless_name(file.error->what()) + " (" + std::string(to_string(file.error->code())) + ")";
}

std::string size_of(const Document& document) {
  const std::string passages = std::to_string(document.chunks) + " passages";
  return document.pages == 0 ? passages : std::to_string(document.pages) + " pages, " + passages;
}

}  // namespace

IngestReport::Row& IngestReport::row(const std::filesystem::path& path) {
  const auto [place, is_new] = places_.emplace(path.native(), rows_.size());
  if (is_new) rows_.push_back({.path = path});
  return rows_[place->second];
}

void IngestReport::expect(const std::filesystem::path& path) {
  row(path);
}

void IngestReport::add(IngestedFile file) {
  Row& place = row(file.path);
  place.file = std::move(file);
}

std::size_t IngestReport::count(IngestOutcome outcome) const {
  return static_cast<std::size_t>(std::count_if(
      rows_.begin(), rows_.end(), [outcome](const Row& row) { return row.file && row.file->outcome == outcome; }));
}

std::size_t IngestReport::count_missing() const {
  return static_cast<std::size_t>(std::count_if(rows_.begin(), rows_.end(), [](const Row& row) { return !row.file; }));
}

const IngestedFile* IngestReport::find(const std::filesystem::path& path) const {
  const auto place = places_.find(path.native());
  if (place == places_.end() || !rows_[place->second].file) return nullptr;
  return &*rows_[place->second].file;
}

std::string_view IngestReport::word(IngestOutcome outcome) const {
  switch (outcome) {
    case IngestOutcome::kIndexed: return dry_run_ ? "new" : "indexed";
    case IngestOutcome::kReplaced: return dry_run_ ? "replace" : "replaced";
    case IngestOutcome::kUnchanged: return "unchanged";
    case IngestOutcome::kSkipped: return "skipped";
    case IngestOutcome::kFailed: break;
  }
  return "failed";
}

std::string IngestReport::line(const IngestedFile& file) const {
  const std::string name = name_of(file.path);
  if (file.error || dry_run_)
    return name + ": " + std::string(word(file.outcome)) + (file.error ? ", " : "") + why(file);
  std::string text = name + ": ready";
  if (file.outcome != IngestOutcome::kIndexed) text += " (" + std::string(word(file.outcome)) + ")";
  if (file.document) text += ", " + size_of(*file.document);
  if (file.document && file.document->failure) text += ", in part: " + harmless_name(file.document->failure->message);
  return text;
}

void IngestReport::list(IngestOutcome outcome, std::string_view title, std::size_t most,
                        std::vector<std::string>& lines) const {
  const std::size_t all = count(outcome);
  if (all == 0) return;
  lines.emplace_back();
  lines.push_back(std::string(title) + ":");
  std::size_t shown = 0;
  for (const Row& row : rows_) {
    if (!row.file || row.file->outcome != outcome || shown == most) continue;
    lines.push_back("  " + name_of(row.path) + ": " + why(*row.file));
    ++shown;
  }
  if (shown < all) lines.push_back("  and " + std::to_string(all - shown) + " more");
}

std::vector<std::string> IngestReport::table(std::size_t max_skipped) const {
  std::vector<std::string> lines;
  const auto add = [&lines](std::string_view what, std::size_t number) {
    const std::string digits = std::to_string(number);
    std::string text(what);
    text.resize(std::max<std::size_t>(text.size() + 1, 12), ' ');
    lines.push_back(text + std::string(digits.size() < 6 ? 6 - digits.size() : 0, ' ') + digits);
  };
  for (const IngestOutcome outcome : kOutcomes) add(word(outcome), count(outcome));
  if (count_missing() > 0) add("not reached", count_missing());
  list(IngestOutcome::kSkipped, "Skipped", max_skipped, lines);
  list(IngestOutcome::kFailed, "Failed", rows_.size(), lines);
  return lines;
}

json::object IngestReport::to_json(const IngestedFile& file) const {
  json::object out{{"source", source_of(file.path)}, {"filename", text::sanitize(file.path.filename().native())}};
  if (file.document && !file.error) {
    out["document_id"] = file.document->id.value;
    out["filename"] = file.document->filename;
    out["pages"] = file.document->pages;
    out["chunks"] = file.document->chunks;
  }
  const bool ready = !file.error && (!dry_run_ || file.outcome == IngestOutcome::kUnchanged);
  if (ready) out["status"] = "ready";
  if (file.outcome == IngestOutcome::kFailed) out["status"] = "failed";
  if (file.outcome == IngestOutcome::kSkipped) out["status"] = "skipped";
  out["outcome"] = word(file.outcome);
  if (file.error) out["error"] = error_to_json(*file.error);
  if (ready && file.document && file.document->failure) {
    const DocumentFailure& failure = *file.document->failure;
    out["partial"] = json::object{{"code", to_string(failure.code)}, {"message", failure.message}};
    if (failure.page > 0) out["partial"].as_object()["page"] = failure.page;
  }
  return out;
}

json::object IngestReport::to_json() const {
  json::array documents;
  for (const Row& row : rows_) {
    if (row.file) documents.push_back(to_json(*row.file));
  }
  json::object summary{{"files", rows_.size()}};
  for (const IngestOutcome outcome : kOutcomes) summary[word(outcome)] = count(outcome);
  summary["not_reached"] = count_missing();
  return {{"documents", std::move(documents)}, {"summary", std::move(summary)}};
}

int IngestReport::exit_code() const {
  const std::size_t failed = count(IngestOutcome::kFailed) + count_missing();
  if (failed == 0) return kExitOk;
  const std::size_t skipped = count(IngestOutcome::kSkipped);
  return failed + skipped == rows_.size() ? kExitFailed : kExitIncomplete;
}

std::string source_of(const std::filesystem::path& path) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  const std::string& bytes = path.native();
  std::string out;
  for (const text::CodePoint& c : text::decode(bytes)) {
    const std::string_view written = std::string_view(bytes).substr(c.begin, c.end - c.begin);
    if (text::is_valid_utf8(written)) {
      out += written;
      continue;
    }
    for (const char byte : written) {
      const auto value = static_cast<unsigned char>(byte);
      out += {'%', kHex[value >> 4], kHex[value & 15]};
    }
  }
  return out;
}

}  // namespace jackdaw::server
