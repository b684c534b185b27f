#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "extract/confined/frame_writer.h"

namespace jackdaw::extract {

// What a confined program is started with and how it comes to its document: the part of the programs that is the same
// for every format. One thread; nothing here throws but std::bad_alloc.
struct Command {
  std::string_view mode;             // "read", "check", ...
  std::vector<std::size_t> numbers;  // what stands behind it
  bool filter = true;                // false: a last argument kWithoutFilter; see SandboxLimits::filter
};
inline constexpr std::string_view kWithoutFilter = "without-filter";

// Nothing when there is no mode or something behind it is no number.
std::optional<Command> parse_command(int count, char** arguments);

struct Input {
  std::string bytes;
  std::string password;  // empty: none was given
};

// Reads the document from standard input and the password from its pipe, lets `prepare` read what else is needed, and
// closes the sandbox behind it all. Nothing, and the reason written, when any of it fails.
std::optional<Input> close_sandbox_with_input(FrameWriter& out, bool filter, void (*prepare)());

// The whole of the self check: closes the sandbox, says so, then does something forbidden, which the filter must not
// let return.
int check_sandbox(bool filter);

// For a main that was asked for something else.
int refuse_command(std::string_view program);

}  // namespace jackdaw::extract
