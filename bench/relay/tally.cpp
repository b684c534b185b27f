#include "relay/tally.h"

#include <algorithm>
#include <cstdio>
#include <string_view>

namespace jackdaw::bench {
namespace {

void append_percentiles(std::string& out, std::string_view name, std::vector<std::int64_t>& times) {
  if (times.empty()) return;
  std::sort(times.begin(), times.end());
  const auto part_us = [&times](double fraction) {
    const auto at = static_cast<std::size_t>(fraction * static_cast<double>(times.size() - 1) + 0.5);
    return static_cast<double>(times[at]) / 1000;
  };
  char text[256];
  std::snprintf(text, sizeof text,
                R"(, "%.*s": {"count": %zu, "p50": %.1f, "p90": %.1f, "p99": %.1f, "p999": %.1f, "max": %.1f})",
                static_cast<int>(name.size()), name.data(), times.size(), part_us(0.5), part_us(0.9), part_us(0.99),
                part_us(0.999), part_us(1));
  out += text;
}

void append_count(std::string& out, std::string_view name, std::uint64_t value) {
  out += out.empty() ? "{\"" : ", \"";
  out += name;
  out += "\": " + std::to_string(value);
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') out += '\\';
    out += static_cast<unsigned char>(letter) < 0x20 ? ' ' : letter;
  }
  out += '"';
}

}  // namespace

std::string Tally::to_json(const std::string& extra) {
  std::string out;
  append_count(out, "asked", asked);
  append_count(out, "ended", ended);
  append_count(out, "held", held);
  append_count(out, "tokens", token_ns.size());
  append_count(out, "lost", lost);
  append_count(out, "out_of_order", out_of_order);
  append_percentiles(out, "token_us", token_ns);
  append_percentiles(out, "first_token_us", first_token_ns);
  append_percentiles(out, "request_us", request_ns);
  append_percentiles(out, "retrieval_us", retrieval_ns);
  append_percentiles(out, "beyond_us", beyond_ns);
  out += ", \"errors\": {";
  bool first = true;
  for (const auto& [what, count] : errors) {
    if (!first) out += ", ";
    first = false;
    append_quoted(out, what);
    out += ": " + std::to_string(count);
  }
  return out + "}" + extra + "}";
}

}  // namespace jackdaw::bench
