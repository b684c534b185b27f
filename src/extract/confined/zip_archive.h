#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "extract/confined/parsed_text.h"

struct zip;

namespace jackdaw::extract {

// Makes the time of entries need no file of time zones. Once a process, before the sandbox closes.
void prepare_archives();

// The entries of a ZIP archive in memory. Borrows the bytes, which must outlive it; one thread. Names are compared
// without case. Counts what it decodes: throws Refusal with kArchive beyond ReadLimits, with kPassword for an encrypted
// entry and with kFormat for a damaged one.
class ZipArchive {
 public:
  ZipArchive(std::string_view bytes, const ReadLimits& limits);

  bool contains(std::string_view name) const;
  // The whole entry; of several with one name the last, as office programs do.
  std::optional<std::string> read(std::string_view name);
  // As read(), but what is missing makes the document damaged.
  std::string require(std::string_view name);

 private:
  struct Close {
    void operator()(zip* archive) const;
  };

  ReadLimits limits_;
  std::unique_ptr<zip, Close> archive_;
  std::size_t decoded_bytes_ = 0;
};

// "ppt/slides/slide1.xml" and "../notesSlides/n1.xml" give "ppt/notesSlides/n1.xml": a link in an entry, as the name of
// the entry that it leads to. Query and fragment go, %20 and the like are decoded.
std::string resolve_link(std::string_view from_entry, std::string_view link);

}  // namespace jackdaw::extract
