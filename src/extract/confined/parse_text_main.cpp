// jackdaw-parse-text: reads one untrusted document of any format but PDF from standard input and writes what it says to
// standard output (protocol.h). Started by the server for each document.
//
//   jackdaw-parse-text read MAX_PAGES MAX_CHARACTERS
//   jackdaw-parse-text check     closes the sandbox, says so, then does something forbidden: the right end is SIGSYS
#include <unistd.h>

#include <cstdint>
#include <new>
#include <optional>
#include <string_view>

#include "extract/confined/charset.h"
#include "extract/confined/child_input.h"
#include "extract/confined/frame_writer.h"
#include "extract/confined/read_document.h"
#include "extract/confined/zip_archive.h"

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

int read_and_write(const ReadLimits& limits, bool filter) {
  FrameWriter out(STDOUT_FILENO);
  const std::optional<Input> input = close_sandbox_with_input(out, filter, [] {
    prepare_charsets();
    prepare_archives();
  });
  if (!input) return 1;
  write_document(input->bytes, limits, out);
  // The kernel frees faster than destructors do.
  _exit(0);
}

int run(const Command& command) {
  const auto& numbers = command.numbers;
  if (command.mode == "check" && numbers.empty()) return check_sandbox(command.filter);
  if (command.mode == "read" && numbers.size() == 2) {
    return read_and_write({.max_pages = numbers[0], .max_characters = numbers[1]}, command.filter);
  }
  return refuse_command("jackdaw-parse-text");
}

}  // namespace
}  // namespace jackdaw::extract

int main(int count, char** arguments) {
  using namespace jackdaw::extract;
  const std::optional<Command> command = parse_command(count, arguments);
  return command ? run(*command) : refuse_command("jackdaw-parse-text");
}
