#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace jackdaw::http {

// A TCP client of a test, which does with the bytes what no decent client would. Blocking; a read that waits for more
// than ten seconds throws.
class RawClient {
 public:
  struct Response {
    int status = 0;
    std::string head;
    std::string body;
    bool complete = false;  // the end of the body was seen as its framing demands

    bool has(std::string_view text) const { return head.find(text) != std::string::npos; }
  };

  explicit RawClient(std::uint16_t port, int receive_buffer_bytes = 0) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    if (receive_buffer_bytes > 0) {
      ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof receive_buffer_bytes);
    }
    const int one = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    set_receive_timeout(std::chrono::seconds(10));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      ::close(fd_);
      throw std::runtime_error("connect failed");
    }
  }
  ~RawClient() { close(); }
  RawClient(RawClient&& other) noexcept : fd_(std::exchange(other.fd_, -1)), input_(std::move(other.input_)) {}
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  void set_receive_timeout(std::chrono::milliseconds timeout) {
    timeval value{};
    value.tv_sec = timeout.count() / 1000;
    value.tv_usec = timeout.count() % 1000 * 1000;
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &value, sizeof value);
  }

  // False when the peer no longer takes bytes.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void send_byte_by_byte(std::string_view bytes) {
    for (const char c : bytes) send({&c, 1});
  }
  void shutdown_send() { ::shutdown(fd_, SHUT_WR); }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  void reset() {
    const linger now{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
  }

  // Reads until the peer closed; false when nothing came within the receive timeout.
  bool read_to_end() {
    while (true) {
      const Got got = receive();
      if (got == Got::kEnd) return true;
      if (got == Got::kTimeout) return false;
    }
  }
  const std::string& buffered() const { return input_; }

  // True when a read would find nothing but the end.
  bool at_end() { return input_.empty() && receive() == Got::kEnd; }
  bool is_silent_for(std::chrono::milliseconds time) {
    set_receive_timeout(time);
    const bool silent = input_.empty() && receive() == Got::kTimeout;
    set_receive_timeout(std::chrono::seconds(10));
    return silent;
  }

  std::string read_until(std::string_view mark) {
    std::size_t found = 0;
    while ((found = input_.find(mark)) == std::string::npos) need();
    return take(found + mark.size());
  }

  Response read_head() {
    Response response;
    response.head = read_until("\r\n\r\n");
    std::from_chars(response.head.data() + 9, response.head.data() + 12, response.status);
    return response;
  }

  Response read_response(bool is_head = false) {
    Response response = read_head();
    if (is_head || response.status == 204 || response.status < 200) {
      response.complete = true;
    } else if (response.has("\r\nTransfer-Encoding: chunked\r\n")) {
      while (std::optional<std::string> chunk = read_chunk()) {
        if (chunk->empty()) {
          response.complete = true;
          break;
        }
        response.body += *chunk;
      }
    } else {
      const std::size_t at = response.head.find("Content-Length: ");
      if (at == std::string::npos) return response;
      std::size_t length = 0;
      std::from_chars(response.head.data() + at + 16, response.head.data() + response.head.size(), length);
      while (input_.size() < length) need();
      response.body = take(length);
      response.complete = true;
    }
    return response;
  }

  // One chunk; empty for the last; nothing when the connection ended before it.
  std::optional<std::string> read_chunk() {
    std::size_t line = 0;
    while ((line = input_.find("\r\n")) == std::string::npos) {
      if (receive() != Got::kBytes) return std::nullopt;
    }
    std::size_t size = 0;
    std::from_chars(input_.data(), input_.data() + line, size, 16);
    while (input_.size() < line + 2 + size + 2) {
      if (receive() != Got::kBytes) return std::nullopt;
    }
    take(line + 2);
    std::string chunk = take(size);
    take(2);
    return chunk;
  }

 private:
  enum class Got { kBytes, kEnd, kTimeout };

  Got receive() {
    std::array<char, 65536> piece;
    const ssize_t count = ::recv(fd_, piece.data(), piece.size(), 0);
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return Got::kTimeout;
    if (count <= 0) return Got::kEnd;
    input_.append(piece.data(), static_cast<std::size_t>(count));
    return Got::kBytes;
  }
  void need() {
    if (receive() != Got::kBytes) throw std::runtime_error("the connection ended or is silent; so far: " + input_);
  }
  std::string take(std::size_t count) {
    std::string taken = input_.substr(0, count);
    input_.erase(0, count);
    return taken;
  }

  int fd_;
  std::string input_;
};

}  // namespace jackdaw::http
