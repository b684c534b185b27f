#pragma once

#include <boost/beast/zlib/deflate_stream.hpp>
#include <boost/crc.hpp>

#include <cstdint>
#include <string>
#include <string_view>

// Compressed bodies for tests.
namespace jackdaw::http {

inline std::string bare_deflate(std::string_view text) {
  boost::beast::zlib::deflate_stream stream;
  std::string out(stream.upper_bound(text.size()) + 64, '\0');
  boost::beast::zlib::z_params params;
  params.next_in = text.data();
  params.avail_in = text.size();
  params.next_out = out.data();
  params.avail_out = out.size();
  boost::beast::error_code code;
  stream.write(params, boost::beast::zlib::Flush::finish, code);
  out.resize(out.size() - params.avail_out);
  return out;
}

inline std::string little_endian(std::uint32_t number) {
  std::string bytes;
  for (int i = 0; i < 4; ++i) bytes.push_back(static_cast<char>(number >> (8 * i)));
  return bytes;
}

// RFC 1952. `flags` are set as they are; what they announce is `extra`.
inline std::string gzip(std::string_view text, char flags = 0, std::string_view extra = {}) {
  boost::crc_32_type crc;
  crc.process_bytes(text.data(), text.size());
  std::string out{'\x1f', '\x8b', '\x08', flags, 0, 0, 0, 0, 0, '\x03'};
  out += extra;
  out += bare_deflate(text);
  return out + little_endian(crc.checksum()) + little_endian(static_cast<std::uint32_t>(text.size()));
}

// RFC 1950.
inline std::string zlib_deflate(std::string_view text) {
  std::uint32_t low = 1;
  std::uint32_t high = 0;
  for (const char c : text) {
    low = (low + static_cast<unsigned char>(c)) % 65521;
    high = (high + low) % 65521;
  }
  const std::string sum = little_endian(high << 16 | low);
  return "\x78\x9c" + bare_deflate(text) + std::string(sum.rbegin(), sum.rend());
}

}  // namespace jackdaw::http
