#include "http/content_decoder.h"

#include <boost/beast/zlib/error.hpp>
#include <boost/beast/zlib/inflate_stream.hpp>
#include <boost/crc.hpp>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace jackdaw::http {
namespace {

namespace zlib = boost::beast::zlib;

// RFC 1952, section 2.3.1.
constexpr unsigned kHasHeaderChecksum = 1U << 1;
constexpr unsigned kHasExtra = 1U << 2;
constexpr unsigned kHasName = 1U << 3;
constexpr unsigned kHasComment = 1U << 4;
constexpr unsigned kReservedFlags = 0xe0;
constexpr std::size_t kGzipFixedHeader = 10;

// RFC 1950, section 8.2.
class Adler32 {
 public:
  void update(std::string_view bytes) noexcept {
    while (!bytes.empty()) {
      // So many sums cannot overflow 32 bits.
      const std::string_view run = bytes.substr(0, 5552);
      for (const char c : run) {
        low_ += static_cast<unsigned char>(c);
        high_ += low_;
      }
      low_ %= kModulus;
      high_ %= kModulus;
      bytes.remove_prefix(run.size());
    }
  }
  std::uint32_t value() const noexcept { return (high_ << 16) | low_; }

 private:
  static constexpr std::uint32_t kModulus = 65521;
  std::uint32_t low_ = 1;
  std::uint32_t high_ = 0;
};

}  // namespace

class ContentDecoder::Machine {
 public:
  explicit Machine(Coding coding) : coding_(coding) { begin_member(); }

  void feed(std::string bytes) {
    input_ = std::move(bytes);
    used_ = 0;
  }

  std::string read(std::size_t limit) {
    while (state_ != State::kBroken) {
      if (state_ == State::kBlocks) {
        std::string out = inflate(limit);
        if (!out.empty() || state_ == State::kBlocks) return out;
      } else if (used_ == input_.size()) {
        return {};
      } else {
        take(static_cast<unsigned char>(input_[used_]));
      }
    }
    return {};
  }

  bool is_broken() const noexcept { return state_ == State::kBroken; }
  bool is_complete() const noexcept { return state_ == State::kStart || state_ == State::kAfterEnd; }

 private:
  enum class State {
    kStart,
    kGzipHeader,
    kExtraLength,
    kExtra,
    kName,
    kComment,
    kHeaderChecksum,
    kZlibHeader,
    kBlocks,
    kTrailer,
    kAfterEnd,
    kBroken,
  };

  void begin_member() {
    state_ = State::kStart;
    count_ = 0;
    number_ = 0;
    flags_ = 0;
    size_ = 0;
    crc_.reset();
    adler_ = {};
    inflater_.reset(15);
  }

  // Each state takes one byte, except kBlocks. `used_` moves on unless the byte belongs to the next state.
  void take(unsigned char byte) {
    switch (state_) {
      case State::kStart: start(byte); return;
      case State::kAfterEnd: after_end(byte); return;
      case State::kGzipHeader: gzip_header(byte); break;
      case State::kExtraLength:
        number_ |= static_cast<std::uint32_t>(byte) << (8 * count_);
        if (++count_ == 2) enter(State::kExtra);
        break;
      case State::kExtra:
        if (++count_ == number_) next_header_field(kHasExtra);
        break;
      case State::kName:
        if (byte == 0) next_header_field(kHasName);
        break;
      case State::kComment:
        if (byte == 0) next_header_field(kHasComment);
        break;
      case State::kHeaderChecksum:
        if (++count_ == 2) next_header_field(kHasHeaderChecksum);
        break;
      case State::kZlibHeader: zlib_header(byte); break;
      case State::kTrailer: trailer(byte); break;
      case State::kBlocks:
      case State::kBroken: return;
    }
    ++used_;
  }

  void enter(State state) {
    state_ = state;
    count_ = 0;
    // Nothing to read in an extra field of no bytes.
    if (state == State::kExtra && number_ == 0) next_header_field(kHasExtra);
  }

  void start(unsigned char byte) {
    if (coding_ == Coding::kGzip) return enter(State::kGzipHeader);
    // A zlib header begins with the method 8 and a window of at most 32 KiB; no compressor begins bare blocks so.
    is_bare_ = (byte & 0x0f) != 8 || (byte >> 4) > 7;
    enter(is_bare_ ? State::kBlocks : State::kZlibHeader);
  }

