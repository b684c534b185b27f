#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace jackdaw::http {

// Takes the Content-Encoding gzip (RFC 1952) or deflate (RFC 1950, and the bare RFC 1951 that some servers send) off a
// body, piece by piece: what was compressed so far comes out as soon as its bytes are there. Bounded: a read gives at
// most what it is asked for, and input is kept, not unfolded, until it is read. Untrusted input. One thread at a time.
class ContentDecoder {
 public:
  enum class Coding { kGzip, kDeflate };

  explicit ContentDecoder(Coding coding);
  ~ContentDecoder();
  ContentDecoder(const ContentDecoder&) = delete;
  ContentDecoder& operator=(const ContentDecoder&) = delete;

  // The next compressed bytes. The last ones must be used up: read() gave nothing.
  void feed(std::string bytes);
  // At most `limit` decoded bytes; empty: more input is needed, or the body is broken. Of what stands close before a
  // broken place some may be missing. `limit` is at least 1.
  std::string read(std::size_t limit);

  // The bytes are no such body: a bad header or block, a wrong checksum, something after the end.
  bool is_broken() const noexcept;
  // Whether the body may end here: all that began has ended, or nothing came at all.
  bool is_complete() const noexcept;

 private:
  class Machine;
  std::unique_ptr<Machine> machine_;
};

}  // namespace jackdaw::http
