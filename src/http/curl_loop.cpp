#include "http/curl_loop.h"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>
#include <curl/curl.h>

#include <algorithm>
#include <exception>
#include <new>
#include <string>
#include <utility>

#include "core/error.h"
#include "core/log.h"
#include "http/curl_handles.h"

namespace jackdaw::http {
namespace {

static_assert(CURL_POLL_IN == CURL_CSELECT_IN && CURL_POLL_OUT == CURL_CSELECT_OUT);

using boost::asio::posix::stream_descriptor;

void tell_end(CURL* easy, CURLcode code) {
  CurlTransferEnd* transfer = nullptr;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
  transfer->on_transfer_end(code);
}

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
    descriptor_.async_wait(type, [self = shared_from_this(), event, type](boost::system::error_code code) {
      self->waiting_ &= ~event;
      if (self->loop_ == nullptr || (self->wanted_ & event) == 0) return;
      self->loop_->drive(self->descriptor_.native_handle(), code ? CURL_CSELECT_ERR : event);
      if (self->loop_ != nullptr) self->wait_for(event, type);
    });
    waiting_ |= event;
  }

  CurlLoop* loop_;  // nullptr once ended
  stream_descriptor descriptor_;
  int wanted_ = 0;
  int waiting_ = 0;
};

struct CurlLoop::Callbacks {
  // Never -1: libcurl would give up every transfer of the loop, and those to come.
  static int on_socket(CURL* easy, curl_socket_t socket, int events, void* self, void*) noexcept {
    auto& loop = *static_cast<CurlLoop*>(self);
    if (events == CURL_POLL_REMOVE) {
      loop.unwatch(socket);
    } else {
      loop.watch(easy, socket, events);
    }
    return 0;
  }

  static int on_timer(CURLM*, long milliseconds, void* self) noexcept {
    static_cast<CurlLoop*>(self)->set_timer(milliseconds);
    return 0;
  }
};

CurlLoop::CurlLoop(boost::asio::any_io_executor executor, std::size_t max_idle_connections, bool multiplex)
    : executor_(std::move(executor)),
      timer_(executor_),
      max_idle_connections_(std::max<std::size_t>(max_idle_connections, 1)) {
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
  curl_multi_setopt(multi_, CURLMOPT_PIPELINING,
                    multiplex ? static_cast<long>(CURLPIPE_MULTIPLEX) : static_cast<long>(CURLPIPE_NOTHING));
  limit_kept_connections();
}

CurlLoop::~CurlLoop() {
  curl_multi_cleanup(multi_);
  for (auto& [socket, watch] : watches_) watch->end();
}

void CurlLoop::add(void* easy) {
  transfers_.emplace(easy, false);
  const CURLMcode code = curl_multi_add_handle(multi_, easy);
  if (code != CURLM_OK) {
    transfers_.erase(easy);
    throw Error(ErrorCode::kUnavailable, std::string("A request cannot begin: ") + curl_multi_strerror(code) + ".");
  }
  limit_kept_connections();
  drive(CURL_SOCKET_TIMEOUT, 0);
}

void CurlLoop::remove(void* easy) noexcept {
  if (transfers_.erase(easy) == 0) return;
  const CURLMcode code = curl_multi_remove_handle(multi_, easy);
  if (code != CURLM_OK) complain(curl_multi_strerror(code));
  limit_kept_connections();
}

int CurlLoop::resume(void* easy) noexcept {
  const CURLcode code = curl_easy_pause(easy, CURLPAUSE_CONT);
  const auto found = transfers_.find(easy);
  return found != transfers_.end() && found->second ? CURLE_ABORTED_BY_CALLBACK : code;
}

// libcurl compares its limit with all connections, those in use too.
void CurlLoop::limit_kept_connections() noexcept {
  const std::size_t in_use = std::max<std::size_t>(transfers_.size(), 1) - 1;  // without the one that is about to end
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(max_idle_connections_ + in_use));
}

void CurlLoop::watch(void* easy, int socket, int events) noexcept {
  try {
    std::shared_ptr<Watch>& watch = watches_[socket];
    if (!watch) watch = std::make_shared<Watch>(*this, socket);
    watch->want(events);
  } catch (const std::exception& error) {
    complain(error);
    unwatch(socket);
    const auto found = transfers_.find(easy);
    if (found == transfers_.end()) return;
    found->second = true;
    has_unwatched_ = true;
  }
}

void CurlLoop::unwatch(int socket) noexcept {
  const auto found = watches_.find(socket);
  if (found == watches_.end()) return;
  if (found->second) found->second->end();
  watches_.erase(found);
}

void CurlLoop::set_timer(long milliseconds) noexcept {
  try {
    timer_failed_ = false;
    start_timer(milliseconds);
  } catch (const std::exception& error) {
    timer_failed_ = true;  // until the next drive()
    complain(error);
  }
}

void CurlLoop::start_timer(long milliseconds) {
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
  boost::asio::post(executor_, [weak = weak_from_this()] {
    const auto loop = weak.lock();
    if (!loop) return;
    loop->drives_soon_ = false;
    loop->drive(CURL_SOCKET_TIMEOUT, 0);
  });
  drives_soon_ = true;
}

void CurlLoop::drive(int socket, int events) {
  int running = 0;
  const CURLMcode code = curl_multi_socket_action(multi_, socket, events, &running);
  if (code != CURLM_OK) complain(curl_multi_strerror(code));
  if (timer_failed_) {
    long milliseconds = -1;
    curl_multi_timeout(multi_, &milliseconds);
    set_timer(milliseconds);
  }
  tell_ends();
  tell_unwatched();
}

void CurlLoop::tell_ends() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    // The message dies when its handle is removed.
    if (message->msg == CURLMSG_DONE) tell_end(message->easy_handle, message->data.result);
  }
}

void CurlLoop::tell_unwatched() {
  while (has_unwatched_) {
    const auto found = std::ranges::find_if(transfers_, [](const auto& transfer) { return transfer.second; });
    has_unwatched_ = found != transfers_.end();
    if (!has_unwatched_) return;
    found->second = false;
    tell_end(found->first, CURLE_ABORTED_BY_CALLBACK);
  }
}

void CurlLoop::complain(const std::exception& error) noexcept {
  // The words of a system error say where in Boost's sources it was made, its code's do not.
  const auto* of_system = dynamic_cast<const boost::system::system_error*>(&error);
  try {
    complain(of_system != nullptr ? of_system->code().message().c_str() : error.what());
  } catch (const std::bad_alloc&) {
    complain("no memory");
  }
}

// Once: whatever befalls a transfer is told to its owner too.
void CurlLoop::complain(const char* what) noexcept {
  if (std::exchange(complained_, true)) return;
  try {
    log::error(std::string("outgoing requests may fail or wait too long: ") + what);
  } catch (const std::exception&) {
    // No memory even for that.
  }
}

}  // namespace jackdaw::http
