#pragma once

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "extract/child_process.h"
#include "extract/confined/picture_protocol.h"
#include "extract/parser_output.h"
#include "extract/testing/sample_files.h"

// Pictures of pages, for the tests of their reading.
namespace jackdaw::extract::testing {

inline Descriptor open_file(const std::filesystem::path& path) {
  return Descriptor(open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

// All that a child writes until it ends.
inline std::string all_output(const ChildProcess& child) {
  std::string all;
  std::array<char, 64 << 10> buffer;
  for (pollfd watched{child.output(), POLLIN, 0}; poll(&watched, 1, 300'000) > 0;) {
    const ssize_t got = read(child.output(), buffer.data(), buffer.size());
    if (got <= 0) break;
    all.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return all;
}

// A picture as it travels; empty when the page cannot be drawn.
inline std::string drawn(const std::filesystem::path& pdf, const std::string& page, const std::string& dpi = "200") {
  return all_output(ChildProcess(program("jackdaw-parse"), {"render", page, dpi}, open_file(pdf)));
}

inline std::optional<picture_protocol::PictureHead> head_of(std::string_view picture) {
  picture_protocol::HeadBytes bytes{};
  if (picture.size() < bytes.size()) return std::nullopt;
  std::copy_n(picture.begin(), bytes.size(), bytes.begin());
  return picture_protocol::decode(bytes);
}

inline std::string make_picture(const picture_protocol::PictureHead& head, std::size_t pixels, char shade = '\xff') {
  const picture_protocol::HeadBytes bytes = picture_protocol::encode(head);
  return std::string(bytes.data(), bytes.size()) + std::string(pixels, shade);
}

// The content of a page that shows nothing but a picture, over 595 by 842 points.
inline std::string picture_content(std::string_view picture) {
  const auto head = head_of(picture);
  if (!head) return {};
  return "q 595 0 0 842 0 0 cm BI /W " + std::to_string(head->width) + " /H " + std::to_string(head->height) +
         " /CS /G /BPC 8 ID " + std::string(picture.substr(picture_protocol::kHeadBytes)) + "\nEI Q";
}

inline std::vector<ParserMessage> parsed(std::string_view bytes) {
  ParserOutput output(picture_protocol::kMaxPictures, 20'000'000);
  output.feed(bytes);
  std::vector<ParserMessage> messages;
  while (auto message = output.next()) messages.push_back(std::move(*message));
  return messages;
}

}  // namespace jackdaw::extract::testing
