// pdfium_alone FILE: the time in milliseconds that PDFium alone takes for the text of a file with a box for each
// character, from the bytes in memory to the closed document. Nothing is kept of it and no process is started.
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "extract/confined/pdf_document.h"

int main(int count, char** arguments) {
  if (count != 2) return 64;
  std::ifstream file(arguments[1], std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(file), {});
  jackdaw::extract::prepare_pdfium();
  const auto start = std::chrono::steady_clock::now();
  FPDF_DOCUMENT document = FPDF_LoadMemDocument64(bytes.data(), bytes.size(), nullptr);
  if (document == nullptr) return 1;
  unsigned long sum = 0;
  for (int index = 0; index < FPDF_GetPageCount(document); ++index) {
    FPDF_PAGE page = FPDF_LoadPage(document, index);
    FPDF_TEXTPAGE text = FPDFText_LoadPage(page);
    const int characters = FPDFText_CountChars(text);
    for (int i = 0; i < characters; ++i) {
      FS_RECTF box{};
      FPDFText_GetLooseCharBox(text, i, &box);
      sum += FPDFText_GetUnicode(text, i) + (box.right > box.left ? 1 : 0);
    }
    FPDFText_ClosePage(text);
    FPDF_ClosePage(page);
  }
  FPDF_CloseDocument(document);
  const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - start;
  std::printf("%.3f %lu\n", time.count(), sum);
  return 0;
}
