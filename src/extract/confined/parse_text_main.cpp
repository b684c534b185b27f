// jackdaw-parse-text: reads one untrusted document of any format but PDF from standard input and writes what it says to
// standard output (protocol.h). Started by the server for each document.
//
//   jackdaw-parse-text read MAX_PAGES MAX_CHARACTERS
//   jackdaw-parse-text check     closes the sandbox, says so, then does something forbidden: the right end is SIGSYS
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <new>
#include <optional>
#include <string>
#include <string_view>

#include "extract/confined/charset.h"
#include "extract/confined/child_input.h"
#include "extract/confined/frame_writer.h"
#include "extract/confined/read_document.h"
#include "extract/confined/sandbox.h"

namespace jackdaw::extract {
namespace {

using protocol::FailureReason;

void write_document(std::string_view bytes, const ReadLimits& limits, FrameWriter& out) {
  std::uint32_t page = 0;
  try {
    const ParsedText document = read_document(bytes, limits);
    const auto pages = static_cast<std::uint32_t>(document.pages.size());
    out.document(pages, document.paged, document.media_type, document.title);
    for (const Page& next : document.pages) {
      ++page;
      if (!out.page(next)) return out.failure(FailureReason::kPageTooLarge, page, "");
    }
    out.end(pages);
  } catch (const Refusal& refusal) {
    out.failure(refusal.reason(), page, refusal.detail());
  } catch (const std::bad_alloc&) {
    out.failure(FailureReason::kOutOfMemory, page, "");
  }
}

// Not to be returned from: what it read need not be freed piece by piece, the kernel is faster.
[[noreturn]] void read_and_write(const ReadLimits& limits) {
  FrameWriter out(STDOUT_FILENO);
  const std::optional<std::string> bytes = read_input();
  if (!bytes) {
    out.failure(FailureReason::kInput, 0, std::strerror(errno));
    _exit(1);
  }
  prepare_charsets();
  if (const std::string error = enter_sandbox({}); !error.empty()) {
    out.failure(FailureReason::kSandbox, 0, error);
    _exit(1);
  }
  write_document(*bytes, limits, out);
  _exit(0);
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
  ReadLimits limits;
  if (mode == "check" && count == 2) return check();
  if (mode == "read" && count == 4 && parse_number(arguments[2], limits.max_pages) &&
      parse_number(arguments[3], limits.max_characters)) {
    read_and_write(limits);
  }
  constexpr std::string_view kUsage = "jackdaw-parse-text is started by jackdaw; it is of no use by itself.\n";
  return write(STDERR_FILENO, kUsage.data(), kUsage.size()) < 0 ? 2 : 64;
}
