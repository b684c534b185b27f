#include "extract/confined/page_picture.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "extract/confined/protocol.h"

namespace jackdaw::extract {
namespace {

using picture_protocol::PictureHead;

constexpr double kPointsPerInch = 72;

struct ClosePage {
  void operator()(FPDF_PAGE page) const { FPDF_ClosePage(page); }
};
struct DestroyBitmap {
  void operator()(FPDF_BITMAP bitmap) const { FPDFBitmap_Destroy(bitmap); }
};

// As looked at, points.
struct PageSize {
  double width = 0;
  double height = 0;
};

bool can_be_drawn(double length) {
  return std::isfinite(length) && length > 0 && length <= protocol::kMaxCoordinate;
}

// The size of the picture, as near to `dpi` as the limits of a picture allow.
PictureHead fit(const PageSize& page, int quarter, std::uint32_t dpi) {
  const double most = std::sqrt(static_cast<double>(picture_protocol::kMaxPixels) / (page.width * page.height));
  const double longest = picture_protocol::kMaxEdge / std::max(page.width, page.height);
  const double scale = std::min({dpi / kPointsPerInch, most, longest});
  // Downwards, so that no rounding leads over a limit.
  const auto pixels = [scale](double length) { return std::max(1U, static_cast<std::uint32_t>(length * scale)); };
  return {.width = pixels(page.width),
          .height = pixels(page.height),
          .dpi = std::max(1U, static_cast<std::uint32_t>(std::lround(scale * kPointsPerInch))),
          .quarter = static_cast<std::uint32_t>(quarter)};
}

bool draw(FPDF_PAGE page, PagePicture& picture) {
  const auto width = static_cast<int>(picture.head.width);
  const auto height = static_cast<int>(picture.head.height);
  picture.pixels.resize(picture.head.pixels());
  const std::unique_ptr<fpdf_bitmap_t__, DestroyBitmap> bitmap(
      FPDFBitmap_CreateEx(width, height, FPDFBitmap_Gray, picture.pixels.data(), width));
  if (!bitmap || FPDFBitmap_FillRect(bitmap.get(), 0, 0, width, height, 0xFFFFFFFF) == 0) return false;
  FPDF_RenderPageBitmap(bitmap.get(), page, 0, 0, width, height, 0, FPDF_GRAYSCALE);
  return true;
}

}  // namespace

std::optional<PagePicture> draw_page(FPDF_DOCUMENT document, int number, std::uint32_t dpi) {
  const std::unique_ptr<fpdf_page_t__, ClosePage> page(FPDF_LoadPage(document, number - 1));
  FS_RECTF box{};
  if (!page || FPDF_GetPageBoundingBox(page.get(), &box) == 0) return std::nullopt;
  const int quarter = FPDFPage_GetRotation(page.get()) & 3;
  PageSize size{.width = double{box.right} - box.left, .height = double{box.top} - box.bottom};
  if (!can_be_drawn(size.width) || !can_be_drawn(size.height)) return std::nullopt;
  if (quarter % 2 == 1) std::swap(size.width, size.height);
  PagePicture picture{.head = fit(size, quarter, dpi), .pixels = {}};
  if (!picture.head.is_sane() || !draw(page.get(), picture)) return std::nullopt;
  return picture;
}

}  // namespace jackdaw::extract