  void gzip_header(unsigned char byte) {
    const bool fits = count_ == 0   ? byte == 0x1f
                      : count_ == 1 ? byte == 0x8b
                      : count_ == 2 ? byte == 8
                      : count_ == 3 ? (byte & kReservedFlags) == 0
                                    : true;
    if (!fits) return enter(State::kBroken);
    if (count_ == 3) flags_ = byte;
    if (++count_ == kGzipFixedHeader) next_header_field(0);
  }

  // The optional fields stand in this order, each where its flag is set.
  void next_header_field(unsigned done) {
    flags_ &= ~done;
    if ((flags_ & kHasExtra) != 0) return enter(State::kExtraLength);
    if ((flags_ & kHasName) != 0) return enter(State::kName);
    if ((flags_ & kHasComment) != 0) return enter(State::kComment);
    if ((flags_ & kHasHeaderChecksum) != 0) return enter(State::kHeaderChecksum);
    enter(State::kBlocks);
  }

  void zlib_header(unsigned char byte) {
    number_ = number_ << 8 | byte;
    if (++count_ < 2) return;
    const bool has_dictionary = (byte & 0x20) != 0;
    enter(number_ % 31 == 0 && !has_dictionary ? State::kBlocks : State::kBroken);
  }

  std::string inflate(std::size_t limit) {
    std::string out(limit, '\0');
    zlib::z_params params;
    params.next_in = input_.data() + used_;
    params.avail_in = input_.size() - used_;
    params.next_out = out.data();
    params.avail_out = out.size();
    boost::beast::error_code code;
    inflater_.write(params, zlib::Flush::sync, code);
    used_ = input_.size() - params.avail_in;
    out.resize(limit - params.avail_out);
    account_for(out);
    if (code == zlib::error::end_of_stream) {
      number_ = 0;
      enter(is_bare_ ? State::kAfterEnd : State::kTrailer);
    } else if (code && code != zlib::error::need_buffers) {
      enter(State::kBroken);
    }
    return out;
  }

  void account_for(const std::string& out) {
    if (coding_ == Coding::kGzip) {
      crc_.process_bytes(out.data(), out.size());
      size_ += static_cast<std::uint32_t>(out.size());
    } else if (!is_bare_) {
      adler_.update(out);
    }
  }

  // CRC-32 and size, least significant byte first; or Adler-32, most significant first.
  void trailer(unsigned char byte) {
    const bool is_gzip = coding_ == Coding::kGzip;
    number_ = is_gzip ? number_ >> 8 | static_cast<std::uint32_t>(byte) << 24 : number_ << 8 | byte;
    if (++count_ % 4 != 0) return;
    const std::uint32_t expected = !is_gzip ? adler_.value() : count_ == 4 ? crc_.checksum() : size_;
    if (number_ != expected) return enter(State::kBroken);
    if (!is_gzip || count_ == 8) enter(State::kAfterEnd);
  }

  void after_end(unsigned char) {
    // A gzip body may be several, one after the other (RFC 1952, section 2.2).
    if (coding_ == Coding::kDeflate) return enter(State::kBroken);
    begin_member();
    enter(State::kGzipHeader);
  }

  Coding coding_;
  State state_ = State::kStart;
  std::string input_;
  std::size_t used_ = 0;
  bool is_bare_ = false;
  std::uint32_t count_ = 0;   // bytes seen in this state
  std::uint32_t number_ = 0;  // what they make
  unsigned flags_ = 0;        // of the gzip fields still to come
  std::uint32_t size_ = 0;    // decoded bytes of this member, modulo 2^32
  boost::crc_32_type crc_;
  Adler32 adler_;
  zlib::inflate_stream inflater_;
};

ContentDecoder::ContentDecoder(Coding coding) : machine_(std::make_unique<Machine>(coding)) {}
ContentDecoder::~ContentDecoder() = default;

void ContentDecoder::feed(std::string bytes) {
  machine_->feed(std::move(bytes));
}
std::string ContentDecoder::read(std::size_t limit) {
  return machine_->read(limit);
}
bool ContentDecoder::is_broken() const noexcept {
  return machine_->is_broken();
}
bool ContentDecoder::is_complete() const noexcept {
  return machine_->is_complete();
}

}  // namespace jackdaw::http
