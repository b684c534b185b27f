#pragma once

#include <algorithm>
#include <filesystem>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "core/cancellation.h"
#include "store/file_hash.h"
#include "store/open_collection.h"
#include "store/originals.h"
#include "store/sqlite.h"
#include "tests/support/document_store_samples.h"

namespace jackdaw::store {

// Everything that the tables hold, a line for each row. Two collections with equal lines are the same to every reader.
// The stamp of an index of nothing says nothing, and is left out.
inline std::string all_rows(Database& database) {
  const bool empty = database.integer("SELECT count(*) FROM documents") == 0;
  std::vector<std::string> tables;
  Statement names = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name");
  while (names.step()) tables.emplace_back(names.text(0));
  std::ostringstream rows;
  for (const std::string& table : tables) {
    std::string columns;
    Statement column = database.prepare("SELECT name FROM pragma_table_info(?1)");
    column.bind(std::string_view(table));
    while (column.step()) {
      columns += (columns.empty() ? "quote(" : " || '|' || quote(") + std::string(column.text(0)) + ")";
    }
    Statement row = database.prepare("SELECT " + columns + " FROM " + table + " ORDER BY 1");
    while (row.step()) {
      if (empty && row.text(0).starts_with("'index_stamp'")) continue;
      rows << table << ": " << row.text(0) << "\n";
    }
  }
  return rows.str();
}

inline std::string all_rows(const std::filesystem::path& data_dir) {
  Database database(database_path(data_dir), Database::Access::kReadOnly);
  return all_rows(database);
}

// The first line in which they differ.
inline std::string difference(const std::string& expected, const std::string& found) {
  std::istringstream left(expected);
  std::istringstream right(found);
  const auto next = [](std::istringstream& from) {
    std::string line;
    return std::getline(from, line) ? line.substr(0, 200) : std::string("(nothing)");
  };
  std::string a;
  std::string b;
  do {
    a = next(left);
    b = next(right);
  } while (a == b && a != "(nothing)");
  return "expected " + a + ", found " + b;
}

inline std::vector<std::filesystem::path> files_below(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  if (!std::filesystem::exists(folder)) return files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  return files;
}

// What is wrong with a folder that a store has opened and closed: a sentence for each finding.
inline std::vector<std::string> damages_of(const std::filesystem::path& data_dir) {
  std::vector<std::string> found;
  Database database(database_path(data_dir), Database::Access::kReadOnly);
  Statement integrity = database.prepare("PRAGMA integrity_check");
  while (integrity.step()) {
    if (integrity.text(0) != "ok") found.push_back("integrity_check: " + std::string(integrity.text(0)));
  }
  if (database.prepare("PRAGMA foreign_key_check").step()) found.emplace_back("a row refers to none");
  std::set<std::string> named;
  Statement hashes = database.prepare("SELECT sha256 FROM documents UNION SELECT sha256 FROM jobs");
  while (hashes.step()) named.emplace(hashes.text(0));
  for (const std::filesystem::path& file : files_below(data_dir / "originals")) {
    const std::string name = file.filename();
    if (named.erase(name) == 0) found.push_back("no row names the original " + name);
    if (sha256_of_file(file, Cancellation()) != name) found.push_back("the original " + name + " has other bytes");
  }
  for (const std::string& each : named) found.push_back("the original " + each + " is missing");
  if (!files_below(data_dir / "spool").empty()) found.emplace_back("the spool is not empty");
  return found;
}

}  // namespace jackdaw::store
