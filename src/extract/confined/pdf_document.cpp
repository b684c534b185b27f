#include "extract/confined/pdf_document.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <numbers>
#include <utility>
#include <vector>

#include "extract/confined/lines.h"
#include "extract/confined/page_text.h"
#include "extract/confined/pdf_outline.h"
#include "extract/confined/utf16_text.h"

namespace jackdaw::extract {
namespace {

struct ClosePage {
  void operator()(FPDF_PAGE page) const { FPDF_ClosePage(page); }
};
struct CloseText {
  void operator()(FPDF_TEXTPAGE text) const { FPDFText_ClosePage(text); }
};
using PageHandle = std::unique_ptr<fpdf_page_t__, ClosePage>;
using TextHandle = std::unique_ptr<fpdf_textpage_t__, CloseText>;

// Lists the characters of one page with their places.
class GlyphReader {
 public:
  explicit GlyphReader(FPDF_TEXTPAGE text) : text_(text) {}

  void read(int count, PageGlyphs& out) {
    out.glyphs.reserve(static_cast<std::size_t>(count));
    bool in_word = false;
    for (int i = 0; i < count; ++i) {
      Glyph glyph{.code = FPDFText_GetUnicode(text_, i)};
      if (glyph.code == kLineEndHyphen || is_space(glyph.code)) {
        in_word = false;
        // A space may be part of a right-to-left ligature, which is known by its box.
        if (glyph.code == ' ' && right_to_left_) set_box(i, glyph);
      } else {
        if (!in_word) out.styles.push_back(read_style(i, out.glyphs.size()));
        in_word = true;
        right_to_left_ = is_right_to_left(glyph.code);
        set_box(i, glyph);
      }
      out.glyphs.push_back(glyph);
    }
  }

 private:
  GlyphStyle read_style(int index, std::size_t first) {
    GlyphStyle style{.first = first};
    FS_MATRIX matrix{1, 0, 0, 1, 0, 0};
    FPDFText_GetMatrix(text_, index, &matrix);
    style.size = static_cast<float>(FPDFText_GetFontSize(text_, index)) * std::hypot(matrix.c, matrix.d);
    double x = 0;
    double y = 0;
    FPDFText_GetCharOrigin(text_, index, &x, &y);
    style.origin_x = static_cast<float>(x);
    style.origin_y = static_cast<float>(y);
    const float turns = std::atan2(matrix.b, matrix.a) / (std::numbers::pi_v<float> / 2);
    style.quarter = static_cast<int>(std::lround(turns)) & 3;
    upright_ = std::abs(matrix.b) < 0.01F * std::abs(matrix.a) && matrix.a > 0;
    return style;
  }

  void set_box(int index, Glyph& glyph) {
    FS_RECTF loose{};
    if (upright_ && FPDFText_GetLooseCharBox(text_, index, &loose) != 0 && loose.left < loose.right &&
        loose.bottom < loose.top) {
      glyph.left = loose.left;
      glyph.bottom = loose.bottom;
      glyph.right = loose.right;
      glyph.top = loose.top;
      return;
    }
    double left = 0;
    double right = 0;
    double bottom = 0;
    double top = 0;
    if (FPDFText_GetCharBox(text_, index, &left, &right, &bottom, &top) == 0) return;
    glyph.left = static_cast<float>(left);
    glyph.bottom = static_cast<float>(bottom);
    glyph.right = static_cast<float>(right);
    glyph.top = static_cast<float>(top);
  }

  FPDF_TEXTPAGE text_;
  bool upright_ = true;
  bool right_to_left_ = false;
};

float length(float from, float to) {
  const float difference = to - from;
  return std::isfinite(difference) && difference > 0 && difference <= protocol::kMaxCoordinate ? difference : 0;
}

void read_text(FPDF_PAGE handle, const FS_RECTF& box, std::size_t max_characters, PdfDocument::Reading& reading) {
  const TextHandle text(FPDFText_LoadPage(handle));
  const int count = text ? FPDFText_CountChars(text.get()) : 0;
  if (count <= 0) return;
  reading.characters = static_cast<std::size_t>(count);
  if (reading.characters > max_characters) return;
  PageGlyphs glyphs;
  glyphs.left = box.left;
  glyphs.top = box.top;
  GlyphReader(text.get()).read(count, glyphs);
  compose_text(std::move(glyphs), reading.page);
}

// Scanners put the picture on the page itself or into a form on it, some into a form within that.
class PictureCount {
 public:
  std::uint8_t of(FPDF_PAGE page) {
    const int objects = FPDFPage_CountObjects(page);
    for (int i = 0; i < objects && goes_on(); ++i) add(FPDFPage_GetObject(page, i), 0);
    return pictures_;
  }

