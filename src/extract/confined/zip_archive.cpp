#include "extract/confined/zip_archive.h"

#include <zip.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <new>
#include <vector>

namespace jackdaw::extract {
namespace {

using protocol::FailureReason;

// Below it a high ratio costs nothing.
constexpr std::size_t kSmallEntryBytes = std::size_t{1} << 20;
constexpr std::size_t kStepBytes = std::size_t{64} << 10;

[[noreturn]] void refuse(const zip_error_t* error) {
  if (zip_error_code_zip(error) == ZIP_ER_MEMORY) throw std::bad_alloc();
  throw Refusal(FailureReason::kFormat);
}

struct CloseFile {
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};

std::string megabytes(std::size_t bytes) {
  return std::to_string(bytes >> 20) + " MiB";
}

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string decode_percent(std::string_view link) {
  std::string out;
  for (std::size_t i = 0; i < link.size(); ++i) {
    if (link[i] == '%' && i + 2 < link.size() && hex(link[i + 1]) >= 0 && hex(link[i + 2]) >= 0) {
      out.push_back(static_cast<char>(hex(link[i + 1]) * 16 + hex(link[i + 2])));
      i += 2;
    } else {
      out.push_back(link[i]);
    }
  }
  return out;
}

}  // namespace

void prepare_archives() {
  setenv("TZ", "UTC0", 1);
  tzset();
}

void ZipArchive::Close::operator()(zip* archive) const {
  zip_discard(archive);
}

ZipArchive::ZipArchive(std::string_view bytes, const ReadLimits& limits) : limits_(limits) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
  if (source == nullptr) refuse(&error);
  archive_.reset(zip_open_from_source(source, ZIP_RDONLY, &error));
  if (archive_ == nullptr) {
    zip_source_free(source);
    refuse(&error);
  }
  const auto entries = static_cast<std::size_t>(std::max<zip_int64_t>(zip_get_num_entries(archive_.get(), 0), 0));
  if (entries > limits_.max_entries) {
    throw Refusal(FailureReason::kArchive, "it holds " + std::to_string(entries) + " files; at most " +
                                               std::to_string(limits_.max_entries) + " are allowed");
  }
}

bool ZipArchive::contains(std::string_view name) const {
  return zip_name_locate(archive_.get(), std::string(name).c_str(), ZIP_FL_NOCASE) >= 0;
}

std::optional<std::string> ZipArchive::read(std::string_view name) {
  const zip_int64_t index = zip_name_locate(archive_.get(), std::string(name).c_str(), ZIP_FL_NOCASE);
  if (index < 0) return std::nullopt;
  zip_stat_t about;
  if (zip_stat_index(archive_.get(), static_cast<zip_uint64_t>(index), 0, &about) != 0) {
    refuse(zip_get_error(archive_.get()));
  }
  if ((about.valid & ZIP_STAT_ENCRYPTION_METHOD) != 0 && about.encryption_method != ZIP_EM_NONE) {
    throw Refusal(FailureReason::kPassword);
  }
  if (about.comp_method != ZIP_CM_STORE && about.comp_method != ZIP_CM_DEFLATE) {
    throw Refusal(FailureReason::kFormat);
  }
  const std::unique_ptr<zip_file_t, CloseFile> file(
      zip_fopen_index(archive_.get(), static_cast<zip_uint64_t>(index), 0));
  if (file == nullptr) refuse(zip_get_error(archive_.get()));

  std::string out;
  std::vector<char> step(kStepBytes);
  for (;;) {
    const zip_int64_t got = zip_fread(file.get(), step.data(), step.size());
    if (got < 0) refuse(zip_file_get_error(file.get()));
    if (got == 0) return out;
    out.append(step.data(), static_cast<std::size_t>(got));
    decoded_bytes_ += static_cast<std::size_t>(got);
    if (decoded_bytes_ > limits_.max_decoded_bytes) {
      throw Refusal(FailureReason::kArchive, "it unpacks to more than " + megabytes(limits_.max_decoded_bytes));
    }
    if (out.size() > kSmallEntryBytes && out.size() / limits_.max_ratio > about.comp_size) {
      throw Refusal(FailureReason::kArchive,
                    "a part of it unpacks to more than " + std::to_string(limits_.max_ratio) + " times its size");
    }
  }
}

std::string ZipArchive::require(std::string_view name) {
  std::optional<std::string> bytes = read(name);
  if (!bytes) throw Refusal(FailureReason::kFormat);
  return std::move(*bytes);
}

std::string resolve_link(std::string_view from_entry, std::string_view link) {
  link = link.substr(0, link.find_first_of("?#"));
  const std::string target = decode_percent(link);
  std::vector<std::string_view> parts;
  const auto walk = [&](std::string_view path) {
    while (!path.empty()) {
      const std::size_t slash = std::min(path.find('/'), path.size());
      const std::string_view part = path.substr(0, slash);
      path.remove_prefix(std::min(slash + 1, path.size()));
      if (part == "..") {
        if (!parts.empty()) parts.pop_back();
      } else if (!part.empty() && part != ".") {
        parts.push_back(part);
      }
    }
  };
  if (!target.starts_with('/')) walk(from_entry.substr(0, from_entry.rfind('/') + 1));
  walk(target);
  std::string name;
  for (const std::string_view part : parts) name.append(name.empty() ? "" : "/").append(part);
  return name;
}

}  // namespace jackdaw::extract
