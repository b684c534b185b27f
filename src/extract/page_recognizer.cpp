#include "extract/page_recognizer.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include "core/clock.h"
#include "core/error.h"
#include "extract/child_process.h"
#include "extract/confined/child_input.h"
#include "extract/confined/picture_protocol.h"
#include "extract/parser_output.h"

namespace jackdaw::extract {
namespace {

using picture_protocol::PictureHead;
using protocol::FailureReason;
using std::chrono::milliseconds;

constexpr milliseconds kExitPatience{2'000};
// Of all pictures of one document together, as of its text.
constexpr std::size_t kMaxCharacters = 20'000'000;

std::string page_name(int page) {
  return "page " + std::to_string(page);
}

Error unreadable(int page, const std::string& why) {
  return Error(ErrorCode::kDamagedDocument, "The picture on " + page_name(page) + " cannot be read as text: " + why +
                                                ". Recognise its text with another program and upload the result.");
}

std::string ending(const ExitStatus& status) {
  if (!status.signal) return "gave up";
  const char* name = sigabbrev_np(*status.signal);
  return "was stopped (" + (name != nullptr ? "SIG" + std::string(name) : std::to_string(*status.signal)) + ")";
}

// The time that one page has, and whoever wants it stopped.
class PageClock {
 public:
  PageClock(const RecognizerOptions& options, const Cancellation& cancellation, int page)
      : options_(options), cancellation_(cancellation), page_(page) {}

  int page() const noexcept { return page_; }

  // From now on the page waits for this one.
  void follow(const ChildProcess& child) {
    child_ = &child;
    step_start_ = SteadyClock::now();
    cpu_start_ = child.cpu_time();
    starved_ = false;
  }

  // Until the child has written something or ended, or `input` (-1: none) takes something, or the time is up.
  struct Ready {
    bool output = false;
    bool input = false;
  };
  Ready await(int input = -1) {
    std::array<pollfd, 3> watched{pollfd{child_->output(), POLLIN, 0}, pollfd{input, POLLOUT, 0},
                                  pollfd{cancellation_.event_fd(), POLLIN, 0}};
    const int ready = poll(watched.data(), watched.size(), static_cast<int>(time_left().count()));
    if (ready < 0 && errno != EINTR) {
      throw Error(ErrorCode::kInternal, "Waiting for a picture failed: " + std::string(std::strerror(errno)) + ".");
    }
    cancellation_.throw_if_requested();
    if (ready <= 0) check_time();
    return {.output = watched[0].revents != 0, .input = watched[1].revents != 0};
  }

 private:
  milliseconds limit() const { return starved_ ? options_.page_time * options_.starved_factor : options_.page_time; }

  milliseconds time_left() const {
    const TimePoint now = SteadyClock::now();
    SteadyClock::duration left = page_start_ + limit() - now;
    if (const auto deadline = cancellation_.deadline()) left = std::min<SteadyClock::duration>(left, *deadline - now);
    return std::max(std::chrono::ceil<milliseconds>(left), milliseconds(0));
  }

  void check_time() {
    const TimePoint now = SteadyClock::now();
    if (now < page_start_ + limit()) return;
    starved_ = !starved_ && (child_->cpu_time() - cpu_start_) * 2 < now - step_start_;
    if (!starved_) throw unreadable(page_, "it took longer than " + std::to_string(limit().count()) + " ms");
  }

  const RecognizerOptions& options_;
  const Cancellation& cancellation_;
  int page_;
  const ChildProcess* child_ = nullptr;
  TimePoint page_start_ = SteadyClock::now();
  TimePoint step_start_ = page_start_;
  std::chrono::nanoseconds cpu_start_{};
  bool starved_ = false;
};

// What every confined program understands as its last argument (confined/child_input.h).
std::vector<std::string> arguments(std::vector<std::string> words, const RecognizerOptions& options) {
  if (options.without_filter) words.emplace_back(kWithoutFilter);
  return words;
}

// A picture as it travels (picture_protocol.h).
struct Picture {
  PictureHead head;
  std::string bytes;  // head and pixels
};

// Has jackdaw-parse draw a page.
class Drawing {
 public:
  Drawing(const RecognizerOptions& options, const Descriptor& pdf, const std::string& password, PageClock& clock)
      : clock_(clock),
        child_(options.parser,
               arguments({"render", std::to_string(clock.page()), std::to_string(options.dots_per_inch)}, options), pdf,
               password) {}

  Picture run() {
    clock_.follow(child_);
    Picture picture;
    read_up_to(picture.bytes, picture_protocol::kHeadBytes);
    picture_protocol::HeadBytes head{};
    std::ranges::copy(picture.bytes, head.begin());
    const auto promised = picture_protocol::decode(head);
    if (!promised) throw unreadable(clock_.page(), "it was drawn as something that is no picture");
    picture.head = *promised;
    read_up_to(picture.bytes, picture_protocol::kHeadBytes + promised->pixels());
    return picture;
  }

 private:
  void read_up_to(std::string& bytes, std::size_t size) {
    std::size_t filled = bytes.size();
    bytes.resize(size);
    while (filled < size) {
      if (!clock_.await().output) continue;
      const ssize_t got = ::read(child_.output(), bytes.data() + filled, size - filled);
      if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      if (got <= 0) throw unreadable(clock_.page(), "the program that draws it " + ending(child_.wait(kExitPatience)));
      filled += static_cast<std::size_t>(got);
    }
  }

  PageClock& clock_;
  ChildProcess child_;
};

// Our end and the child's. A pipe would end the server by SIGPIPE when the child dies in the middle of a picture.
std::pair<Descriptor, Descriptor> connected_pair() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    throw Error(ErrorCode::kUnavailable, "No connection to the program that reads pictures could be made: " +
                                             std::string(std::strerror(errno)) + ". Raise the limit of open files.");
  }
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

// A jackdaw-ocr that reads one picture after the other.
class Reader {
 public:
  explicit Reader(const RecognizerOptions& options) : Reader(options, connected_pair()) {}

