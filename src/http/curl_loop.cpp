#include "http/curl_loop.h"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <curl/curl.h>

#include <new>
#include <utility>

#include "core/error.h"
#include "http/curl_handles.h"

namespace jackdaw::http {
namespace {

static_assert(CURL_POLL_IN == CURL_CSELECT_IN && CURL_POLL_OUT == CURL_CSELECT_OUT);

using boost::asio::posix::stream_descriptor;

}  // namespace

// One socket that libcurl wants to hear of. libcurl owns the descriptor and says so before it closes it.
class CurlLoop::Watch : public std::enable_shared_from_this<Watch> {
 public:
  Watch(CurlLoop& loop, int socket) : loop_(&loop), descriptor_(loop.executor_, socket) {}

  void want(int events) {
    wanted_ = events;
    wait_for(CURL_POLL_IN, stream_descriptor::wait_read);
    wait_for(CURL_POLL_OUT, stream_descriptor::wait_write);
  }

  void end() noexcept {
    loop_ = nullptr;
    try {
      descriptor_.release();
    } catch (const boost::system::system_error&) {
      // The reactor is gone already, and its registrations with it.
    }
  }

 private:
  void wait_for(int event, stream_descriptor::wait_type type) {
    if ((wanted_ & event) == 0 || (waiting_ & event) != 0) return;
    waiting_ |= event;
    descriptor_.async_wait(type, [self = shared_from_this(), event, type](boost::system::error_code code) {
      self->waiting_ &= ~event;
      if (self->loop_ == nullptr || (self->wanted_ & event) == 0) return;
      self->loop_->drive(self->descriptor_.native_handle(), code ? CURL_CSELECT_ERR : event);
      if (self->loop_ != nullptr) self->wait_for(event, type);
    });
  }

  CurlLoop* loop_;  // nullptr once ended
  stream_descriptor descriptor_;
  int wanted_ = 0;
  int waiting_ = 0;
};

struct CurlLoop::Callbacks {
  static int on_socket(CURL*, curl_socket_t socket, int events, void* self, void*) noexcept {
    try {
      auto& loop = *static_cast<CurlLoop*>(self);
      if (events == CURL_POLL_REMOVE) {
        loop.unwatch(socket);
      } else {
        loop.watch(socket, events);
      }
      return 0;
    } catch (...) {
      return -1;  // an exception must not cross the C library
    }
  }

  static int on_timer(CURLM*, long milliseconds, void* self) noexcept {
    try {
      static_cast<CurlLoop*>(self)->set_timer(milliseconds);
      return 0;
    } catch (...) {
      return -1;
    }
  }
};

CurlLoop::CurlLoop(boost::asio::any_io_executor executor, std::size_t max_idle_connections, bool multiplex)
    : executor_(std::move(executor)), timer_(executor_) {
  start_curl();
  if ((curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_ASYNCHDNS) == 0) {
    throw Error(ErrorCode::kUnavailable,
                "This libcurl looks names up by blocking. Install one with its threaded resolver, as Debian has it.");
  }
  multi_ = curl_multi_init();
  if (multi_ == nullptr) throw std::bad_alloc();
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &Callbacks::on_socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &Callbacks::on_timer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(max_idle_connections));
  curl_multi_setopt(multi_, CURLMOPT_PIPELINING,
                    multiplex ? static_cast<long>(CURLPIPE_MULTIPLEX) : static_cast<long>(CURLPIPE_NOTHING));
}

CurlLoop::~CurlLoop() {
  curl_multi_cleanup(multi_);
  for (auto& [socket, watch] : watches_) watch->end();
}

void CurlLoop::add(void* easy) {
  if (curl_multi_add_handle(multi_, easy) != CURLM_OK) throw std::bad_alloc();
  ++size_;
  drive(CURL_SOCKET_TIMEOUT, 0);
}

void CurlLoop::remove(void* easy) noexcept {
  if (curl_multi_remove_handle(multi_, easy) == CURLM_OK) --size_;
}

int CurlLoop::resume(void* easy) noexcept {
  return curl_easy_pause(easy, CURLPAUSE_CONT);
}

void CurlLoop::watch(int socket, int events) {
  std::shared_ptr<Watch>& watch = watches_[socket];
  if (!watch) watch = std::make_shared<Watch>(*this, socket);
  watch->want(events);
}

void CurlLoop::unwatch(int socket) noexcept {
  const auto found = watches_.find(socket);
  if (found == watches_.end()) return;
  if (found->second) found->second->end();
  watches_.erase(found);
}

void CurlLoop::set_timer(long milliseconds) {
  timer_.cancel();
  if (milliseconds < 0) return;
  if (milliseconds == 0) return drive_soon();
  timer_.expires_after(std::chrono::milliseconds(milliseconds));
  timer_.async_wait([weak = weak_from_this()](boost::system::error_code code) {
    const auto loop = weak.lock();
    if (!code && loop) loop->drive(CURL_SOCKET_TIMEOUT, 0);
  });
}

// Without the reactor's timer and its system calls. libcurl asks for this from inside its functions, so not at once.
void CurlLoop::drive_soon() {
  if (drives_soon_) return;
  drives_soon_ = true;
  boost::asio::post(executor_, [weak = weak_from_this()] {
    const auto loop = weak.lock();
    if (!loop) return;
    loop->drives_soon_ = false;
    loop->drive(CURL_SOCKET_TIMEOUT, 0);
  });
}

void CurlLoop::drive(int socket, int events) {
  int running = 0;
  curl_multi_socket_action(multi_, socket, events, &running);
  tell_ends();
}

void CurlLoop::tell_ends() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    // The message dies when its handle is removed.
    const CURLcode code = message->data.result;
    CurlTransferEnd* transfer = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    transfer->on_transfer_end(code);
  }
}

}  // namespace jackdaw::http
