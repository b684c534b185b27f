// jackdaw-parse: reads one untrusted document from standard input and writes what it says to standard output
// (protocol.h). Started by the server for each document; the only program in which documents are parsed.
//
//   jackdaw-parse read MAX_PAGES MAX_CHARACTERS
//   jackdaw-parse render PAGE DPI   draws one page and writes its picture (picture_protocol.h) instead; nothing when it
//                                   cannot be drawn
//   jackdaw-parse check          closes the sandbox, says so, then does something forbidden: the right end is SIGSYS
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <new>
#include <optional>
#include <string>
#include <string_view>

#include "extract/confined/frame_writer.h"
#include "extract/confined/page_picture.h"
#include "extract/confined/pdf_document.h"
#include "extract/confined/sandbox.h"

namespace jackdaw::extract {
namespace {

using protocol::FailureReason;

struct Limits {
  std::size_t pages = 0;
  std::size_t characters = 0;
};

bool parse_number(const char* text, std::size_t& number) {
  const char* end = text + std::strlen(text);
  const auto [stop, error] = std::from_chars(text, end, number);
  return error == std::errc() && stop == end;
}

// All of standard input; nothing, and errno set, when it cannot be read.
std::optional<std::string> read_input() {
  struct stat about{};
  if (fstat(STDIN_FILENO, &about) != 0) return std::nullopt;
  std::string bytes(static_cast<std::size_t>(about.st_size), '\0');
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t got = read(STDIN_FILENO, bytes.data() + filled, bytes.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  bytes.resize(filled);
  return bytes;
}

void write_pages(const PdfDocument& document, const Limits& limits, FrameWriter& out, std::uint32_t& page) {
  std::size_t characters_left = limits.characters;
  const auto pages = static_cast<std::uint32_t>(document.pages());
  for (page = 1; page <= pages; ++page) {
    const PdfDocument::Reading reading = document.read_page(static_cast<int>(page), characters_left);
    if (reading.characters > characters_left) return out.failure(FailureReason::kTooManyCharacters, page, "");
    characters_left -= reading.characters;
    if (!out.page(reading.page)) return out.failure(FailureReason::kPageTooLarge, page, "");
  }
  out.end(pages);
}

void write_document(std::string_view bytes, const Limits& limits, FrameWriter& out) {
  std::uint32_t page = 0;
  try {
    std::optional<PdfDocument> document;
    if (const auto reason = PdfDocument::open(bytes, document)) return out.failure(*reason, 0, "");
    const int pages = document->pages();
    if (pages <= 0) return out.failure(FailureReason::kFormat, 0, "");
    if (static_cast<std::size_t>(pages) > limits.pages) {
      return out.failure(FailureReason::kTooManyPages, 0, std::to_string(pages));
    }
    out.document(static_cast<std::uint32_t>(pages), document->title());
    write_pages(*document, limits, out, page);
  } catch (const std::bad_alloc&) {
    out.failure(FailureReason::kOutOfMemory, page, "");
  }
}

// The document's bytes, with the sandbox closed behind them. Nothing, and the reason written, when either fails.
std::optional<std::string> close_sandbox_with_input(FrameWriter& out) {
  std::optional<std::string> bytes;
  try {
    bytes = read_input();
  } catch (const std::bad_alloc&) {
    errno = ENOMEM;
  }
  if (!bytes) {
    out.failure(FailureReason::kInput, 0, std::strerror(errno));
    return std::nullopt;
  }
  prepare_pdfium();
  if (const std::string error = enter_sandbox({}); !error.empty()) {
    out.failure(FailureReason::kSandbox, 0, error);
    return std::nullopt;
  }
  return bytes;
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

int read_document(const Limits& limits) {
  FrameWriter out(STDOUT_FILENO);
  const std::optional<std::string> bytes = close_sandbox_with_input(out);
  if (!bytes) return 1;
  write_document(*bytes, limits, out);
  return end_process();
}

int render(std::size_t page, std::size_t dpi) {
  FrameWriter out(STDOUT_FILENO);
  const std::optional<std::string> bytes = close_sandbox_with_input(out);
  if (!bytes) return 1;
  try {
    std::optional<PdfDocument> document;
    if (PdfDocument::open(*bytes, document)) return end_process();
    if (const auto picture = document->draw(page, dpi)) {
      const picture_protocol::HeadBytes head = picture_protocol::encode(picture->head);
      write_all(STDOUT_FILENO, {head.data(), head.size()});
      write_all(STDOUT_FILENO, {reinterpret_cast<const char*>(picture->pixels.data()), picture->pixels.size()});
    }
  } catch (const std::bad_alloc&) {
    return end_process();
  }
  return end_process();
}

int check() {
  FrameWriter out(STDOUT_FILENO);
  if (const std::string error = enter_sandbox({}); !error.empty()) {
    out.failure(FailureReason::kSandbox, 0, error);
    return 1;
  }
  out.ready();
  // The filter must not let this return.
  return open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0 ? 3 : 4;
}

}  // namespace
}  // namespace jackdaw::extract

int main(int count, char** arguments) {
  using namespace jackdaw::extract;
  const std::string_view mode = count > 1 ? arguments[1] : "";
  Limits limits;
  if (mode == "check" && count == 2) return check();
  if (mode == "read" && count == 4 && parse_number(arguments[2], limits.pages) &&
      parse_number(arguments[3], limits.characters)) {
    return read_document(limits);
  }
  std::size_t page = 0;
  std::size_t dpi = 0;
  if (mode == "render" && count == 4 && parse_number(arguments[2], page) && parse_number(arguments[3], dpi)) {
    return render(page, dpi);
  }
  constexpr std::string_view kUsage = "jackdaw-parse is started by jackdaw; it is of no use by itself.\n";
  return write(STDERR_FILENO, kUsage.data(), kUsage.size()) < 0 ? 2 : 64;
}