  // The page as it came: places in pixels.
  Page read(const Picture& picture, PageClock& clock) {
    clock.follow(child_);
    std::string_view unsent = picture.bytes;
    for (;;) {
      if (std::optional<ParserMessage> message = next_message(clock.page())) {
        if (auto* parsed = std::get_if<ParsedPage>(&*message)) return std::move(parsed->page);
        if (const auto* failure = std::get_if<ParserFailure>(&*message)) throw error_of(*failure, clock.page());
        continue;
      }
      const PageClock::Ready ready = clock.await(unsent.empty() ? -1 : input_.get());
      if (ready.output) take_bytes(clock.page());
      if (ready.input) send_some(unsent);
    }
  }

 private:
  Reader(const RecognizerOptions& options, std::pair<Descriptor, Descriptor> ends)
      : input_(std::move(ends.first)),
        child_(options.recognizer, arguments({"read", options.languages}, options), ends.second),
        output_(picture_protocol::kMaxPictures, kMaxCharacters) {}

  std::optional<ParserMessage> next_message(int page) {
    try {
      return output_.next();
    } catch (const Error& error) {
      throw unreadable(page, error.what());
    }
  }

  void take_bytes(int page) {
    const ssize_t got = ::read(child_.output(), buffer_.data(), buffer_.size());
    if (got > 0) return output_.feed({buffer_.data(), static_cast<std::size_t>(got)});
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    throw unreadable(page, "the program that reads it " + ending(child_.wait(kExitPatience)));
  }

  void send_some(std::string_view& unsent) const {
    const ssize_t sent = send(input_.get(), unsent.data(), unsent.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
      unsent.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno != EAGAIN && errno != EINTR) {
      // It reads no more: its output tells why.
      unsent = {};
    }
  }

