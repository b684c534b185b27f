#pragma once

#include <boost/json.hpp>

#include <cstdint>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/event_stream_reader.h"

namespace jackdaw::http {

// One case of the public conformance vectors of event streams.
struct SseVector {
  std::string name;
  std::string body;
  std::vector<ServerSentEvent> events;
  std::optional<std::uint64_t> retry_ms;  // nothing: the case does not say
};

inline std::string bytes_from_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

inline SseVector sse_vector_from(const boost::json::object& json) {
  SseVector vector;
  vector.name = json.at("name").as_string();
  vector.body = json.at("body").is_null() ? bytes_from_hex(json.at("body_hex").as_string())
                                          : std::string(json.at("body").as_string());
  for (const auto& event : json.at("events").as_array()) {
    vector.events.push_back({std::string(event.at("type").as_string()), std::string(event.at("data").as_string()),
                             std::string(event.at("lastEventId").as_string())});
  }
  const auto* retry = json.if_contains("retry");
  if (retry != nullptr && !retry->is_null()) vector.retry_ms = retry->to_number<std::uint64_t>();
  return vector;
}

// Empty when the file is not there.
inline std::vector<SseVector> read_sse_vectors(const std::string& path) {
  std::vector<SseVector> vectors;
  std::ifstream file(path, std::ios::binary);
  if (!file) return vectors;
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const boost::json::value json = boost::json::parse(text);
  for (const auto& vector : json.at("vectors").as_array()) vectors.push_back(sse_vector_from(vector.as_object()));
  return vectors;
}

}  // namespace jackdaw::http
