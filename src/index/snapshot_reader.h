#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "index/segment.h"

namespace jackdaw::index {

// Reads what write_snapshot() wrote: every byte once, straight to where it stays, summed on the way, and nothing of it
// is believed before it was checked. Nothing when there is no file, or one of another version, stamp or configuration.
// Throws Error kInternal when it cannot be read or is damaged.
std::optional<std::vector<std::shared_ptr<const Segment>>> read_snapshot(const std::filesystem::path& file,
                                                                         std::string_view stamp,
                                                                         std::string_view configuration,
                                                                         VectorEngine engine, std::size_t dimensions);

}  // namespace jackdaw::index
