// jackdaw-ocr: reads pictures of pages from standard input (picture_protocol.h) and writes the text that they show to
// standard output (protocol.h). Started by the server for each document with such pages; the only program in which
// pictures are read. Tesseract does that: it is looked for at run time, and everything it needs is read before the
// sandbox closes.
//
//   jackdaw-ocr list              a document whose title is Tesseract's version and whose page names a language a line
//   jackdaw-ocr read LANGUAGES    "eng+deu"
//   jackdaw-ocr check LANGUAGES   closes the sandbox, reads a picture of its own, says so, then does something
//                                 forbidden: the right end is SIGSYS
//
// A last argument `without-filter` leaves the system call filter out.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "extract/confined/child_input.h"
#include "extract/confined/frame_writer.h"
#include "extract/confined/picture_protocol.h"
#include "extract/confined/recognized_text.h"
#include "extract/confined/sandbox.h"
#include "extract/confined/tesseract.h"

namespace jackdaw::extract {
namespace {

using picture_protocol::PictureHead;
using protocol::FailureReason;

// A document may have thousands of pages; the server watches each page's time. Tesseract measures its own.
SandboxLimits limits(bool filter) {
  return {.cpu_seconds = 7'200, .processor_clock = true, .filter = filter};
}

struct Invocation {
  std::string_view mode;
  std::string languages;
  bool filter = true;
};

struct Picture {
  PictureHead head;
  std::vector<std::uint8_t> pixels;
};

// Three letters made of bars, 40 dots high.
constexpr std::string_view kOwnText = "THE";

Picture own_picture() {
  constexpr std::uint32_t kWidth = 240;
  constexpr std::uint32_t kHeight = 120;
  struct Bar {
    std::uint32_t x, y, width, height;
  };
  constexpr Bar kBars[] = {{40, 40, 32, 6},  {53, 40, 6, 40},                                        // T
                           {82, 40, 6, 40},  {108, 40, 6, 40}, {82, 57, 32, 6},                      // H
                           {126, 40, 6, 40}, {126, 40, 28, 6}, {126, 57, 24, 6}, {126, 74, 28, 6}};  // E
  Picture picture{.head = {.width = kWidth, .height = kHeight, .dpi = 200}, .pixels = {}};
  picture.pixels.assign(picture.head.pixels(), 255);
  for (const Bar& bar : kBars) {
    for (std::uint32_t y = bar.y; y < bar.y + bar.height; ++y) {
      std::fill_n(picture.pixels.begin() + y * kWidth + bar.x, bar.width, std::uint8_t{0});
    }
  }
  return picture;
}

Page read_picture(Tesseract& tesseract, const Picture& picture, int number) {
  Page page{.number = number,
            .width = static_cast<float>(picture.head.width),
            .height = static_cast<float>(picture.head.height)};
  compose_recognized(tesseract.read(picture.head, picture.pixels.data()), page);
  return page;
}

// Fills the buffer; false at the end of the input or when it cannot be read. `got`: bytes that came.
bool read_all(char* buffer, std::size_t bytes, std::size_t& got) {
  for (got = 0; got < bytes;) {
    const ssize_t part = read(STDIN_FILENO, buffer + got, bytes - got);
    if (part < 0 && errno == EINTR) continue;
    if (part <= 0) return false;
    got += static_cast<std::size_t>(part);
  }
  return true;
}

void read_pictures(Tesseract& tesseract, FrameWriter& out, std::uint32_t& number) {
  Picture picture;
  for (number = 1; number <= picture_protocol::kMaxPictures; ++number) {
    picture_protocol::HeadBytes head_bytes;
    std::size_t got = 0;
    if (!read_all(head_bytes.data(), head_bytes.size(), got)) {
      if (got > 0) out.failure(FailureReason::kInput, number, "the picture is cut off");
      return;
    }
    const auto head = picture_protocol::decode(head_bytes);
    if (!head) return out.failure(FailureReason::kFormat, number, "no picture");
    picture.head = *head;
    picture.pixels.resize(head->pixels());
    if (!read_all(reinterpret_cast<char*>(picture.pixels.data()), picture.pixels.size(), got)) {
      return out.failure(FailureReason::kInput, number, "the picture is cut off");
    }
    if (!out.page(read_picture(tesseract, picture, static_cast<int>(number)))) {
      return out.failure(FailureReason::kPageTooLarge, number, "");
    }
  }
}

// Everything that needs a file, then the sandbox. False, and the reason written, when something is missing.
bool prepare(Tesseract& tesseract, const Invocation& command, FrameWriter& out) {
  std::string problem = tesseract.load();
  if (problem.empty()) problem = tesseract.open(command.languages);
  if (!problem.empty()) {
    out.failure(FailureReason::kRecognizer, 0, problem);
    return false;
  }
  if (const std::string error = enter_sandbox(limits(command.filter)); !error.empty()) {
    out.failure(FailureReason::kSandbox, 0, error);
    return false;
  }
  return true;
}

int read_document(const Invocation& command) {
  FrameWriter out(STDOUT_FILENO);
  Tesseract tesseract;
  if (!prepare(tesseract, command, out)) return 1;
  out.document(picture_protocol::kMaxPictures, true, "application/pdf", "");
  std::uint32_t number = 0;
  try {
    read_pictures(tesseract, out, number);
  } catch (const std::bad_alloc&) {
    out.failure(FailureReason::kOutOfMemory, number, "");
  }
  _exit(0);
}

int list() {
  FrameWriter out(STDOUT_FILENO);
  Tesseract tesseract;
  if (const std::string problem = tesseract.load(); !problem.empty()) {
    out.failure(FailureReason::kRecognizer, 0, problem);
    return 1;
  }
  Page page{.number = 1};
  for (const std::string& language : tesseract.installed_languages()) page.text += language + '\n';
  out.document(1, true, "text/plain", tesseract.version());
  if (!out.page(page)) return 1;
  out.end(1);
  return 0;
}

int check(const Invocation& command) {
  FrameWriter out(STDOUT_FILENO);
  Tesseract tesseract;
  if (!prepare(tesseract, command, out)) return 1;
  const Page page = read_picture(tesseract, own_picture(), 1);
  if (page.text != kOwnText) {
    out.failure(FailureReason::kRecognizer, 0,
                "it read \"" + page.text + "\" where " + std::string(kOwnText) + " stands");
    _exit(1);
  }
  out.ready();
  // The filter must not let this return.
  return open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0 ? 3 : 4;
}

}  // namespace
}  // namespace jackdaw::extract

int main(int count, char** arguments) {
  using namespace jackdaw::extract;
  // More threads would only get in each other's way, and the sandbox forbids them. Read when the library is loaded.
  setenv("OMP_THREAD_LIMIT", "1", 1);
  const bool filter = count < 4 || std::string_view(arguments[3]) != kWithoutFilter;
  if (count == 2 && std::string_view(arguments[1]) == "list") return list();
  if (count == 3 || (count == 4 && !filter)) {
    const Invocation command{.mode = arguments[1], .languages = arguments[2], .filter = filter};
    if (command.mode == "check") return check(command);
    if (command.mode == "read") return read_document(command);
  }
  constexpr std::string_view kUsage = "jackdaw-ocr is started by jackdaw; it is of no use by itself.\n";
  return write(STDERR_FILENO, kUsage.data(), kUsage.size()) < 0 ? 2 : 64;
}
