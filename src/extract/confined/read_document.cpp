#include "extract/confined/read_document.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "extract/confined/charset.h"
#include "extract/confined/clean_text.h"
#include "extract/confined/csv.h"
#include "extract/confined/docx.h"
#include "extract/confined/epub.h"
#include "extract/confined/html.h"
#include "extract/confined/json_text.h"
#include "extract/confined/mail.h"
#include "extract/confined/markdown.h"
#include "extract/confined/office_package.h"
#include "extract/confined/opendocument.h"
#include "extract/confined/plain_text.h"
#include "extract/confined/pptx.h"
#include "extract/confined/xlsx.h"
#include "extract/confined/zip_archive.h"
#include "extract/media_type.h"

namespace jackdaw::extract {
namespace {

using namespace std::string_view_literals;
using protocol::FailureReason;

[[noreturn]] void refuse(std::string_view what) {
  throw Refusal(FailureReason::kUnsupported, std::string(what));
}

ParsedText read_office(ZipArchive& archive, const OfficeMain& main, const ReadLimits& limits) {
  switch (main.kind) {
    case OfficeKind::kWord: return read_docx(archive, main.part, limits);
    case OfficeKind::kPowerPoint: return read_pptx(archive, main.part, limits);
    case OfficeKind::kExcel: return read_xlsx(archive, main.part, limits);
    case OfficeKind::kOther: break;
  }
  if (lower_ascii(main.content_type).find("excel.sheet.binary") != std::string::npos) {
    refuse("an Excel workbook in the binary format (XLSB)");
  }
  refuse("a Microsoft Office file that is no document, presentation or workbook");
}

ParsedText read_archive(std::string_view bytes, const ReadLimits& limits) {
  ZipArchive archive(bytes, limits);
  if (const std::optional<std::string> entry = archive.read("mimetype")) {
    const std::string_view mime = trim_ascii(*entry);
    if (mime == "application/epub+zip") return read_epub(archive, limits);
    constexpr std::string_view kFamily = "application/vnd.oasis.opendocument.";
    if (mime.starts_with(kFamily)) {
      const std::string_view kind = mime.substr(kFamily.size());
      for (const std::string_view known : {"text"sv, "presentation"sv, "spreadsheet"sv}) {
        if (kind.starts_with(known)) return read_opendocument(archive, limits);
      }
      refuse("an OpenDocument file without text");
    }
  }
  if (const std::optional<OfficeMain> main = find_office_main(archive)) return read_office(archive, *main, limits);
  if (archive.contains("META-INF/container.xml")) return read_epub(archive, limits);
  refuse("a ZIP archive without a document in it");
}

// The old container also holds new documents that are encrypted.
[[noreturn]] void refuse_legacy(std::string_view bytes) {
  constexpr std::string_view kStream = "E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e\0"sv;
  if (bytes.find(kStream) != std::string_view::npos) throw Refusal(FailureReason::kPassword);
  refuse("a Microsoft Office document in the format of before 2007");
}

// A part of a page, without the frame that makes it one for sure.
bool looks_like_html(std::string_view utf8) {
  std::string_view rest = utf8.substr(0, 4096);
  for (;;) {
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t\r\n\f"), rest.size()));
    if (!rest.starts_with("<!--")) break;
    const std::size_t end = rest.find("-->");
    if (end == std::string_view::npos) return false;
    rest.remove_prefix(end + 3);
  }
  constexpr std::array kStarts = {"<!doctype html"sv, "<html"sv, "<head"sv, "<body"sv,    "<title"sv,  "<meta"sv,
                                  "<div"sv,           "<p>"sv,   "<p "sv,   "<h1"sv,      "<h2"sv,     "<table"sv,
                                  "<ul>"sv,           "<span"sv, "<main"sv, "<article"sv, "<section"sv};
  const std::string start = lower_ascii(rest.substr(0, 16));
  return std::ranges::any_of(kStarts, [&](std::string_view known) { return start.starts_with(known); });
}

bool is_binary(std::string_view utf8) {
  const std::string_view look = utf8.substr(0, std::size_t{1} << 20);
  const auto controls = std::ranges::count_if(look, [](char c) {
    return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != '\x1b';
  });
  return static_cast<std::size_t>(controls) * 20 > look.size();
}

ParsedText read_text(std::string_view bytes, const ReadLimits& limits) {
  if (looks_like_mail(bytes)) return read_mail(bytes, limits);
  const std::string utf8 = to_utf8(bytes);
  if (is_binary(utf8)) refuse(describe(MediaType::kUnknown));
  if (looks_like_html(utf8)) return read_html(bytes, limits);
  if (std::optional<ParsedText> json = read_json(utf8, limits)) return std::move(*json);
  const bool markdown = looks_like_markdown(utf8);
  if (const std::optional<char> delimiter = csv_delimiter(utf8); delimiter && !(markdown && *delimiter == '|')) {
    return read_csv(utf8, *delimiter, limits);
  }
  return markdown ? read_markdown(utf8, limits) : read_plain_text(utf8, limits);
}

ParsedText read_as(MediaType type, std::string_view bytes, const ReadLimits& limits) {
  switch (type) {
    case MediaType::kZip:
    case MediaType::kOfficeOpenXml:
    case MediaType::kOpenDocument:
    case MediaType::kEpub: return read_archive(bytes, limits);
    case MediaType::kLegacyOffice: refuse_legacy(bytes);
    case MediaType::kHtml: return read_html(bytes, limits);
    case MediaType::kPlainText: return read_text(bytes, limits);
    default: refuse(describe(type));
  }
}

}  // namespace

ParsedText read_document(std::string_view bytes, const ReadLimits& limits) {
  const MediaType type = detect_media_type(bytes);
  try {
    return read_as(type, bytes, limits);
  } catch (const Refusal& refusal) {
    if (refusal.reason() != FailureReason::kFormat) throw;
    throw Refusal(FailureReason::kFormat, std::string(describe(type)));
  }
}

}  // namespace jackdaw::extract
