#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace jackdaw::http {

// One connection of a RawPeer, for its script: byte by byte what the test wants. Blocking; a read that waits for more
// than half a minute throws.
class PeerConnection {
 public:
  enum class End { kClosed, kReset, kStillOpen };

  explicit PeerConnection(int fd) : fd_(fd) {
    const int one = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  }
  ~PeerConnection() { close(); }
  PeerConnection(const PeerConnection&) = delete;
  PeerConnection& operator=(const PeerConnection&) = delete;

  // False when the handshake failed.
  bool start_tls(SSL_CTX& context) {
    tls_.reset(SSL_new(&context));
    SSL_set_fd(tls_.get(), fd_);
    return SSL_accept(tls_.get()) == 1;
  }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = tls_ ? SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size()))
                                : ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void send_byte_by_byte(std::string_view bytes) {
    for (const char c : bytes) send({&c, 1});
  }

  // The head of the next request with its blank line; empty when the connection ended before it was whole.
  std::string read_head() {
    std::size_t found = 0;
    while ((found = input_.find("\r\n\r\n")) == std::string::npos) {
      if (!receive()) return {};
    }
    return take(found + 4);
  }
  std::string read_body(std::size_t size) {
    while (input_.size() < size && receive()) {
    }
    return take(std::min(size, input_.size()));
  }
  // Head and body of a request; empty when the connection ended before it was whole.
  std::string read_request() {
    std::string head = read_head();
    const std::size_t at = head.find("Content-Length: ");
    if (at == std::string::npos) return head;
    std::size_t size = 0;
    std::from_chars(head.data() + at + 16, head.data() + head.size(), size);
    return head + read_body(size);
  }

  // Reads until the client's end of the connection shows.
  End wait_for_end(std::chrono::milliseconds limit = std::chrono::seconds(30)) {
    const auto until = std::chrono::steady_clock::now() + limit;
    while (true) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
      pollfd waiting{fd_, POLLIN, 0};
      if (left.count() <= 0 || ::poll(&waiting, 1, static_cast<int>(left.count())) <= 0) return End::kStillOpen;
      std::array<char, 16384> piece;
      const ssize_t count = ::recv(fd_, piece.data(), piece.size(), 0);
      if (count == 0) return End::kClosed;
      if (count < 0) return End::kReset;
    }
  }

  void shutdown_send() { ::shutdown(fd_, SHUT_WR); }
  void say_goodbye() { SSL_shutdown(tls_.get()); }
  void set_send_buffer(int bytes) { ::setsockopt(fd_, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes); }
  void reset() {
    const linger now{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
  }
  void close() {
    const std::lock_guard lock(closing_);
    tls_.reset();
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  // From another thread: whatever is waiting here returns.
  void interrupt() {
    const std::lock_guard lock(closing_);
    if (fd_ >= 0) ::shutdown(fd_, SHUT_RDWR);
  }

 private:
  bool receive() {
    pollfd waiting{fd_, POLLIN, 0};
    if ((!tls_ || SSL_pending(tls_.get()) == 0) && ::poll(&waiting, 1, 30'000) == 0) {
      throw std::runtime_error("the client is silent");
    }
    std::array<char, 16384> piece;
    const ssize_t count = tls_ ? SSL_read(tls_.get(), piece.data(), static_cast<int>(piece.size()))
                               : ::recv(fd_, piece.data(), piece.size(), 0);
    if (count <= 0) return false;
    input_.append(piece.data(), static_cast<std::size_t>(count));
    return true;
  }
  std::string take(std::size_t count) {
    std::string taken = input_.substr(0, count);
    input_.erase(0, count);
    return taken;
  }

  struct TlsDeleter {
    void operator()(SSL* tls) const { SSL_free(tls); }
  };
  std::mutex closing_;
  int fd_;
  std::unique_ptr<SSL, TlsDeleter> tls_;
  std::string input_;
};

// A server of a test that plays a script on each connection, on a thread of its own. The connection is closed when the
// script returns. With a TLS context the script begins after the handshake, and does not when that failed.
class RawPeer {
 public:
  using Script = std::function<void(PeerConnection& connection, int number)>;

  explicit RawPeer(Script script, std::shared_ptr<SSL_CTX> tls = nullptr)
      : script_(std::move(script)), tls_(std::move(tls)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    static_cast<void>(std::signal(SIGPIPE, SIG_IGN));  // OpenSSL's writes to a socket that the client closed
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size) != 0 || ::listen(listener_, 1024) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error("cannot listen");
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~RawPeer() {
    stop_listening();
    acceptor_.join();
    ::close(listener_);
    for (const auto& connection : connections_) connection->interrupt();
    for (std::thread& thread : threads_) thread.join();
  }
  RawPeer(const RawPeer&) = delete;
  RawPeer& operator=(const RawPeer&) = delete;

  std::uint16_t port() const { return port_; }
  std::string url(const std::string& path = "/") const {
    return (tls_ ? "https://localhost:" : "http://127.0.0.1:") + std::to_string(port_) + path;
  }
  int accepted() const { return accepted_; }
  // From here on a connection is refused. From any thread.
  void stop_listening() { ::shutdown(listener_, SHUT_RDWR); }

 private:
  void accept_all() {
    while (true) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      const int number = accepted_++;
      const auto connection = std::make_shared<PeerConnection>(fd);
      connections_.push_back(connection);
      threads_.emplace_back([this, connection, number] { play(*connection, number); });
    }
  }

  void play(PeerConnection& connection, int number) {
    try {
      if (!tls_ || connection.start_tls(*tls_)) script_(connection, number);
    } catch (const std::exception&) {
      // The client sees a connection that ends, and the test what the client made of it.
    }
    connection.close();
  }

  Script script_;
  std::shared_ptr<SSL_CTX> tls_;
  int listener_;
  std::uint16_t port_ = 0;
  std::atomic<int> accepted_ = 0;
  std::vector<std::shared_ptr<PeerConnection>> connections_;  // of the acceptor's thread, then of the destructor
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace jackdaw::http
