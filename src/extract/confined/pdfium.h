#pragma once

#include <cstddef>

// The part of PDFium's C interface that we call, declared by its documented ABI (build 8149). Handles are opaque.
// Texts come back as UTF-16LE in a buffer of the caller; sizes count bytes with the final zero, and a call without a
// buffer returns the size. Nothing here may be called from two threads at once.
extern "C" {

struct fpdf_document_t__;
struct fpdf_page_t__;
struct fpdf_textpage_t__;
struct fpdf_bitmap_t__;
struct fpdf_pageobject_t__;
struct fpdf_bookmark_t__;
struct fpdf_dest_t__;
using FPDF_DOCUMENT = fpdf_document_t__*;
using FPDF_PAGE = fpdf_page_t__*;
using FPDF_TEXTPAGE = fpdf_textpage_t__*;
using FPDF_BITMAP = fpdf_bitmap_t__*;
using FPDF_PAGEOBJECT = fpdf_pageobject_t__*;
using FPDF_BOOKMARK = fpdf_bookmark_t__*;
using FPDF_DEST = fpdf_dest_t__*;

// Grows at its end with new versions: `version` 2 says that PDFium may read up to v8_embedder_slot, the rest stays
// zero.
struct FPDF_LIBRARY_CONFIG {
  int version;
  const char** user_font_paths;  // ends with a null pointer; an empty list means: look for no font on this machine
  void* isolate;
  unsigned int v8_embedder_slot;
  void* platform;
  int renderer_type;
  int font_library_type;
  int brotli_enabled;
  int isolate_per_document;
};

// Page coordinates: points, origin at the bottom left, y upwards.
struct FS_RECTF {
  float left;
  float top;
  float right;
  float bottom;
};

struct FS_MATRIX {
  float a;
  float b;
  float c;
  float d;
  float e;
  float f;
};

inline constexpr unsigned long FPDF_ERR_PASSWORD = 4;
inline constexpr unsigned long FPDF_ERR_SECURITY = 5;

void FPDF_InitLibraryWithConfig(const FPDF_LIBRARY_CONFIG* config);
void FPDF_DestroyLibrary();
// The bytes must outlive the document. A null password stands for the empty one.
FPDF_DOCUMENT FPDF_LoadMemDocument64(const void* bytes, std::size_t size, const char* password);
unsigned long FPDF_GetLastError();
void FPDF_CloseDocument(FPDF_DOCUMENT document);
int FPDF_GetPageCount(FPDF_DOCUMENT document);
unsigned long FPDF_GetMetaText(FPDF_DOCUMENT document, const char* tag, void* buffer, unsigned long bytes);
unsigned long FPDF_GetPageLabel(FPDF_DOCUMENT document, int page_index, void* buffer, unsigned long bytes);

FPDF_PAGE FPDF_LoadPage(FPDF_DOCUMENT document, int page_index);
void FPDF_ClosePage(FPDF_PAGE page);
// The crop box within the media box, before /Rotate.
int FPDF_GetPageBoundingBox(FPDF_PAGE page, FS_RECTF* box);

FPDF_TEXTPAGE FPDFText_LoadPage(FPDF_PAGE page);
void FPDFText_ClosePage(FPDF_TEXTPAGE text);
int FPDFText_CountChars(FPDF_TEXTPAGE text);
unsigned int FPDFText_GetUnicode(FPDF_TEXTPAGE text, int index);
double FPDFText_GetFontSize(FPDF_TEXTPAGE text, int index);
int FPDFText_GetMatrix(FPDF_TEXTPAGE text, int index, FS_MATRIX* matrix);
int FPDFText_GetCharOrigin(FPDF_TEXTPAGE text, int index, double* x, double* y);
// Around the drawn shape.
int FPDFText_GetCharBox(FPDF_TEXTPAGE text, int index, double* left, double* right, double* bottom, double* top);
// From the font's descent to its ascent; of use for upright text alone.
int FPDFText_GetLooseCharBox(FPDF_TEXTPAGE text, int index, FS_RECTF* box);

int FPDFPage_CountObjects(FPDF_PAGE page);
FPDF_PAGEOBJECT FPDFPage_GetObject(FPDF_PAGE page, int index);
inline constexpr int FPDF_PAGEOBJ_IMAGE = 3;
inline constexpr int FPDF_PAGEOBJ_FORM = 5;
int FPDFPageObj_GetType(FPDF_PAGEOBJECT object);
int FPDFFormObj_CountObjects(FPDF_PAGEOBJECT form);
FPDF_PAGEOBJECT FPDFFormObj_GetObject(FPDF_PAGEOBJECT form, unsigned long index);

// The outline. A null bookmark stands for its root; null comes back where there is none.
FPDF_BOOKMARK FPDFBookmark_GetFirstChild(FPDF_DOCUMENT document, FPDF_BOOKMARK bookmark);
FPDF_BOOKMARK FPDFBookmark_GetNextSibling(FPDF_DOCUMENT document, FPDF_BOOKMARK bookmark);
unsigned long FPDFBookmark_GetTitle(FPDF_BOOKMARK bookmark, void* buffer, unsigned long bytes);
// Its destination, or that of its action when it goes to a page of this document.
FPDF_DEST FPDFBookmark_GetDest(FPDF_DOCUMENT document, FPDF_BOOKMARK bookmark);
int FPDFDest_GetDestPageIndex(FPDF_DOCUMENT document, FPDF_DEST destination);  // -1: none
// Of destinations of the kind XYZ alone. Page coordinates.
int FPDFDest_GetLocationInPage(FPDF_DEST destination, int* has_x, int* has_y, int* has_zoom, float* x, float* y,
                               float* zoom);

inline constexpr unsigned long PDFDEST_VIEW_FITH = 3;   // top
inline constexpr unsigned long PDFDEST_VIEW_FITR = 5;   // left, bottom, right, top
inline constexpr unsigned long PDFDEST_VIEW_FITBH = 7;  // top
// The kind of the destination; its numbers, 4 at most, in `numbers`.
unsigned long FPDFDest_GetView(FPDF_DEST destination, unsigned long* count, float* numbers);

// Clockwise quarter turns, 0..3.
int FPDFPage_GetRotation(FPDF_PAGE page);

inline constexpr int FPDFBitmap_Gray = 1;    // one byte a pixel
inline constexpr int FPDF_GRAYSCALE = 0x08;  // flag of FPDF_RenderPageBitmap
// Draws into `pixels`, which must outlive the bitmap; `stride` counts bytes.
FPDF_BITMAP FPDFBitmap_CreateEx(int width, int height, int format, void* pixels, int stride);
void FPDFBitmap_Destroy(FPDF_BITMAP bitmap);
int FPDFBitmap_FillRect(FPDF_BITMAP bitmap, int left, int top, int width, int height, unsigned long argb);
// The crop box, turned by the page's own rotation and `rotate` more clockwise quarters, is stretched over the
// rectangle.
void FPDF_RenderPageBitmap(FPDF_BITMAP bitmap, FPDF_PAGE page, int start_x, int start_y, int size_x, int size_y,
                           int rotate, int flags);

}  // extern "C"
