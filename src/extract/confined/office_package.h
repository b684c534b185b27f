#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "extract/confined/zip_archive.h"

namespace jackdaw::extract {

// What DOCX, PPTX and XLSX have in common: parts in a ZIP archive that are linked by relationships (ECMA-376, part 2).
enum class OfficeKind { kWord, kPowerPoint, kExcel, kOther };

struct OfficeMain {
  OfficeKind kind = OfficeKind::kOther;
  std::string part;  // "word/document.xml"
  std::string content_type;
};

// By [Content_Types].xml, wherever it stands in the archive; nothing when the archive is no such package.
std::optional<OfficeMain> find_office_main(ZipArchive& archive);

struct OfficeLink {
  std::string id;
  std::string type;    // the last word of its address, which the strict variant of the format has too: "slide"
  std::string target;  // a part; for links out of the package empty
};

// Of one part, in the order of the file; none when it has none.
std::vector<OfficeLink> office_links(ZipArchive& archive, std::string_view part);
// The targets of one type.
const OfficeLink* find_link(const std::vector<OfficeLink>& links, std::string_view type);
const OfficeLink* find_link_by_id(const std::vector<OfficeLink>& links, std::string_view id);

// From docProps/core.xml; empty when there is none.
std::string office_title(ZipArchive& archive);

// "1", "true" and "on" of the attribute `local`; what is absent is false.
bool is_on(std::string_view value) noexcept;

// A whole number that stands alone, 0 when there is none.
long office_number(std::string_view text) noexcept;

}  // namespace jackdaw::extract