 private:
  static constexpr int kMaxObjects = 10'000;
  static constexpr int kMaxDepth = 4;

  bool goes_on() const { return pictures_ < UINT8_MAX && visited_ < kMaxObjects; }

  void add(FPDF_PAGEOBJECT object, int depth) {
    ++visited_;
    if (object == nullptr) return;
    const int type = FPDFPageObj_GetType(object);
    if (type == FPDF_PAGEOBJ_IMAGE) ++pictures_;
    if (type != FPDF_PAGEOBJ_FORM || depth == kMaxDepth) return;
    const int objects = FPDFFormObj_CountObjects(object);
    for (int i = 0; i < objects && goes_on(); ++i) {
      add(FPDFFormObj_GetObject(object, static_cast<unsigned long>(i)), depth + 1);
    }
  }

  std::uint8_t pictures_ = 0;
  int visited_ = 0;
};

}  // namespace

void prepare_pdfium() {
  // The colour-profile library asks for the time zone in the middle of a page.
  setenv("TZ", "UTC0", 1);
  tzset();
  static const char* no_fonts[] = {nullptr};
  FPDF_LIBRARY_CONFIG config{};
  config.version = 2;
  config.user_font_paths = no_fonts;
  FPDF_InitLibraryWithConfig(&config);
}

FPDF_DOCUMENT PdfDocument::load(std::string_view bytes, const char* password) {
  return FPDF_LoadMemDocument64(bytes.data(), bytes.size(), password);
}

std::optional<protocol::FailureReason> PdfDocument::open(std::string_view bytes, const std::string& password,
                                                         std::optional<PdfDocument>& document) {
  FPDF_DOCUMENT handle = load(bytes, nullptr);
  if (handle == nullptr && FPDF_GetLastError() == FPDF_ERR_PASSWORD && !password.empty()) {
    handle = load(bytes, password.c_str());
    if (handle == nullptr && FPDF_GetLastError() == FPDF_ERR_PASSWORD) return protocol::FailureReason::kWrongPassword;
  }
  if (handle != nullptr) {
    document = PdfDocument(handle);
    return std::nullopt;
  }
  switch (FPDF_GetLastError()) {
    case FPDF_ERR_PASSWORD: return protocol::FailureReason::kPassword;
    case FPDF_ERR_SECURITY: return protocol::FailureReason::kProtection;
    default: return protocol::FailureReason::kFormat;
  }
}

int PdfDocument::pages() const {
  return FPDF_GetPageCount(document_.get());
}

std::string PdfDocument::title() const {
  return read_utf16(
      [&](void* buffer, unsigned long bytes) { return FPDF_GetMetaText(document_.get(), "Title", buffer, bytes); });
}

PdfDocument::Reading PdfDocument::read_page(int number, std::size_t max_characters) {
  if (!outline_) outline_.emplace(read_outline(document_.get()));
  Reading reading;
  Page& page = reading.page;
  page.number = number;
  page.label = read_utf16(
      [&](void* buffer, unsigned long bytes) { return FPDF_GetPageLabel(document_.get(), number - 1, buffer, bytes); });
  FS_RECTF box{};
  const PageHandle handle(FPDF_LoadPage(document_.get(), number - 1));
  if (handle && FPDF_GetPageBoundingBox(handle.get(), &box) != 0) {
    page.width = length(box.left, box.right);
    page.height = length(box.bottom, box.top);
    read_text(handle.get(), box, max_characters, reading);
    if (page.words.size() < protocol::kFewWords) reading.pictures = PictureCount().of(handle.get());
  }
  outline_->mark(page, box.left, box.top);
  return reading;
}

std::optional<PagePicture> PdfDocument::draw(std::size_t number, std::size_t dpi) const {
  if (number == 0 || number > static_cast<std::size_t>(std::max(pages(), 0))) return std::nullopt;
  if (dpi == 0 || dpi > picture_protocol::kMaxDpi) return std::nullopt;
  return draw_page(document_.get(), static_cast<int>(number), static_cast<std::uint32_t>(dpi));
}

}  // namespace jackdaw::extract
