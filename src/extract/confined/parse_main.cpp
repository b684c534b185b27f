// jackdaw-parse: reads one untrusted PDF from standard input and writes what it says to standard output (protocol.h).
// Started by the server for each document.
//
//   jackdaw-parse read MAX_PAGES MAX_CHARACTERS
//   jackdaw-parse render PAGE DPI   draws one page and writes its picture (picture_protocol.h) instead; nothing when it
//                                   cannot be drawn
//   jackdaw-parse check             closes the sandbox, says so, then does something forbidden: the right end is SIGSYS
//
// A last argument `without-filter` leaves the system call filter out.
#include <malloc.h>
#include <unistd.h>

#include <new>
#include <optional>
#include <string>
#include <string_view>

#include "extract/confined/child_input.h"
#include "extract/confined/frame_writer.h"
#include "extract/confined/page_picture.h"
#include "extract/confined/pdf_document.h"

namespace jackdaw::extract {
namespace {

using protocol::FailureReason;

struct Limits {
  std::size_t pages = 0;
  std::size_t characters = 0;
};

void write_pages(PdfDocument& document, const Limits& limits, FrameWriter& out, std::uint32_t& page) {
  std::size_t characters_left = limits.characters;
  const auto pages = static_cast<std::uint32_t>(document.pages());
  for (page = 1; page <= pages; ++page) {
    const PdfDocument::Reading reading = document.read_page(static_cast<int>(page), characters_left);
    if (reading.characters > characters_left) return out.failure(FailureReason::kTooManyCharacters, page, "");
    characters_left -= reading.characters;
    if (!out.page(reading.page, reading.pictures)) return out.failure(FailureReason::kPageTooLarge, page, "");
  }
  out.end(pages);
}

void write_document(const Input& input, const Limits& limits, FrameWriter& out) {
  std::uint32_t page = 0;
  try {
    std::optional<PdfDocument> document;
    if (const auto reason = PdfDocument::open(input.bytes, input.password, document)) {
      return out.failure(*reason, 0, "a PDF");
    }
    const int pages = document->pages();
    if (pages <= 0) return out.failure(FailureReason::kFormat, 0, "a PDF");
    if (static_cast<std::size_t>(pages) > limits.pages) {
      return out.failure(FailureReason::kTooManyPages, 0, std::to_string(pages));
    }
    out.document(static_cast<std::uint32_t>(pages), true, "application/pdf", document->title());
    write_pages(*document, limits, out, page);
  } catch (const std::bad_alloc&) {
    out.failure(FailureReason::kOutOfMemory, page, "");
  }
}

int end_process() {
#ifdef JACKDAW_UNCONFINED
  FPDF_DestroyLibrary();
  return 0;
#else
  // The kernel frees faster than destructors do.
  _exit(0);
#endif
}

// PDFium lives on small objects that come and go. The C library keeps those of up to 160 bytes (its most) ready for the
// next one instead of joining them with their neighbours: 8% of a document's time.
void prepare() {
  mallopt(M_MXFAST, 160);
  prepare_pdfium();
}

int read_document(const Limits& limits, bool filter) {
  FrameWriter out(STDOUT_FILENO);
  const std::optional<Input> input = close_sandbox_with_input(out, filter, prepare);
  if (!input) return 1;
  write_document(*input, limits, out);
  return end_process();
}

void write_picture(const Input& input, std::size_t page, std::size_t dpi) {
  std::optional<PdfDocument> document;
  if (PdfDocument::open(input.bytes, input.password, document)) return;
  const std::optional<PagePicture> picture = document->draw(page, dpi);
  if (!picture) return;
  const picture_protocol::HeadBytes head = picture_protocol::encode(picture->head);
  write_all(STDOUT_FILENO, {head.data(), head.size()});
  write_all(STDOUT_FILENO, {reinterpret_cast<const char*>(picture->pixels.data()), picture->pixels.size()});
}

int render(std::size_t page, std::size_t dpi, bool filter) {
  FrameWriter out(STDOUT_FILENO);
  const std::optional<Input> input = close_sandbox_with_input(out, filter, prepare);
  if (!input) return 1;
  try {
    write_picture(*input, page, dpi);
  } catch (const std::bad_alloc&) {
    return end_process();
  }
  return end_process();
}

int run(const Command& command) {
  const auto& numbers = command.numbers;
  if (command.mode == "check" && numbers.empty()) return check_sandbox(command.filter);
  if (command.mode == "read" && numbers.size() == 2) return read_document({numbers[0], numbers[1]}, command.filter);
  if (command.mode == "render" && numbers.size() == 2) return render(numbers[0], numbers[1], command.filter);
  return refuse_command("jackdaw-parse");
}

}  // namespace
}  // namespace jackdaw::extract

int main(int count, char** arguments) {
  using namespace jackdaw::extract;
  const std::optional<Command> command = parse_command(count, arguments);
  return command ? run(*command) : refuse_command("jackdaw-parse");
}
