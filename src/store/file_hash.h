#pragma once

#include <filesystem>
#include <string>

#include "core/cancellation.h"

namespace jackdaw::store {

// SHA-256 of the file's bytes, as IncomingFile::sha256 has it, read in pieces so that memory does not grow with the
// file. Any thread. Throws Error kNotFound for a file that cannot be read, naming it and the system's reason, and what
// `cancellation` asks for.
std::string sha256_of_file(const std::filesystem::path& path, const Cancellation& cancellation);

}  // namespace jackdaw::store
