#include "providers/scripted_model.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "core/text.h"
#include "providers/sleep.h"

namespace jackdaw::providers {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

using Milliseconds = std::chrono::milliseconds;

[[noreturn]] void refuse(std::size_t line, const std::string& why) {
  throw Error(ErrorCode::kInvalidArgument, "Line " + std::to_string(line) + " of the script " + why);
}

std::string text_of(const json::value& value, std::size_t line) {
  if (!value.is_string()) refuse(line, "needs a string.");
  return std::string(value.get_string());
}

std::int64_t number_of(const json::object& step, const char* name, std::int64_t otherwise, std::size_t line) {
  const json::value* value = step.if_contains(name);
  if (!value) return otherwise;
  if (!value->is_int64() || value->get_int64() < 0 || value->get_int64() > 1'000'000'000) {
    refuse(line, std::string("has a bad \"") + name + "\": use a whole number from 0 on.");
  }
  return value->get_int64();
}

script::Echo echo_of(const std::string& what, std::size_t line) {
  using What = script::Echo::What;
  if (what == "question") return {What::kQuestion};
  if (what == "prompt") return {What::kPrompt};
  if (what == "passages") return {What::kPassages};
  refuse(line, "cannot echo \"" + what + "\": use question, prompt or passages.");
}

script::Fail failure_of(const json::object& step, const std::string& name, std::size_t line) {
  const auto code = error_code_from(name);
  if (!code) refuse(line, "names no error code: \"" + name + "\".");
  const json::value* message = step.if_contains("message");
  return {*code, message ? text_of(*message, line) : "The script says so."};
}

WriterEnd end_of(const json::object& step, const std::string& name, std::size_t line) {
  WriterEnd end;
  bool known = false;
  for (const auto reason : {FinishReason::kStop, FinishReason::kLength, FinishReason::kContentFilter,
                            FinishReason::kNoEvidence, FinishReason::kOther}) {
    if (to_string(reason) != name) continue;
    end.reason = reason;
    known = true;
  }
  if (!known) refuse(line, "names no finish reason: \"" + name + "\".");
  if (step.contains("input_tokens")) end.usage.input_tokens = number_of(step, "input_tokens", 0, line);
  if (step.contains("output_tokens")) end.usage.output_tokens = number_of(step, "output_tokens", 0, line);
  return end;
}

script::Step parse_step(const json::object& step, std::size_t line) {
  if (const auto* value = step.if_contains("text")) {
    std::string text = text_of(*value, line);
    if (text.empty() || !text::is_valid_utf8(text)) refuse(line, "says nothing, or not in UTF-8.");
    return script::Say{std::move(text), static_cast<int>(number_of(step, "times", 1, line))};
  }
  if (const auto* value = step.if_contains("rewrite")) return script::Rewrite{text_of(*value, line)};
  if (const auto* value = step.if_contains("echo")) return echo_of(text_of(*value, line), line);
  if (step.contains("pause_ms")) return script::Pause{Milliseconds(number_of(step, "pause_ms", 0, line))};
  if (const auto* value = step.if_contains("wait_for_file")) return script::WaitForFile{text_of(*value, line)};
  if (const auto* value = step.if_contains("wait_for_byte")) return script::WaitForByte{text_of(*value, line)};
  if (const auto* value = step.if_contains("error")) return failure_of(step, text_of(*value, line), line);
  if (step.contains("cut")) {
    return script::Fail{ErrorCode::kProviderBadStream, "The writer's stream broke off before its end. Ask again."};
  }
  if (const auto* value = step.if_contains("end")) return end_of(step, text_of(*value, line), line);
  refuse(line, "has no step that is known.");
}

// Opens both ends, so that the FIFO never reads as closed.
int open_fifo(const std::filesystem::path& path) {
  const int fifo = open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
  struct stat about = {};
  if (fifo >= 0 && fstat(fifo, &about) == 0 && S_ISFIFO(about.st_mode)) return fifo;
  if (fifo >= 0) close(fifo);
  throw Error(ErrorCode::kProviderError, "The script waits for \"" + path.string() + "\", which is not a FIFO.");
}

class ScriptedStream : public WriterStream {
 public:
  ScriptedStream(std::shared_ptr<const std::vector<script::Step>> steps, Prompt prompt, Cancellation cancellation)
      : steps_(std::move(steps)), prompt_(std::move(prompt)), cancellation_(std::move(cancellation)) {}

