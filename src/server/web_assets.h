#pragma once

#include <span>
#include <string_view>

namespace jackdaw::server {

// A file of web/ that is part of the program. The views live as long as the program.
struct WebAsset {
  std::string_view path;  // where it is served: "/docs/docs.js"
  std::string_view media_type;
  std::string_view etag;  // a quoted hash of the content
  std::string_view content;
};

// All of them; the table is written by src/server/CMakeLists.txt at build time.
std::span<const WebAsset> web_assets();

}  // namespace jackdaw::server