  static Error error_of(const ParserFailure& failure, int page) {
    switch (failure.reason) {
      case FailureReason::kRecognizer:
      case FailureReason::kSandbox:
        return Error(ErrorCode::kUnavailable, "Pictures of text cannot be read: " + failure.detail +
                                                  ". Install Tesseract with its languages, then restart.");
      case FailureReason::kOutOfMemory: return unreadable(page, "it needs more memory than a picture may take");
      default: return unreadable(page, "the program that reads it refused it");
    }
  }

  Descriptor input_;
  ChildProcess child_;
  ParserOutput output_;
  std::array<char, 64 << 10> buffer_;
};

}  // namespace

class PageRecognizer::Session {
 public:
  Session(RecognizerOptions options, std::filesystem::path pdf, std::string password)
      : options_(std::move(options)), pdf_(std::move(pdf)), password_(std::move(password)) {}

  Page recognize(const Page& blank, const Cancellation& cancellation) {
    cancellation.throw_if_requested();
    PageClock clock(options_, cancellation, blank.number);
    // Makes itself ready while the page is drawn.
    if (!reader_) reader_ = std::make_unique<Reader>(options_);
    const Picture picture = draw(clock);
    try {
      return place(blank, reader_->read(picture, clock), picture.head);
    } catch (...) {
      // What it goes on writing would be taken for the next page.
      reader_.reset();
      throw;
    }
  }

 private:
  Picture draw(PageClock& clock) const {
    // Opened for each page: the place in the file belongs to all who share a descriptor.
    const Descriptor pdf(open(pdf_.c_str(), O_RDONLY | O_CLOEXEC));
    if (!pdf.is_open()) {
      throw Error(ErrorCode::kInternal, "The uploaded file cannot be opened again (" +
                                            std::string(std::strerror(errno)) + "). Upload it again.");
    }
    return Drawing(options_, pdf, password_, clock).run();
  }

  // Puts what was read from the picture onto the page.
  static Page place(const Page& blank, Page read, const PictureHead& head) {
    const PicturePlacement placement{.page_width = blank.width,
                                     .page_height = blank.height,
                                     .picture_width = static_cast<float>(head.width),
                                     .picture_height = static_cast<float>(head.height),
                                     .quarter = static_cast<int>(head.quarter)};
    for (Word& word : read.words) {
      for (Box& box : word.boxes) box = turn_back(box, placement);
    }
    Page page = blank;
    page.text = std::move(read.text);
    page.words = std::move(read.words);
    page.sections.clear();
    page.recognized = true;
    return page;
  }

  RecognizerOptions options_;
  std::filesystem::path pdf_;
  std::string password_;
  std::unique_ptr<Reader> reader_;
};

PageRecognizer::PageRecognizer(RecognizerOptions options, std::filesystem::path pdf, std::string password)
    : session_(std::make_unique<Session>(std::move(options), std::move(pdf), std::move(password))) {}

PageRecognizer::~PageRecognizer() = default;

Page PageRecognizer::recognize(const Page& blank, const Cancellation& cancellation) {
  return session_->recognize(blank, cancellation);
}

Box turn_back(const Box& box, const PicturePlacement& placement) {
  const bool lies = placement.quarter % 2 == 1;
  const float looked_at_width = lies ? placement.page_height : placement.page_width;
  const float looked_at_height = lies ? placement.page_width : placement.page_height;
  const auto across = [&](float x) {
    return std::clamp(x * (looked_at_width / placement.picture_width), 0.0F, looked_at_width);
  };
  const auto down = [&](float y) {
    return std::clamp(y * (looked_at_height / placement.picture_height), 0.0F, looked_at_height);
  };
  const Box seen{across(box.x0), down(box.y0), across(box.x1), down(box.y1)};
  switch (placement.quarter) {
    case 1: return {seen.y0, placement.page_height - seen.x1, seen.y1, placement.page_height - seen.x0};
    case 2:
      return {placement.page_width - seen.x1, placement.page_height - seen.y1, placement.page_width - seen.x0,
              placement.page_height - seen.y0};
    case 3: return {placement.page_width - seen.y1, seen.x0, placement.page_width - seen.y0, seen.x1};
    default: return seen;
  }
}

}  // namespace jackdaw::extract