  asio::awaitable<std::optional<WriterEvent>> next() override {
    while (!ended_) {
      cancellation_.throw_if_requested();
      if (at_ >= steps_->size()) co_return end(WriterEnd());
      const script::Step& step = (*steps_)[at_];
      if (const auto* say = std::get_if<script::Say>(&step)) {
        if (said_++ < say->times) co_return WriterEvent(TextDelta{say->text});
        said_ = 0;
        ++at_;
        continue;
      }
      ++at_;
      if (const auto* echo = std::get_if<script::Echo>(&step)) {
        std::string text = echoed(echo->what);
        if (!text.empty()) co_return WriterEvent(TextDelta{std::move(text)});
      } else if (const auto* fail = std::get_if<script::Fail>(&step)) {
        ended_ = true;
        throw Error(fail->code, fail->message);
      } else if (const auto* last = std::get_if<WriterEnd>(&step)) {
        co_return end(*last);
      } else {
        co_await wait(step);
      }
    }
    co_return std::nullopt;
  }

 private:
  WriterEvent end(WriterEnd last) {
    ended_ = true;
    return last;
  }

  std::string echoed(script::Echo::What what) const {
    if (what == script::Echo::What::kQuestion) return prompt_.question;
    std::string text;
    if (what == script::Echo::What::kPrompt) {
      for (const Message& message : prompt_.messages) text += message.content + "\n";
    } else {
      for (const auto& found : prompt_.passages) text += found.passage.text + "\n";
    }
    return text;
  }

  asio::awaitable<void> wait(const script::Step& step) {
    if (const auto* pause = std::get_if<script::Pause>(&step)) {
      co_await sleep_until(SteadyClock::now() + pause->time, cancellation_);
    } else if (const auto* file = std::get_if<script::WaitForFile>(&step)) {
      std::error_code ignored;
      while (!std::filesystem::exists(file->path, ignored)) {
        co_await sleep_until(SteadyClock::now() + Milliseconds(2), cancellation_);
      }
    } else if (const auto* byte = std::get_if<script::WaitForByte>(&step)) {
      co_await read_byte(byte->fifo);
    }
  }

  asio::awaitable<void> read_byte(const std::filesystem::path& path) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    const auto fifo = std::make_shared<asio::posix::stream_descriptor>(executor, open_fifo(path));
    const auto on_cancel =
        cancellation_.on_cancel([fifo, executor] { asio::post(executor, [fifo] { fifo->close(); }); });
    std::array<char, 1> byte{};
    boost::system::error_code error;
    co_await fifo->async_read_some(asio::buffer(byte), asio::redirect_error(asio::use_awaitable, error));
    cancellation_.throw_if_requested();
    if (error) throw Error(ErrorCode::kProviderError, "The script's FIFO cannot be read: " + error.message());
  }

  const std::shared_ptr<const std::vector<script::Step>> steps_;
  const Prompt prompt_;
  const Cancellation cancellation_;
  std::size_t at_ = 0;
  int said_ = 0;
  bool ended_ = false;
};

}  // namespace

std::vector<script::Step> parse_script(std::string_view json_lines) {
  std::vector<script::Step> steps;
  std::size_t number = 0;
  while (!json_lines.empty()) {
    const std::size_t end = std::min(json_lines.find('\n'), json_lines.size());
    const std::string_view line = text::trim(json_lines.substr(0, end));
    json_lines.remove_prefix(std::min(end + 1, json_lines.size()));
    ++number;
    if (line.empty() || line.front() == '#') continue;
    boost::system::error_code error;
    const json::value value = json::parse(json::string_view(line.data(), line.size()), error);
    if (error || !value.is_object()) refuse(number, "is not a JSON object.");
    steps.push_back(parse_step(value.get_object(), number));
  }
  return steps;
}

ScriptedModel::ScriptedModel(std::vector<script::Step> steps) {
  const auto is_rewrite = [](const script::Step& step) { return std::holds_alternative<script::Rewrite>(step); };
  std::vector<script::Step> rewrites;
  for (const script::Step& step : steps) {
    if (is_rewrite(step)) rewrites.emplace_back(script::Say{std::get<script::Rewrite>(step).text});
  }
  std::erase_if(steps, is_rewrite);
  if (!rewrites.empty()) rewrites_ = std::make_shared<const std::vector<script::Step>>(std::move(rewrites));
  steps_ = std::make_shared<const std::vector<script::Step>>(std::move(steps));
}

ScriptedModel::~ScriptedModel() = default;

std::unique_ptr<WriterStream> ScriptedModel::write(Prompt prompt, Cancellation cancellation) {
  const auto& steps = prompt.passages.empty() && rewrites_ ? rewrites_ : steps_;
  return std::make_unique<ScriptedStream>(steps, std::move(prompt), std::move(cancellation));
}

}  // namespace jackdaw::providers
