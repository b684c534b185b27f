#include "providers/anthropic_messages.h"

#include <boost/json.hpp>

#include <algorithm>
#include <optional>
#include <utility>

#include "providers/json_fields.h"

namespace jackdaw::providers {

namespace json = boost::json;

namespace {

constexpr double kMaxTemperature = 1.0;

class AnthropicFrames : public FrameReader {
 public:
  void read_frame(const json::object& frame, std::string_view event_type, AnswerReading& reading) override {
    std::string_view type = text_at(frame, "type");
    if (type.empty()) type = event_type;
    if (type == "content_block_delta") {
      if (const json::object* delta = object_at(frame, "delta")) read_delta(*delta, reading);
    } else if (type == "content_block_start") {
      if (const json::object* block = object_at(frame, "content_block")) read_block(*block, reading);
    } else if (type == "message_start") {
      if (const json::object* message = object_at(frame, "message")) begin(*message, reading);
    } else if (type == "message_delta") {
      if (const json::object* delta = object_at(frame, "delta")) keep_reason(*delta);
      read_usage(frame, reading.usage);
    } else if (type == "message_stop") {
      end(reading);
    }
  }

  void read_answer(const json::object& answer, AnswerReading& reading) override {
    const json::array* content = array_at(answer, "content");
    if (!content) return reading.contradict("its answer has no content");
    for (const json::value& value : *content) {
      if (const json::object* block = value.if_object()) read_block(*block, reading);
    }
    read_usage(answer, reading.usage);
    keep_reason(answer);
    if (!stop_reason_.empty()) end(reading);
  }

 private:
  void begin(const json::object& message, AnswerReading& reading) {
    std::string id(text_at(message, "id"));
    if (has_begun_ && id != id_) return reading.contradict("its stream holds two answers");
    if (has_begun_) return;
    has_begun_ = true;
    id_ = std::move(id);
    read_usage(message, reading.usage);
  }

  void end(AnswerReading& reading) {
    reading.finish(stop_reason_);
    reading.prove();
    reading.close();
  }

  void keep_reason(const json::object& object) {
    if (const auto reason = text_at(object, "stop_reason"); !reason.empty()) stop_reason_ = reason;
  }

  // With citations one sentence may be spread over several blocks: nothing stands between them.
  static void read_block(const json::object& block, AnswerReading& reading) {
    const std::string_view type = text_at(block, "type");
    if (type == "text") reading.add_text(text_at(block, "text"));
    if (type == "thinking" || type == "redacted_thinking") reading.note_reasoning();
  }

  static void read_delta(const json::object& delta, AnswerReading& reading) {
    const std::string_view type = text_at(delta, "type");
    if (type == "text_delta") reading.add_text(text_at(delta, "text"));
    if (type == "thinking_delta" || type == "signature_delta") reading.note_reasoning();
  }

  // Running totals. What was read from the cache, or written to it, is not part of input_tokens there.
  void read_usage(const json::object& holder, Usage& usage) {
    const json::object* told = object_at(holder, "usage");
    if (!told) return;
    if (const auto count = count_at(*told, "output_tokens")) usage.output_tokens = count;
    if (const auto count = count_at(*told, "input_tokens")) input_ = count;
    if (const auto count = count_at(*told, "cache_creation_input_tokens")) cache_written_ = *count;
    if (const auto count = count_at(*told, "cache_read_input_tokens")) usage.cached_input_tokens = count;
    if (input_) usage.input_tokens = *input_ + cache_written_ + usage.cached_input_tokens.value_or(0);
  }

  bool has_begun_ = false;
  std::string id_;
  std::string stop_reason_;
  std::optional<std::int64_t> input_;
  std::int64_t cache_written_ = 0;
};

class AnthropicMessages : public Dialect {
 public:
  explicit AnthropicMessages(AnthropicMessagesOptions options) : options_(std::move(options)) {}

  RequestShape usual_shape() const override { return {}; }

  WireRequest request(const Prompt& prompt, const RequestShape& shape, bool stream) const override {
    json::object body{{"model", options_.model}, {"max_tokens", prompt.max_tokens}, {"stream", stream}};
    std::string system;
    json::array messages = turns(prompt, system);
    if (!system.empty()) body["system"] = system;
    body["messages"] = std::move(messages);
    if (shape.temperature) body["temperature"] = std::min(prompt.temperature, kMaxTemperature);

    WireRequest request;
    request.url = options_.base_url + "/v1/messages";
    request.body = json::serialize(body);
    request.headers.set("x-api-key", options_.api_key);
    request.headers.set("anthropic-version", "2023-06-01");
    return request;
  }

  std::unique_ptr<FrameReader> frames() const override { return anthropic_messages_frames(); }

 private:
  // The turns must alternate: neighbours of one role become one turn. The rules stand outside.
  static json::array turns(const Prompt& prompt, std::string& system) {
    std::vector<Message> merged;
    for (const Message& message : prompt.messages) {
      if (message.role == Role::kSystem) {
        if (!system.empty()) system += "\n\n";
        system += message.content;
      } else if (!merged.empty() && merged.back().role == message.role) {
        merged.back().content += "\n\n" + message.content;
      } else {
        merged.push_back(message);
      }
    }
    json::array turns;
    for (const Message& message : merged) {
      const char* role = message.role == Role::kAssistant ? "assistant" : "user";
      turns.push_back({{"role", role}, {"content", message.content}});
    }
    return turns;
  }

  const AnthropicMessagesOptions options_;
};

}  // namespace

std::unique_ptr<FrameReader> anthropic_messages_frames() {
  return std::make_unique<AnthropicFrames>();
}

std::unique_ptr<Dialect> make_anthropic_messages(AnthropicMessagesOptions options) {
  return std::make_unique<AnthropicMessages>(std::move(options));
}

}  // namespace jackdaw::providers
