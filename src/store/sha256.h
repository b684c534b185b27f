#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

struct evp_md_ctx_st;

namespace jackdaw::store {

// A SHA-256 (FIPS 180-4) that is being computed. Used by one thread at a time. Throws Error kInternal when the system's
// cryptography library fails.
class Sha256 {
 public:
  Sha256();
  void add(std::span<const std::byte> bytes);
  // 64 lower-case hexadecimal digits. To be called once.
  std::string hex();

 private:
  struct Deleter {
    void operator()(evp_md_ctx_st* context) const noexcept;
  };
  std::unique_ptr<evp_md_ctx_st, Deleter> context_;
};

}  // namespace jackdaw::store
