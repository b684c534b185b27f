#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace jackdaw::inference {

// Puts the bytes under the path, whole or not at all; missing folders are made. They are written under the name with
// ".part" behind it, which one writer at a time holds locked, of this process or of any other, and which the next one
// writes over where a crash left it. False when that cannot be done: then nothing of it is left. Safe from any thread.
bool write_whole(const std::filesystem::path& path, std::span<const std::byte> bytes);

}  // namespace jackdaw::inference
