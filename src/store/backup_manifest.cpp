#include "store/backup_manifest.h"

#include <algorithm>
#include <charconv>

#include "core/error.h"
#include "store/wall_time_column.h"

namespace jackdaw::store {
namespace {

constexpr std::string_view kFirstLine = "jackdaw backup 1\n";

[[noreturn]] void refuse() {
  throw Error(ErrorCode::kInvalidArgument,
              "The backup's manifest is not one that this program understands: it is damaged, or of a newer version.");
}

// Takes "<name> <value>\n" off the front of the text.
std::string_view take(std::string_view& text, std::string_view name) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos || !text.starts_with(name) || text.size() <= name.size() ||
      text[name.size()] != ' ' || end <= name.size()) {
    refuse();
  }
  const std::string_view value = text.substr(name.size() + 1, end - name.size() - 1);
  text.remove_prefix(end + 1);
  return value;
}

std::int64_t take_number(std::string_view& text, std::string_view name) {
  const std::string_view value = take(text, name);
  std::int64_t number = 0;
  const auto parsed = std::from_chars(value.data(), value.data() + value.size(), number);
  if (parsed.ec != std::errc{} || parsed.ptr != value.data() + value.size() || number < 0) refuse();
  return number;
}

std::string take_sha256(std::string_view& text, std::string_view name) {
  const std::string_view value = take(text, name);
  const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (value.size() != 64 || !std::all_of(value.begin(), value.end(), is_digit)) refuse();
  return std::string(value);
}

std::string line(std::string_view name, const std::string& value) {
  return std::string(name) + ' ' + value + '\n';
}

}  // namespace

std::string format_manifest(const BackupManifest& manifest) {
  return std::string(kFirstLine) + line("format", std::to_string(manifest.format)) +
         line("made_at_ns", std::to_string(to_column(manifest.made_at))) +
         line("documents", std::to_string(manifest.documents)) +
         line("database_bytes", std::to_string(manifest.database_bytes)) +
         line("database_sha256", manifest.database_sha256) + line("originals", std::to_string(manifest.originals)) +
         line("originals_bytes", std::to_string(manifest.originals_bytes)) +
         line("originals_sha256", manifest.originals_sha256);
}

BackupManifest parse_manifest(std::string_view text) {
  const std::string_view whole = text;
  if (!text.starts_with(kFirstLine)) refuse();
  text.remove_prefix(kFirstLine.size());
  BackupManifest manifest;
  manifest.format = take_number(text, "format");
  manifest.made_at = to_wall_time(take_number(text, "made_at_ns"));
  manifest.documents = take_number(text, "documents");
  manifest.database_bytes = static_cast<std::uint64_t>(take_number(text, "database_bytes"));
  manifest.database_sha256 = take_sha256(text, "database_sha256");
  manifest.originals = take_number(text, "originals");
  manifest.originals_bytes = static_cast<std::uint64_t>(take_number(text, "originals_bytes"));
  manifest.originals_sha256 = take_sha256(text, "originals_sha256");
  if (format_manifest(manifest) != whole) refuse();  // leading zeros, more lines
  return manifest;
}

}  // namespace jackdaw::store
